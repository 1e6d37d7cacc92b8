#!/usr/bin/env bash
# What the scripts of ci/offline share beyond ci/lib.sh: root, and Debian's archive. Sourced, never run.

# shellcheck source=ci/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

# The release whose packages Vigie is measured with: Docker Engine 26.1, PostgreSQL 17, Python 3.13, Prometheus 2.53.
# shellcheck disable=SC2034  # read by those who source this
readonly SUITE=trixie

# Run a command as root: directly, or through a sudo that asks nothing.
as_root() {
  if [[ "$(id -u)" == 0 ]]; then
    "$@"
  elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    sudo -n -- "$@"
  else
    fail "needs root for: $*" "run it as root, or allow sudo without a password" "$EXIT_MACHINE"
  fi
}

# The base URL of the Debian archive that this machine already uses; no address is written into the project.
debian_archive() {
  if [[ -n "${VIGIE_DEBIAN_ARCHIVE:-}" ]]; then
    printf '%s\n' "$VIGIE_DEBIAN_ARCHIVE"
    return
  fi
  # shellcheck disable=SC2016  # the $(...) are apt's own format fields
  apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(SITE)' 'Created-By: Packages' |
    awk -F'|' '$1 == "Debian" && $2 == "Debian" && !found { print $3; found = 1 }'
}

require_debian_archive() {
  local archive
  archive="$(debian_archive)"
  [[ -n "$archive" ]] ||
    fail "apt knows no Debian archive on this machine" "set VIGIE_DEBIAN_ARCHIVE to the base URL of one" "$EXIT_MACHINE"
  printf '%s\n' "$archive"
}

# apt_get ARGUMENTS...: as root, and quiet but for a failure. Another apt that holds the lock (unattended upgrades
# hold it for minutes) is waited for; apt's own option for that does not cover the lock on its lists.
apt_get() {
  local told="" deadline=$((SECONDS + ${VIGIE_APT_SECONDS:-900}))
  mkdir -p "$OUT"
  until as_root env LC_ALL=C DEBIAN_FRONTEND=noninteractive apt-get -qq "$@" >"$OUT/apt.log" 2>&1; do
    if ! grep -qE 'Could not get lock|Unable to (acquire|lock)' "$OUT/apt.log" || ((SECONDS >= deadline)); then
      fail "apt-get $*: $(tail -n 3 "$OUT/apt.log" | tr '\n' ' ')" "read $OUT/apt.log" "$EXIT_MACHINE"
    fi
    [[ -n "$told" ]] || say "waiting for another apt: $(grep -m 1 -oE 'held by .*' "$OUT/apt.log" || echo 'it holds the lock')"
    told=1
    sleep 1
  done
}

# install_packages PACKAGE...: from Debian.
install_packages() {
  say "installing $*"
  apt_get install -y --no-install-recommends "$@"
}
