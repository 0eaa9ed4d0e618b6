#!/bin/sh
# Binds what is applied to what was approved.
#
# plan.sh                Plans, prints the plan, and writes its fingerprint to plan.fingerprint.
# plan.sh FINGERPRINT    Plans again, and applies that plan if it is the approved one. Otherwise it stops with 4.
#
# The fingerprint covers the committed files, every change of the plan, and its warnings, which say what a new
# resource replaces: a push, a change by hand in Harness, or an apply in between makes another one.
set -eu
umask 077 # a saved plan has the values of variables

cli=${TERRAFORM:-terraform}
if [ $# -gt 0 ]; then
  approved=$1 lock=-lock-timeout=10m
else
  approved='' lock=-lock=false # it writes nothing, so it leaves the lock to those who apply
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM

if [ -n "$(git status --porcelain --untracked-files=no)" ]; then
  echo "Files were changed after the checkout: nobody has approved those."
  exit 1
fi
tree=$(git rev-parse 'HEAD^{tree}')
"$cli" plan -input=false -no-color "$lock" -out="$dir/plan" >"$dir/log" 2>&1 || {
  cat "$dir/log"
  exit 1
}
"$cli" show -no-color "$dir/plan" >"$dir/changes"
# What was read when, and where the plan is saved, differ from run to run; so does the order of warnings.
grep -vF "$dir" "$dir/log" |
  grep -Ev ': (Refreshing|Refresh complete|Reading|Read complete|Still )|(Acquiring|Releasing) state lock' >"$dir/text"
cat "$dir/text"
if grep -Eq '\(sensitive( value|,)' "$dir/changes"; then
  echo "The plan changes a sensitive value, which is not shown and so cannot be approved."
  exit 1
fi
fingerprint=$({ echo "$tree" && cat "$dir/changes" && LC_ALL=C sort "$dir/text"; } | sha256sum | cut -d ' ' -f 1)

if [ $# -eq 0 ]; then
  echo "$fingerprint" >plan.fingerprint
  echo "The fingerprint of this plan: $fingerprint"
elif [ "$fingerprint" = "$approved" ]; then
  "$cli" apply -input=false -no-color "$dir/plan"
else
  echo "This is not the plan that was approved (${approved:-none}): the configuration, the state or Harness has"
  echo "changed since. Nothing was applied. Start again, and approve the new plan."
  exit 4
fi
