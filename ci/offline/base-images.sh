#!/usr/bin/env bash
# Makes sure that the public images below ours can be had: where no registry gives them, local stand-ins made from Debian
# packages take their place, and the run says so. Safe to run again: a stand-in is rebuilt when its recipe changed.
#
#   ./ci/offline/base-images.sh             use what is here, else ask the registry, else make a stand-in
#   ./ci/offline/base-images.sh --offline   the same without asking a registry
#   ./ci/offline/base-images.sh --refresh   make the stand-ins again from today's Debian packages
#
# Writes .ci-out/offline.env with the variables that name the stand-ins (none where the real images are present), for
#   docker compose --env-file .ci-out/offline.env up -d --wait --scale grafana=0

# shellcheck source=ci/offline/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

readonly RECIPES="$CI_DIR/offline/images"
readonly ENV_FILE="$CI_OUT/offline.env"
# Written beside and moved into place, so that a reader never sees half of it.
readonly NEW_ENV_FILE="$ENV_FILE.$$"
readonly LABEL=vigie.offline.recipe
# The machine's own trust store, so that pip works behind a proxy that inspects TLS; it stays in the stand-ins.
readonly CA_BUNDLE="${VIGIE_BUILD_CA_FILE:-/etc/ssl/certs/ca-certificates.crt}"
readonly PULL_SECONDS=300

REFRESH=""
REGISTRY=unknown # becomes "no" after the first failure, so that an offline machine waits once at most

# --- which images --------------------------------------------------------------------------------

have_image() { docker image inspect "$1" >/dev/null 2>&1; }

can_pull() {
  [[ -z "$OFFLINE" && "$REGISTRY" != no ]] || return 1
  say "asking the registry for $1"
  if timeout "$PULL_SECONDS" docker pull --quiet "$1" >/dev/null 2>"$OUT/pull.log"; then
    REGISTRY=yes
  else
    [[ "$REGISTRY" == yes ]] || REGISTRY=no
    say "no: $(tail -n 1 "$OUT/pull.log")"
    return 1
  fi
}

# --- making stand-ins ----------------------------------------------------------------------------

recipe_of() { docker image inspect --format "{{index .Config.Labels \"$LABEL\"}}" "$1" 2>/dev/null || true; }

debian_recipe() {
  { echo "$SUITE $1" && sha256sum <"$CA_BUNDLE" && pip_configuration && declare -f make_debian; } | sha256sum | cut -c1-16
}

folder_recipe() { (cd "$RECIPES/$1" && { echo "$2" && find . -type f -exec sha256sum {} + | sort; }) | sha256sum | cut -c1-16; }

# pip inside a build has to find the index that this machine uses. An address with credentials is left out.
pip_configuration() {
  printf '[global]\ncert = /etc/ssl/certs/vigie-build-ca.pem\ndisable-pip-version-check = true\n'
  local index
  index="${PIP_INDEX_URL:-$(python3 -m pip config get global.index-url 2>/dev/null || true)}"
  if [[ "$index" == *@* ]]; then
    warn "pip's index address carries credentials: it is not put into the stand-in"
  elif [[ -n "$index" ]]; then
    printf 'index-url = %s\n' "$index"
  fi
}

