# shellcheck shell=bash
# What the scripts of ci/offline share: strict mode, one way to speak and to fail, root, and Debian's archive.
# It depends on nothing else of ci/, so that a machine can be prepared before any stage runs.

set -euo pipefail

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
OUT="${CI_OUT:-$ROOT/.ci-out}"
# The release whose packages Vigie is measured with (Docker Engine 26.1.5, PostgreSQL 17, Python 3.13, Prometheus 2.53).
SUITE=trixie
ME="$(basename "$0")"

say() { printf '%s: %s\n' "$ME" "$*"; }

fail() {
    printf '%s: FAILED: %s\n' "$ME" "$*" >&2
    exit 1
}

# Run a command as root: directly, or through a sudo that asks nothing.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        sudo -n -- "$@"
    else
        fail "needs root for: $* (run it as root, or allow sudo without a password)"
    fi
}

# The base URL of the Debian archive that this machine already uses; no address is written into the project.
debian_archive() {
    if [ -n "${VIGIE_DEBIAN_ARCHIVE:-}" ]; then
        printf '%s\n' "$VIGIE_DEBIAN_ARCHIVE"
        return
    fi
    apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(SITE)' 'Created-By: Packages' |
        awk -F'|' '$1 == "Debian" && $2 == "Debian" { print $3; exit }'
}

# wait_until SECONDS COMMAND...: success as soon as the command succeeds, failure when the time is over.
wait_until() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep 0.3
    done
}
