#!/usr/bin/env bash
# The tests that need a Docker Engine: the way back of a deploy, interruptions, two stacks at once,
# confinement, kills under load, upgrades. Minutes, not seconds, so they are no stage of every push.
#   ./ci/drills.sh [PYTEST_ARGUMENTS]     e.g. ci/checks/drills, or -k way_back
# Offline, run ./ci/offline/engine.sh and ./ci/offline/base-images.sh before.
# shellcheck source=ci/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
STAGE=drills
cd "$ROOT"
need_docker
need_venv
python -m pytest -m docker -n 2 --dist=loadfile "$@"
