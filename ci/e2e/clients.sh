#!/usr/bin/env bash
# Unpacks Debian's Prometheus and Alertmanager below .ci-out/clients, for the journeys that send with
# the real ones: no service, no user. One thing has to lie outside: Debian's Alertmanager reads its
# templates from /usr/share, and nowhere else. Where there is no apt, or no right to put them there,
# those journeys are skipped, which the test stage repeats as "not proved".
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."

readonly FOLDER=.ci-out/clients TEMPLATES=usr/share/prometheus/alertmanager

unpack() {
  local packages package
  if ! command -v apt-get >/dev/null; then
    echo "clients.sh: no apt here: the journeys with Prometheus and Alertmanager will be skipped" >&2
    return
  fi
  packages="$(mktemp -d)"
  # shellcheck disable=SC2064  # the folder of now
  trap "rm -rf '$packages'" EXIT
  if ((EUID == 0)); then
    # The download of apt runs as _apt, which must get into the folder, and write there.
    chown _apt "$packages" 2>/dev/null || chmod 0755 "$packages"
    (
      STAGE=clients
      # shellcheck source=ci/offline/lib.sh
      source ci/offline/lib.sh
      apt_get update
    )
  fi
  if ! (cd "$packages" && apt-get download -qq prometheus prometheus-alertmanager); then
    echo "clients.sh: apt has no Prometheus: the journeys with it will be skipped" >&2
    return
  fi
  mkdir -p "$FOLDER"
  for package in "$packages"/*.deb; do
    dpkg-deb --extract "$package" "$FOLDER"
  done
}

# Only where it disturbs nobody: as root, or on a machine that is there for CI.
place_templates() {
  local as_root=()
  ((EUID == 0)) || as_root=(sudo --non-interactive)
  if [[ "$EUID" == 0 || "${CI:-}" == true ]] && "${as_root[@]}" mkdir -p "/${TEMPLATES%/*}" &&
    "${as_root[@]}" cp -r "$FOLDER/$TEMPLATES" "/$TEMPLATES"; then
    return
  fi
  echo "clients.sh: /$TEMPLATES is not there: the journey with Alertmanager will be skipped" >&2
}

if command -v prometheus >/dev/null && command -v prometheus-alertmanager >/dev/null; then
  exit 0
fi
[[ -x "$FOLDER/usr/bin/prometheus" ]] || unpack
if [[ -d "$FOLDER/$TEMPLATES" && ! -e "/$TEMPLATES" ]]; then
  place_templates
fi
