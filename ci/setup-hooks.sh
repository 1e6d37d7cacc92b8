#!/usr/bin/env bash
# Installs the pre-commit hooks of .pre-commit-config.yaml into this clone; safe to run again. They are
# the quick part of ci/quality.sh and ci/security.sh, with the same pinned tools, on what is committed.
#   ./ci/setup-hooks.sh
# shellcheck source=ci/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
STAGE=setup-hooks

main() {
  need_tool git "install git"
  cd "$ROOT"
  need_venv
  # Now rather than at the first commit: a hook that has to fetch its tool first is a slow surprise.
  need_cached_tools gitleaks
  local elsewhere
  elsewhere="$(git config --get core.hooksPath)" || elsewhere=""
  [[ -z "$elsewhere" ]] ||
    fail "core.hooksPath is $elsewhere, so git would not run hooks installed here" "git config --unset-all core.hooksPath"
  pre-commit install --hook-type pre-commit
  say "hooks are installed; the same checks for everything: .venv/bin/pre-commit run --all-files"
}

main "$@"
