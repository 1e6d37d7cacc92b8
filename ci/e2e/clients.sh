#!/usr/bin/env bash
# Unpacks Debian's Prometheus and Alertmanager below .ci-out/clients, for the journeys that send with
# the real ones. Nothing is installed: no service, no user, no root. Where there is no apt, those
# journeys are skipped, which the test stage repeats as "not proved".
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."

folder=.ci-out/clients
if command -v prometheus >/dev/null && command -v prometheus-alertmanager >/dev/null; then
  exit 0
fi
if [[ -x "$folder/usr/bin/prometheus" && -x "$folder/usr/bin/prometheus-alertmanager" ]]; then
  exit 0
fi
if ! command -v apt-get >/dev/null; then
  echo "clients.sh: no apt here: the journeys with Prometheus and Alertmanager will be skipped" >&2
  exit 0
fi

packages="$(mktemp -d)"
trap 'rm -rf "$packages"' EXIT
if ((EUID == 0)); then
  # The download of apt runs as _apt, which must get into the folder.
  chmod 0755 "$packages"
  apt-get update -qq
fi
if ! (cd "$packages" && apt-get download -qq prometheus prometheus-alertmanager); then
  echo "clients.sh: apt has no Prometheus: the journeys with it will be skipped" >&2
  exit 0
fi
mkdir -p "$folder"
for package in "$packages"/*.deb; do
  dpkg-deb --extract "$package" "$folder"
done
