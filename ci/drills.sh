#!/usr/bin/env bash
# What takes minutes, so it is no stage of every push.
#   ./ci/drills.sh calm|kill|storm|thousand|slow|disk ...
#                                                  harm to an installation that ./services/run.sh starts: a
#                                                  ledger at the sender, and what is lost, doubled, unpaged,
#                                                  and how long a page takes; `all` for one after the other
#   ./ci/drills.sh fleet [--seed N]                a month of 200 people and 5,000 incidents on two engines,
#                                                  in simulated time, beside a model of its own: what is
#                                                  missing, unexpected or late; half an hour
#   ./ci/drills.sh [PYTEST_ARGUMENTS]              the tests that need a Docker Engine: the way back of a
#                                                  deploy, interruptions, two stacks at once, confinement,
#                                                  kills under load, upgrades; e.g. ci/checks/drills
# Offline, run ./ci/offline/engine.sh and ./ci/offline/base-images.sh before the tests.
# shellcheck source=ci/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
STAGE=drills
cd "$ROOT"
case "${1:-}" in
  calm | kill | storm | thousand | slow | disk | all)
    need_venv
    PYTHONPATH="$CI_DIR:$CI_DIR/e2e:$CI_DIR/faults" exec python ci/faults --out "$CI_OUT/drills" "$@"
    ;;
  fleet)
    need_venv
    [[ $# -eq 1 || ($# -eq 3 && "$2" == --seed) ]] || fail "usage: ./ci/drills.sh fleet [--seed N]"
    VIGIE_FLEET=whole VIGIE_FLEET_SEED="${3:-11}" exec python -m pytest -q -s \
      services/oncall-service/tests/integration/test_fleet.py
    ;;
esac
need_docker
need_venv
# Pushed images are compared at a real registry: a machine that is there for CI gets Debian's.
if [[ "${CI:-}" == true ]] && ! command -v docker-registry >/dev/null && command -v apt-get >/dev/null; then
  (
    # shellcheck source=ci/offline/lib.sh
    source "$CI_DIR/offline/lib.sh"
    apt_get update
    install_packages docker-registry
  )
fi
python -m pytest -m docker -n 2 --dist=loadfile "$@"
