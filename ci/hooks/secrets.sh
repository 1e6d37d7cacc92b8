#!/usr/bin/env bash
# pre-commit: refuses a commit whose staged content holds a secret. Staged, not the working tree: what
# would be committed is what is searched.
# shellcheck source=ci/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
STAGE=secrets
# gitleaks exits with 1 for a leak and for its own failures; 7 tells the two apart.
readonly LEAK=7

main() {
  need_cached_tools gitleaks
  cd "$ROOT"
  local code=0
  gitleaks protect --staged --config .gitleaks.toml --redact --verbose --no-banner --exit-code "$LEAK" || code=$?
  case "$code" in
    0) ;;
    "$LEAK") fail "the staged content holds a secret (above: file, line and rule)" "take it out; if it was ever real, revoke it" ;;
    *) fail "gitleaks itself ended with $code: nothing was searched" "read the lines above" "$EXIT_MACHINE" ;;
  esac
}

main "$@"
