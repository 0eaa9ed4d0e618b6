#!/usr/bin/env bash
# Fails unless a tag is annotated, on main, and signed with an SSH key of .github/allowed_signers as main has it.
set -euo pipefail
tag=$1

git fetch --quiet --force origin "refs/tags/$tag:refs/tags/$tag" main:refs/remotes/origin/main
[ "$(git cat-file -t "refs/tags/$tag")" = tag ] || { echo "$tag is not an annotated tag" >&2; exit 1; }
git merge-base --is-ancestor "$tag^{commit}" origin/main || { echo "$tag is not on main" >&2; exit 1; }

signers=$(mktemp)
trap 'rm -f "$signers"' EXIT
git show origin/main:.github/allowed_signers >"$signers" || { echo "main has no .github/allowed_signers" >&2; exit 1; }
git -c gpg.ssh.allowedSignersFile="$signers" -c gpg.minTrustLevel=fully verify-tag "refs/tags/$tag" ||
  { echo "$tag is not signed by one of .github/allowed_signers" >&2; exit 1; }
