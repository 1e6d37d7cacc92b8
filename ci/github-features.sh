#!/usr/bin/env bash
# What this repository has of GitHub, for the workflows that need it: code scanning and dependency review (public
# repositories, and private ones with GitHub Advanced Security), attestations (public ones, and private ones of
# Enterprise Cloud). Written to $GITHUB_OUTPUT; what is missing is said on the page of the run, and not red.
# A private repository that has them says so in the variables VIGIE_ADVANCED_SECURITY and VIGIE_ATTESTATIONS.
# shellcheck source=ci/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
STAGE=github-features

# offer NAME VARIABLE_NAME VARIABLE_VALUE WHAT
offer() {
  local has=true
  if [[ "$visibility" != public && "$3" != true ]]; then
    has=false
    say "$4 skipped: this repository is $visibility and has none unless its plan says so; then set the variable $2 to true" |
      tee -a "${GITHUB_STEP_SUMMARY:-/dev/null}"
  fi
  printf '%s=%s\n' "$1" "$has" >>"$GITHUB_OUTPUT"
}

need_tool gh "GitHub's runners have it"
visibility="$(gh api "repos/$GITHUB_REPOSITORY" --jq .visibility)"
offer security VIGIE_ADVANCED_SECURITY "${VIGIE_ADVANCED_SECURITY:-}" "code scanning and dependency review are"
offer attestations VIGIE_ATTESTATIONS "${VIGIE_ATTESTATIONS:-}" "attestations are"
