#!/usr/bin/env bash
# The last job of the workflow: green only when every job that runs stages ran and succeeded,
# and every stage left a result that says so. Writes .ci-out/summary.md and timings.json, and puts the
# summary on the page of the run.
#   NEEDS='{"quality": {"result": "success"}, ...}' ./ci/gate.sh     (toJSON(needs) of the workflow)
# shellcheck source=ci/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
STAGE=gate
OUT="$CI_OUT/gate"

main() {
  [[ -n "${NEEDS:-}" ]] || fail "NEEDS is empty" "it holds toJSON(needs) of the workflow" "$EXIT_USAGE"
  cd "$ROOT"
  mkdir -p "$OUT"
  local code=0
  "$CI_DIR/pipeline.sh" --summary || code=$?
  if [[ -n "${GITHUB_STEP_SUMMARY:-}" ]]; then cat "$CI_OUT/summary.md" >>"$GITHUB_STEP_SUMMARY"; fi
  python_ci pipeline.gate <<<"$NEEDS" ||
    fail "not every planned job succeeded" "open the first job named above"
  ((code == 0)) || fail "a stage left no result that says it passed" "see the table above" "$code"
  say "gate: every planned job ran and succeeded"
}

main "$@"
