#!/usr/bin/env bash
# Removes the ephemeral stacks that this checkout started, with their volumes and networks. The product
# is never touched. Safe to run when there is nothing to remove; the workflow runs it whatever happened.
# shellcheck source=ci/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
STAGE=teardown
[[ -n "$(ls -A "$CI_OUT/stacks" 2>/dev/null)" ]] || exit 0
need_docker
python_ci release.teardown "$CI_OUT"
