#!/bin/sh
# One page, in Markdown, with what runs in all accounts. It only reads. Exit code 1: an account could not be read.
#
# API_KEYS holds the key of each account, one that may view it: {"payments": "…", "retail": "…"}.
set -u
umask 077

cli=${TERRAFORM:-terraform}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
trap 'exit 1' HUP INT TERM
code=0

for account in $(jq -r 'keys[]' accounts.json); do
  HARNESS_ACCOUNT_ID=$(jq -r --arg account "$account" '.[$account].account_id' accounts.json)
  HARNESS_PLATFORM_API_KEY=$(jq -rn --arg account "$account" 'env.API_KEYS | fromjson | .[$account] // ""')
  export HARNESS_ACCOUNT_ID HARNESS_PLATFORM_API_KEY
  printf '# %s\n\n' "$account"
  if "$cli" -chdir=status apply -auto-approve -input=false -no-color -state="$account.tfstate" >"$log" 2>&1; then
    "$cli" -chdir=status output -raw -state="$account.tfstate" table
  else
    printf '**Not known.**\n\n```\n'
    sed -n '/Error: /,$p' "$log"
    printf '```\n'
    code=1
  fi
  printf '\n\n'
done
exit $code
