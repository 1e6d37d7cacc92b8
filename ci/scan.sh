#!/usr/bin/env bash
# Known holes in the images that the build made: CRITICAL fails, everything else is listed.
#   ./ci/scan.sh [--offline]
#   ./ci/scan.sh --report FILE...   judge these reports of Trivy instead of scanning
# A scanner or a database that cannot be had means "not scanned", never "clean": an error, unless
# --offline, where it is listed under what the run did not prove.
# shellcheck source=ci/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
stage_begin scan "$@"
readonly UNREADABLE=21

# judge REPORT...: the gate.
judge() {
  local code=0
  python_ci images.findings "$@" --json "$OUT/findings.json" --tsv "$OUT/findings.tsv" >"$OUT/verdict.txt" || code=$?
  cat "$OUT/verdict.txt"
  case "$code" in
    0) fact "findings" "$(head -n 1 "$OUT/verdict.txt")" ;;
    1) fail "$(sed -n 2p "$OUT/verdict.txt")" "update what it names; all findings: $OUT/findings.json" ;;
    "$UNREADABLE") fail "$(tail -n 1 "$OUT/verdict.txt")" "scan again" "$EXIT_ARTIFACT" ;;
    *) fail "the gate itself ended with $code" "read the lines above" ;;
  esac
}

not_scanned() {
  [[ -n "$OFFLINE" ]] || fail "the images were not scanned: $1" "$2" "$EXIT_MACHINE"
  unproved "known holes in the images: not scanned, $1"
  printf '[]\n' >"$OUT/findings.json"
  fact "findings" "not scanned"
  exit 0
}

if [[ "${STAGE_ARGS[0]:-}" == --report ]]; then
  judge "${STAGE_ARGS[@]:1}"
  exit 0
fi
((${#STAGE_ARGS[@]} == 0)) || fail "unknown argument: ${STAGE_ARGS[*]}" "see the top of ci/scan.sh" "$EXIT_USAGE"

tools="$("$CI_DIR/tools.sh" trivy 2>"$OUT/tools.txt")" ||
  not_scanned "no scanner could be had" "$(sed -n 's/^ *next: //p' "$OUT/tools.txt")"
PATH="$PATH:$(tail -n 1 <<<"$tools")"
python_ci images.load "$CI_OUT/build"

reports=()
while IFS=$'\t' read -r service id _; do
  group "$service"
  ignore=()
  [[ ! -f .trivyignore.yaml ]] || ignore=(--ignorefile .trivyignore.yaml)
  trivy image --image-src docker --scanners vuln --format json --quiet "${ignore[@]}" \
    --output "$OUT/$service.trivy.json" "$id" 2>"$OUT/$service.log" ||
    not_scanned "trivy: $(tail -n 1 "$OUT/$service.log")" "give it access to its database"
  reports+=("$OUT/$service.trivy.json")
  endgroup
done < <(python_ci images.record list "$CI_OUT/build/images.json")
judge "${reports[@]}"
