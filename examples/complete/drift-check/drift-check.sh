#!/bin/sh
# Tells whether Harness still runs what this configuration says. It changes nothing.
#
# Exit code 0: it does. 2: it does not, and what differs is printed. 3: there is no state to compare
# with. 1: the check failed, so nothing is known.
set -u
umask 077

cli=${TERRAFORM:-terraform}
report=$(mktemp)
trap 'rm -f "$report"' EXIT
trap 'exit 1' HUP INT TERM

# Without a state, everything would be "to add", whatever Harness runs. The state goes into no file.
if ! state=$("$cli" state pull 2>"$report"); then
  echo "The state cannot be read; nothing is known about drift."
  cat "$report"
  exit 1
fi
case $state in
*'"type": "harnessci_'* | *'"type":"harnessci_'*) state='' ;;
*)
  echo "There is no state: apply this configuration first, or check the backend."
  exit 3
  ;;
esac

# A plan writes nothing, so it leaves the lock to those who apply.
"$cli" plan -detailed-exitcode -input=false -lock=false -no-color >"$report" 2>&1
code=$?

# 2 says that the plan does something, which may be no more than to show other outputs.
if [ $code -eq 2 ] && ! grep -Eq '^Plan:.* [1-9][0-9]* to (add|change|destroy)' "$report"; then
  code=0
fi

case $code in
0) echo "No drift." ;;
2)
  echo "Drift: Harness runs other images than the configuration says."
  sed -n '/ will perform the following actions:$/,/^Plan:/p' "$report"
  ;;
*)
  echo "The check failed; nothing is known about drift."
  cat "$report"
  code=1
  ;;
esac
exit $code
