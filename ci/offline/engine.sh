#!/usr/bin/env bash
# Finds a Docker Engine with compose and buildx, or installs and starts one from Debian. Safe to run again and again.
#
#   ./ci/offline/engine.sh            use what answers; otherwise start what is installed; otherwise install, then start
#   ./ci/offline/engine.sh --check    only say what is there: exit 0 when an engine is ready, 1 when not; changes nothing
#
# Made for a machine where no container registry and no vendor repository can be reached, only Debian's archive (or its
# mirror, as apt is already configured). Works as root without systemd. The engine's log: .ci-out/engine/dockerd.log.

# shellcheck source=ci/offline/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

LOG_DIR="$OUT/engine"
OLDEST_ENGINE=23 # the first whose default builder is BuildKit, which the Dockerfiles need (secret mounts, named contexts)
START_SECONDS=60

engine_version() { docker version --format '{{.Server.Version}}' 2>/dev/null; }
has_compose() { docker compose version >/dev/null 2>&1; }
has_buildx() { docker buildx version >/dev/null 2>&1; }

ready() {
    local version
    version="$(engine_version)" || return 1
    [ "${version%%.*}" -ge "$OLDEST_ENGINE" ] && has_compose && has_buildx
}

describe() {
    say "Docker Engine $(engine_version), compose $(docker compose version --short), $(docker buildx version | cut -d' ' -f1-2)"
}

# Debian's packages, from the host's own release when it is recent enough, otherwise from $SUITE beside it: only the
# packages named here come from there. runc stays the host's, because it is the one that needs the newer libc.
install_packages() {
    command -v apt-get >/dev/null ||
        fail "no Docker Engine answers and this is no Debian or Ubuntu machine: install Docker Engine >= $OLDEST_ENGINE with compose and buildx, then run this again"
    as_root apt-get update -qq
    local candidate
    candidate="$(apt-cache policy docker.io | awk '/Candidate:/ { print $2 }')"
    if [ "${candidate%%.*}" = "(none)" ] || [ "${candidate%%.*}" -lt "$OLDEST_ENGINE" ]; then
        add_suite
    fi
    say "installing $*"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" \
        >"$LOG_DIR/install.log" 2>&1 ||
        fail "apt could not install $*: $(tail -n 3 "$LOG_DIR/install.log" | tr '\n' ' ')(whole log: $LOG_DIR/install.log)"
}

add_suite() {
    local archive
    archive="$(debian_archive)"
    [ -n "$archive" ] || fail "apt knows no Debian archive on this machine: set VIGIE_DEBIAN_ARCHIVE to the base URL of one"
    say "the host's own release has no Docker Engine >= $OLDEST_ENGINE: adding Debian $SUITE at a low priority"
    as_root tee /etc/apt/sources.list.d/vigie-$SUITE.sources >/dev/null <<EOF
Types: deb
URIs: $archive
Suites: $SUITE
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
EOF
    as_root tee /etc/apt/preferences.d/vigie-$SUITE >/dev/null <<EOF
Package: *
Pin: release n=$SUITE
Pin-Priority: 50

Package: docker.io docker-cli containerd docker-buildx docker-compose
Pin: release n=$SUITE
Pin-Priority: 990
EOF
    as_root apt-get update -qq
}

start_engine() {
    if [ -d /run/systemd/system ]; then
        as_root systemctl start docker || fail "systemd could not start docker: see journalctl -u docker"
    else
        say "starting dockerd (no systemd here)"
        # A session of its own, so that it outlives this script and is not reached by a Ctrl-C meant for a pipeline.
        as_root setsid --fork dockerd --log-level warn >>"$LOG_DIR/dockerd.log" 2>&1 </dev/null
    fi
    wait_until "$START_SECONDS" docker version ||
        fail "dockerd did not answer within $START_SECONDS s: $(tail -n 3 "$LOG_DIR/dockerd.log" 2>/dev/null | tr '\n' ' ')(whole log: $LOG_DIR/dockerd.log)"
}

main() {
    mkdir -p "$LOG_DIR"
    if ready; then
        describe
        return
    fi
    if [ "${1:-}" = --check ]; then
        say "no Docker Engine >= $OLDEST_ENGINE with compose and buildx answers here"
        exit 1
    fi
    if ! engine_version >/dev/null; then
        [ -z "${DOCKER_HOST:-}" ] || fail "DOCKER_HOST=$DOCKER_HOST does not answer: start that engine, or unset the variable"
        command -v dockerd >/dev/null || install_packages docker.io docker-cli containerd docker-buildx docker-compose
        start_engine
    fi
    has_compose && has_buildx || install_packages docker-buildx docker-compose
    ready || fail "the engine answers ($(engine_version)) but is older than $OLDEST_ENGINE or lacks compose or buildx"
    describe
}

main "$@"
