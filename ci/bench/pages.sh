#!/usr/bin/env bash
# How fast pages answer where much is stored: 100,000 incidents and 1,000,000 alerts.
#
#   ./ci/bench/pages.sh [--incidents N] [--alerts N] [--times N]
#
# Starts an installation of its own, fills its database, asks each page so many times (60) as somebody who is signed in,
# one request after the other, and prints p50 and p95. docs/performance.md says what was seen.
# shellcheck source=ci/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
STAGE=bench
cd "$ROOT"
need_venv
PYTHONPATH="$CI_DIR:$CI_DIR/e2e:$CI_DIR/bench" exec python -m pages "$@"
