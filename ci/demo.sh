#!/usr/bin/env bash
# See services/demo.sh.
exec "$(dirname -- "${BASH_SOURCE[0]}")/../services/demo.sh" "$@"
