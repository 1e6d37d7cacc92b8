#!/usr/bin/env bash
# Finds a Docker Engine with compose and buildx, or installs and starts one from Debian. Safe to run again and again.
#
#   ./ci/offline/engine.sh            use what answers; otherwise start what is installed; otherwise install, then start
#   ./ci/offline/engine.sh --check    only say what is there: exit 0 when an engine is ready, 20 when not; changes nothing
#
# Made for a machine where no container registry and no vendor repository can be reached, only Debian's archive (or its
# mirror, as apt is already configured). Works as root without systemd. The engine's log: .ci-out/engine/dockerd.log.

# shellcheck source=ci/offline/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

readonly OLDEST_ENGINE=26 # the oldest that Vigie is measured with
readonly START_SECONDS=60

engine_version() { docker version --format '{{.Server.Version}}' 2>/dev/null; }
has_plugins() { docker compose version >/dev/null 2>&1 && docker buildx version >/dev/null 2>&1; }

ready() {
  local version
  version="$(engine_version)" || return 1
  [[ "${version%%.*}" -ge "$OLDEST_ENGINE" ]] && has_plugins
}

describe() {
  say "Docker Engine $(engine_version), compose $(docker compose version --short)," \
    "buildx $(docker buildx version | cut -d' ' -f2)"
}

# Makes apt know a release with a recent enough engine: the host's own, or $SUITE beside it. From $SUITE come only the
# packages named here; runc stays the host's, because it is the one that needs the newer libc.
prepare_apt() {
  command -v apt-get >/dev/null ||
    fail "no Docker Engine answers, and this is no Debian or Ubuntu machine" \
      "install Docker Engine >= $OLDEST_ENGINE with compose and buildx, then run this again" "$EXIT_MACHINE"
  apt_get update
  local candidate
  candidate="$(apt-cache policy docker.io | awk '/Candidate:/ { print $2 }')"
  [[ ! "$candidate" =~ ^([0-9]+) || "${BASH_REMATCH[1]}" -lt "$OLDEST_ENGINE" ]] || return 0
  local archive
  archive="$(require_debian_archive)"
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
  apt_get update
}

start_engine() {
  if [[ -d /run/systemd/system ]]; then
    as_root systemctl start docker ||
      fail "systemd could not start docker" "journalctl -u docker" "$EXIT_MACHINE"
  else
    say "starting dockerd (no systemd here)"
    # A session of its own, so that it outlives this script and no Ctrl-C meant for a pipeline reaches it.
    as_root setsid --fork dockerd --log-level warn >>"$OUT/dockerd.log" 2>&1 </dev/null
  fi
  wait_until "$START_SECONDS" "dockerd" docker version ||
    fail "dockerd does not answer: $(tail -n 3 "$OUT/dockerd.log" 2>/dev/null | tr '\n' ' ')" \
      "read $OUT/dockerd.log" "$EXIT_MACHINE"
}

main() {
  mkdir -p "$OUT"
  if ready; then
    describe
    return
  fi
  [[ "${1:-}" != --check ]] ||
    fail "no Docker Engine >= $OLDEST_ENGINE with compose and buildx answers" "run ./ci/offline/engine.sh" "$EXIT_MACHINE"
  if ! engine_version >/dev/null; then
    [[ -z "${DOCKER_HOST:-}" ]] ||
      fail "DOCKER_HOST=$DOCKER_HOST does not answer" "start that engine, or unset the variable" "$EXIT_MACHINE"
    if ! command -v dockerd >/dev/null; then
      prepare_apt
      install_packages docker.io docker-cli containerd docker-buildx docker-compose
    fi
    start_engine
  fi
  if ! has_plugins; then
    prepare_apt
    install_packages docker-buildx docker-compose
  fi
  ready || fail "the engine that answers ($(engine_version)) is older than $OLDEST_ENGINE, or has no compose or buildx" \
    "upgrade it" "$EXIT_MACHINE"
  describe
}

main "$@"
