#!/usr/bin/env bash
# Brings up the stack from the images that the build recorded, gated on health, with a way back.
#   ./ci/deploy.sh [--offline] [--target product|ephemeral]
#   ./ci/deploy.sh --recheck     0 while what the last deploy started still runs as it was started
# product: the stack of docker-compose.yml, project `vigie`, under a lock of this host.
# ephemeral (also with CI=true): a stack of its own; ./ci/teardown.sh removes it.
# shellcheck source=ci/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
stage_begin deploy "$@"
case "${STAGE_ARGS[*]:-}" in
  "") ;;
  --recheck) python_ci release.recheck "$OUT/stack.json" && exit 0 || exit 1 ;;
  *) fail "unknown argument: ${STAGE_ARGS[*]}" "see the top of ci/deploy.sh" "$EXIT_USAGE" ;;
esac
need_docker
code=0
python_ci images.load "$CI_OUT/build" || code=$?
((code == 0)) || fail "images of the build are missing" "run ./ci/build.sh" "$EXIT_ARTIFACT"

code=0
python_ci release.deploy "$ROOT" "$OUT" "$VIGIE_TARGET" >"$OUT/deploy.txt" || code=$?
cat "$OUT/deploy.txt"
if ((code != 0)); then
  fail "$(sed -n 's/^FAILED: //p' "$OUT/deploy.txt" | tail -n 1)" \
    "read ${OUT#"$ROOT"/}/failure/logs.txt and state.txt" "$code"
fi
fact "target" "$VIGIE_TARGET"
