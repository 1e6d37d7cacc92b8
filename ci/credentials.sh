#!/usr/bin/env bash
# See services/credentials.sh.
exec "$(dirname -- "${BASH_SOURCE[0]}")/../services/credentials.sh" "$@"