# make_debian TAG ARCHIVE RECIPE: the smallest Debian, with the machine's trust store and without documentation.
make_debian() {
  local tag=$1 archive=$2 recipe=$3 root
  if ! command -v debootstrap >/dev/null || [[ ! -e /usr/share/keyrings/debian-archive-keyring.gpg ]]; then
    apt_get update
    install_packages debootstrap debian-archive-keyring
  fi
  root="$(mktemp -d)"
  on_exit as_root rm -rf "$root"
  say "making $tag with debootstrap"
  as_root debootstrap --variant=minbase --include=ca-certificates "$SUITE" "$root" "$archive" >"$OUT/debootstrap.log" 2>&1 ||
    fail "debootstrap: $(tail -n 1 "$OUT/debootstrap.log")" "read $OUT/debootstrap.log" "$EXIT_MACHINE"
  as_root tee "$root/etc/dpkg/dpkg.cfg.d/slim" >/dev/null <<'EOF'
path-exclude /usr/share/doc/*
path-exclude /usr/share/info/*
path-exclude /usr/share/locale/*
path-exclude /usr/share/man/*
EOF
  as_root cp "$CA_BUNDLE" "$root/etc/ssl/certs/vigie-build-ca.pem"
  pip_configuration | as_root tee "$root/etc/pip.conf" >/dev/null
  as_root rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/var/log/* "$root"/usr/share/{doc,info,locale,man}
  as_root tar -C "$root" -c . | docker import --change "LABEL $LABEL=$recipe" --change 'CMD ["bash"]' - "$tag" >/dev/null
}

# stand_in NAME TAG PARENT_RECIPE: builds ci/offline/images/NAME unless it is there already from the same recipe.
stand_in() {
  local name=$1 tag=$2 recipe
  recipe="$(folder_recipe "$name" "$3")"
  if [[ -z "$REFRESH" && "$(recipe_of "$tag")" == "$recipe" ]]; then return; fi
  say "making $tag"
  docker build --quiet --no-cache --network "${VIGIE_BUILD_NETWORK:-default}" --label "$LABEL=$recipe" \
    --build-arg http_proxy --build-arg https_proxy --build-arg no_proxy \
    --tag "$tag" "$RECIPES/$name" >"$OUT/$name.log" 2>&1 ||
    fail "$tag could not be built: $(tail -n 1 "$OUT/$name.log")" "read $OUT/$name.log" "$EXIT_MACHINE"
}

DEBIAN_RECIPE=""
need_debian() {
  [[ -z "$DEBIAN_RECIPE" ]] || return 0
  local archive tag="vigie-offline/debian:$SUITE"
  archive="$(require_debian_archive)"
  DEBIAN_RECIPE="$(debian_recipe "$archive")"
  if [[ -n "$REFRESH" || "$(recipe_of "$tag")" != "$DEBIAN_RECIPE" ]]; then make_debian "$tag" "$archive" "$DEBIAN_RECIPE"; fi
}

# --- the run -------------------------------------------------------------------------------------

# provide VARIABLE DOCKERFILE NAME TAG: the real image if it can be had; else the stand-in, and a line in offline.env.
provide() {
  local variable=$1 reference name=$3 tag=$4
  reference="$(pinned_image "$2")"
  [[ -n "$reference" ]] || fail "$2 has no line FROM <image> AS pinned" "write it there"
  if have_image "$reference" || can_pull "$reference"; then
    say "$variable: $reference (the real one)"
    return
  fi
  need_debian
  stand_in "$name" "$tag" "$DEBIAN_RECIPE"
  printf '%s=%s\n' "$variable" "$tag" >>"$NEW_ENV_FILE"
  say "$variable: $tag, a STAND-IN made from Debian packages for $reference"
  unproved "anything particular to $reference: $tag stood in for it"
}

# There is no Grafana to be made from Debian packages: what is named here only lets compose resolve the service.
provide_grafana() {
  local reference tag=vigie-offline/no-grafana:none
  reference="$(pinned_image grafana/Dockerfile)"
  if have_image "$reference" || can_pull "$reference"; then
    say "VIGIE_GRAFANA_IMAGE: $reference (the real one)"
    return
  fi
  need_debian
  stand_in no-grafana "$tag" "$DEBIAN_RECIPE"
  printf 'VIGIE_GRAFANA_IMAGE=%s\n' "$tag" >>"$NEW_ENV_FILE"
  say "VIGIE_GRAFANA_IMAGE: $reference can neither be had nor be made: start the stack with --scale grafana=0"
  unproved "the dashboards in Grafana itself: its image cannot be had without a registry"
}

main() {
  local argument
  for argument in "$@"; do
    case "$argument" in
      --offline) OFFLINE=1 ;;
      --refresh) REFRESH=1 ;;
      *) fail "unknown argument $argument" "--offline or --refresh" "$EXIT_USAGE" ;;
    esac
  done
  need_docker
  rm -rf "$OUT" && mkdir -p "$OUT"
  on_exit rm -f "$NEW_ENV_FILE"
  cat >"$NEW_ENV_FILE" <<'EOF'
# Written by ci/offline/base-images.sh: stand-ins for images that no registry could give on this machine.
EOF
  provide VIGIE_PYTHON_IMAGE services/alert-ingestion/Dockerfile python vigie-offline/python:3.13
  provide VIGIE_POSTGRES_IMAGE services/postgres/Dockerfile postgres vigie-offline/postgres:17
  provide VIGIE_PROMETHEUS_IMAGE prometheus/Dockerfile prometheus vigie-offline/prometheus:2.53
  provide_grafana
  # Images built on stand-ins keep apart from those built on the real ones.
  if grep -q '^VIGIE_' "$NEW_ENV_FILE"; then printf 'VIGIE_IMAGE_TAG=offline\n' >>"$NEW_ENV_FILE"; fi
  mv "$NEW_ENV_FILE" "$ENV_FILE"
  say "wrote ${ENV_FILE#"$ROOT"/}"
}

main "$@"
