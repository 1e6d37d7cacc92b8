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

# install_packages PACKAGE...: from Debian; a failure shows apt's own last lines.
install_packages() {
  mkdir -p "$OUT"
  say "installing $*"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" \
    >"$OUT/install.log" 2>&1 ||
    fail "apt could not install $*: $(tail -n 3 "$OUT/install.log" | tr '\n' ' ')" "read $OUT/install.log" "$EXIT_MACHINE"
}
