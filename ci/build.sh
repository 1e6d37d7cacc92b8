#!/usr/bin/env bash
# Builds every image of the stack and records them by id, with a bill of materials each.
#   ./ci/build.sh [--offline]
#   ./ci/build.sh --recheck      0 while the images of the last build are still in this Engine
# Offline, the images below ours are stand-ins (ci/offline/base-images.sh); Grafana has none and is left
# out. On GitHub, where the next job is another machine, the images are handed on as images.tar.gz.
# shellcheck source=ci/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
stage_begin build "$@"
case "${STAGE_ARGS[*]:-}" in
  "") ;;
  --recheck) python_ci images.record check "$OUT/images.json" && exit 0 || exit 1 ;;
  *) fail "unknown argument: ${STAGE_ARGS[*]}" "see the top of ci/build.sh" "$EXIT_USAGE" ;;
esac
need_docker

group "base images"
without=()
if [[ -n "$OFFLINE" ]]; then
  STAGE=base-images VIGIE_STAGE="" "$CI_DIR/offline/base-images.sh" --offline
  if [[ -f "$CI_OUT/base-images/unproved.txt" ]]; then
    cat "$CI_OUT/base-images/unproved.txt" >>"$OUT/unproved.txt"
  fi
  grafana="$(pinned_image grafana/Dockerfile)"
  docker image inspect "$grafana" >/dev/null 2>&1 || without+=(grafana)
fi
endgroup

# A tag of this checkout's own: two pipelines on one machine do not take each other's images. What is
# handed on are ids; the tag :local is moved at the end, for `docker compose up -d` by hand (not by a build
# for a project of another name, such as a drill's).
VIGIE_IMAGE_TAG="checkout-$(printf '%s' "$ROOT" | sha256sum | cut -c1-12)"
VIGIE_REVISION="$(git rev-parse HEAD)"
export VIGIE_IMAGE_TAG VIGIE_REVISION
# Attestations of a local build would make the image's id differ from build to build.
export BUILDX_NO_DEFAULT_ATTESTATIONS=1
compose=(docker compose)
[[ ! -f .env ]] || compose+=(--env-file .env)
[[ -z "$OFFLINE" ]] || compose+=(--env-file "$CI_OUT/offline.env")

"${compose[@]}" config --format json >"$OUT/compose.json"
mapfile -t pairs < <(python3 -c '
import json, sys
for name, service in sorted(json.load(open(sys.argv[1]))["services"].items()):
    if "build" in service and name not in sys.argv[2:]:
        print(name + "=" + service["image"])
' "$OUT/compose.json" "${without[@]}")

group "build"
"${compose[@]}" --progress plain build "${pairs[@]%%=*}"
endgroup

# An interrupted inventory leaves a container that never ran.
remove_inventory_containers() {
  docker ps --all --quiet --filter "label=vigie.inventory=${VIGIE_STAGE_MARKER:-}" |
    xargs --no-run-if-empty docker rm --force --volumes >/dev/null
}
on_exit remove_inventory_containers

group "what was built"
python_ci images.record write "$OUT/images.json" "${pairs[@]}" --without "${without[@]}"
mkdir -p "$OUT/sbom"
python_ci images.sbom "$OUT/images.json" "$OUT/sbom"
while IFS=$'\t' read -r service id megabytes; do
  fact "image $service" "$megabytes MB, ${id:7:12}"
  [[ -n "${COMPOSE_PROJECT_NAME:-}" ]] || docker tag "$id" "vigie-$service:local"
done < <(python_ci images.record list "$OUT/images.json")
endgroup

if [[ "${GITHUB_ACTIONS:-}" == true && -z "${ACT:-}" ]]; then
  group "images for the next jobs"
  # By id and by name: load gives both back, and the ids are what counts.
  mapfile -t names < <(printf '%s\n' "${pairs[@]#*=}")
  docker save "${names[@]}" | gzip -1 >"$OUT/images.tar.gz"
  endgroup
fi
if ((${#without[@]} > 0)); then
  unproved "images that could not be built without a registry: ${without[*]}"
fi
