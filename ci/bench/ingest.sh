#!/usr/bin/env bash
# How fast alerts come in, beside what else there is on the same machine in the same minutes.
#
#   ./ci/bench/ingest.sh [--seconds N] [--quick] [--out FOLDER]
#
# Loads the platform that runs (./services/run.sh or docker compose; one of its own if none does), Debian's
# Alertmanager, and pgbench on the same PostgreSQL: one after the other, each for N seconds (6) a figure. Prints a table
# and the ratios, and writes ingest.json. docs/performance.md says how to read them.
# shellcheck source=ci/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
STAGE=bench
OUT="$CI_OUT/$STAGE"
cd "$ROOT"
mkdir -p "$OUT"
need_venv
missing=()
command -v wrk >/dev/null || missing+=(wrk)
command -v prometheus-alertmanager >/dev/null || command -v alertmanager >/dev/null ||
  missing+=(prometheus-alertmanager)
if ((${#missing[@]})); then
  # A machine that is root's and has Debian's packages is one to measure on; elsewhere that is for its owner to do.
  if [[ "$(id -u)" == 0 ]] && command -v apt-get >/dev/null; then
    # shellcheck source=ci/offline/lib.sh
    source "$CI_DIR/offline/lib.sh"
    apt_get update
    install_packages "${missing[@]}"
  else
    fail "not installed: ${missing[*]}" "apt-get install ${missing[*]}" "$EXIT_MACHINE"
  fi
fi
PYTHONPATH="$CI_DIR:$CI_DIR/e2e:$CI_DIR/bench" exec python ci/bench --out "$OUT" "$@"
