#!/usr/bin/env bash
# Fails unless a tag is annotated, signed by someone whom GitHub knows, and on main.
set -euo pipefail
tag=$1

git fetch --quiet --force origin "refs/tags/$tag:refs/tags/$tag" main:refs/remotes/origin/main
[ "$(git cat-file -t "refs/tags/$tag")" = tag ] || { echo "$tag is not an annotated tag" >&2; exit 1; }
git merge-base --is-ancestor "$tag^{commit}" origin/main || { echo "$tag is not on main" >&2; exit 1; }

object=$(git rev-parse "refs/tags/$tag")
verdict=$(gh api "repos/$GITHUB_REPOSITORY/git/tags/$object" --jq '"\(.verification.verified) \(.verification.reason)"')
[ "${verdict%% *}" = true ] || { echo "the signature of $tag is not verified: ${verdict#* }" >&2; exit 1; }
