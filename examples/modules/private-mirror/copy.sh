#!/bin/sh
# Copies what a plan needs with another tool, and applies that plan only when every copy has succeeded.
# The configuration has the output "copies" of the module, with copy = false.
set -eu

# The plan and its JSON hold the values of variables, the mirror's password among them.
umask 077
trap 'rm -f mirror.tfplan mirror.json copies.txt' EXIT
trap 'exit 1' HUP INT TERM

cli=${TERRAFORM:-terraform}
"$cli" plan -input=false -out=mirror.tfplan
"$cli" show -json mirror.tfplan >mirror.json
jq -r '.planned_values.outputs.copies.value | to_entries[] | "\(.key) \(.value)"' mirror.json >copies.txt
[ -s copies.txt ] || { echo 'The output "copies" lists no image.' >&2; exit 1; }
while read -r from to; do
  crane copy "$from" "$to"
done <copies.txt
"$cli" apply -input=false mirror.tfplan
