#!/usr/bin/env bash
# Looks at a running Vigie the way its users do: health, Prometheus' targets, Grafana's dashboards, then
# an alert through each public form, as far as the figures it moves.
#   ./ci/verify.sh               the stack that ./ci/deploy.sh started last
#   ./ci/verify.sh --local       what ./services/run.sh runs
# On the product a failure takes the host back to the release that was verified before (ci/rollback.sh).
# shellcheck source=ci/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
case " $* " in
  *" --local "*)
    # Takes nothing from deploy, so it is no stage: no manifest to check, a folder of its own.
    STAGE=verify-local
    OUT="$CI_OUT/verify-local"
    rm -rf "$OUT" && mkdir -p "$OUT"
    python_ci verification "$ROOT" "$OUT" --local
    exit 0
    ;;
esac
stage_begin verify "$@"
((${#STAGE_ARGS[@]} == 0)) || fail "unknown argument: ${STAGE_ARGS[*]}" "see the top of ci/verify.sh" "$EXIT_USAGE"
need_docker
stack="$CI_OUT/deploy/stack.json"

code=0
python_ci verification "$ROOT" "$OUT" --stack "$stack" >"$OUT/verify.txt" 2>&1 || code=$?
cat "$OUT/verify.txt"
if ((code == 0)); then
  fact "checks" "$(wc -l <"$OUT/verify.txt") passed"
  python_ci release.verdict "$stack" passed
  exit 0
fi
reason="$(sed -n 's/^FAILED: //p' "$OUT/verify.txt" | tail -n 1)"
python_ci release.evidence "$stack" "$OUT/failure"
code=0
python_ci release.verdict "$stack" failed >"$OUT/verdict.txt" || code=$?
cat "$OUT/verdict.txt"
reason="${reason:-$(tail -n 1 "$OUT/verify.txt")}$(sed -n '$s/^/; /p' "$OUT/verdict.txt")"
((code == 0)) || fail "$reason" "the product is down: docker compose -p vigie ps --all" "$code"
fail "$reason" "read ${OUT#"$ROOT"/}/failure/logs.txt and state.txt"
