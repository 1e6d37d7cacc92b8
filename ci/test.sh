#!/usr/bin/env bash
# Every test that needs no Docker: unit tests, integration on a real PostgreSQL, and journeys across
# the four processes, in parallel, with the coverage gate (90 % of lines and branches of services/).
#   ./ci/test.sh                 everything
#   ./ci/test.sh ARGS...         pytest with these arguments, e.g. services/web-ui -k login; no gate
# shellcheck source=ci/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
if (($# > 0)) && [[ -z "${VIGIE_STAGE:-}" && "$1" != --offline ]]; then
  cd "$ROOT"
  need_venv
  exec python -m pytest "$@"
fi
stage_begin test "$@"
need_venv

# Where there is an apt: Prometheus and Alertmanager themselves, for the journeys that send with them.
"$CI_DIR/e2e/clients.sh"

group "tests"
export COVERAGE_FILE="$OUT/.coverage"
# One worker a core, and on small machines one more: much of a journey is waiting.
workers="${VIGIE_TEST_WORKERS:-$(python3 -c 'import os; print(max(3, len(os.sched_getaffinity(0))))')}"
arguments=(
  # A test that kills its worker would kill every one that is started anew, four times as many as there are.
  -n "$workers" --max-worker-restart=1 --dist=loadgroup -m "not docker" --junitxml="$OUT/junit.xml"
  --cov --cov-report=term:skip-covered --cov-report="json:$OUT/coverage.json"
  --cov-report="xml:$OUT/coverage.xml"
)

# Which tests failed, and which were running when pytest ended too early: in the summary, in $OUT/reason.txt,
# and beside the code on GitHub.
tell() { python_ci testing.story "$OUT/tests.jsonl" "$OUT/findings.tsv" "$OUT/reason.txt"; }

# Also when the stage is stopped, by its time limit for one: nothing below runs then.
tell_if_stopped() { [[ -n "${TOLD:-}" ]] || tell; }
on_exit tell_if_stopped

# pytest's closing line is the last one of the stage, whatever it says: whoever reads a log looks there.
code=0
python "$CI_DIR/testing/run.py" "$OUT/tests.jsonl" -q --no-header "${arguments[@]}" >"$OUT/pytest.txt" 2>&1 || code=$?
show "$OUT/pytest.txt"
closing="$(grep -E '(passed|failed|error|skipped|no tests ran).* in [0-9.]+s' "$OUT/pytest.txt" | tail -n 1)" ||
  closing="pytest ended with $code before its closing line"

if [[ -f "$OUT/coverage.json" ]]; then
  fact "coverage of lines and branches" \
    "$(python -c 'import json, sys; print(json.load(open(sys.argv[1]))["totals"]["percent_covered_display"] + " %")' "$OUT/coverage.json")"
fi
fact "tests" "$closing"
while read -r reason; do
  unproved "$reason"
done < <(sed -n 's/^SKIPPED \(\[[0-9]*\]\) */a skipped test: \1 /p' "$OUT/pytest.txt")
endgroup

TOLD=1
if ((code != 0)); then
  tell
  reason="$(cat "$OUT/reason.txt")"
  # No test failed: the gate of the coverage, or a mistake in how pytest was called.
  [[ -n "$reason" ]] || reason="$(sed -n -E 's/^(ERROR|FAIL)(:| ) *//p' "$OUT/pytest.txt" | tail -n 1)"
  fail "${reason:+$reason; }$closing" "the failures are above and in $OUT/pytest.txt"
fi
say "$closing"
