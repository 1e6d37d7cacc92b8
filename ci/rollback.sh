#!/usr/bin/env bash
# Takes the product of this host back to the newest release that passed verification, or that ran healthy
# before a deploy found it, started by hand.
#   ./ci/rollback.sh           go back
#   ./ci/rollback.sh --list    the kept releases; * runs now
# Images and configuration go back; data stays, and older code lives with a newer schema (docs/delivery.md).
# shellcheck source=ci/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
STAGE=rollback
OUT="$CI_OUT/rollback"
need_docker
python_ci release.rollback "$@"
