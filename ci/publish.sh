#!/usr/bin/env bash
# Publishes the images that this run built, scanned, deployed and verified. Run by
# .github/workflows/publish.yml; nothing is built here.
#   SERVICE=web-ui ./ci/publish.sh push     image of that service to the registry, by content alone
#   SERVICE=web-ui ./ci/publish.sh sign     keyless signature of what push put there
#   ./ci/publish.sh verify                  signature, provenance and bill of materials of all four
#   ./ci/publish.sh name                    tags, once all four verify
# Needs docker logged in to ghcr.io; sign and verify need cosign, verify and name need gh and GH_TOKEN.
# shellcheck source=ci/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
STAGE=publish
OUT="$CI_OUT/publish"
readonly ISSUER=https://token.actions.githubusercontent.com
readonly SERVICES=(alert-ingestion incident-management oncall-service web-ui)

image_of() { printf 'ghcr.io/%s/vigie-%s' "${GITHUB_REPOSITORY_OWNER,,}" "$1"; }
digest_of() { cat "$OUT/$1.digest"; }
# The digest that a reference has in the registry; nothing when there is no such reference.
remote_digest() { docker buildx imagetools inspect --format '{{json .Manifest.Digest}}' "$1" 2>/dev/null | tr -d '"'; }

# All tags of this run's images, as "KIND TAG" (ci/publishing/names.py).
tags() {
  local others
  others="$(gh api --paginate "repos/$GITHUB_REPOSITORY/git/matching-refs/tags/v" --jq '.[].ref')"
  python_ci publishing.names "$GITHUB_REF" "$GITHUB_SHA" <<<"$others"
}

service_id() {
  python_ci images.record list "$CI_OUT/build/images.json" | awk -F'\t' -v service="$1" '$1 == service { print $2 }'
}

push() {
  local image id tag digest config sbom="$CI_OUT/build/sbom/$SERVICE.cdx.json"
  image="$(image_of "$SERVICE")"
  tag="run-$GITHUB_RUN_ID-$GITHUB_RUN_ATTEMPT" # registries take no push without a tag; people pull the others
  PYTHONPATH="$CI_DIR" python3 -P -c \
    'import sys, pathlib; from pipeline import manifest; manifest.check(pathlib.Path(sys.argv[1]))' "$CI_OUT/build"
  python_ci images.load "$CI_OUT/build"
  id="$(service_id "$SERVICE")"
  [[ -n "$id" && -f "$sbom" ]] || fail "the build handed on no image or no bill of materials of $SERVICE" \
    "read the build job" "$EXIT_ARTIFACT"
  docker tag "$id" "$image:$tag"
  docker push --quiet "$image:$tag"
  digest="$(remote_digest "$image:$tag")"
  config="$(docker buildx imagetools inspect --raw "$image@$digest" | python3 -c 'import json, sys; print(json.load(sys.stdin)["config"]["digest"])')"
  [[ "$config" == "$id" ]] ||
    fail "$image@$digest is not the image that was verified: $config, verified was $id" "do not use it"
  printf '%s\n' "$digest" >"$OUT/$SERVICE.digest"
  printf 'image=%s\ndigest=%s\nsbom=%s\n' "$image" "$digest" "$sbom" >>"$GITHUB_OUTPUT"
}

sign() {
  need_tool cosign "the workflow installs it with sigstore/cosign-installer"
  cosign sign --yes "$(image_of "$SERVICE")@$(digest_of "$SERVICE")"
}

verify() {
  need_tool cosign "the workflow installs it with sigstore/cosign-installer"
  need_tool gh "GitHub's runners have it"
  local service reference workflow="https://github.com/$GITHUB_REPOSITORY/.github/workflows/publish.yml"
  for service in "${SERVICES[@]}"; do
    [[ -s "$OUT/$service.digest" ]] || fail "$service was not pushed" "read its push job" "$EXIT_ARTIFACT"
    reference="$(image_of "$service")@$(digest_of "$service")"
    group "$reference"
    cosign verify --certificate-oidc-issuer "$ISSUER" --certificate-identity "$workflow@$GITHUB_REF" "$reference"
    gh attestation verify "oci://$reference" --repo "$GITHUB_REPOSITORY" --signer-workflow "${workflow#https://github.com/}" \
      --source-digest "$GITHUB_SHA"
    gh attestation verify "oci://$reference" --repo "$GITHUB_REPOSITORY" --signer-workflow "${workflow#https://github.com/}" \
      --source-digest "$GITHUB_SHA" --predicate-type https://cyclonedx.org/bom
    endgroup
  done
}

# A slower run of an older commit must not take `main` back.
is_newest_of_main() {
  [[ "$(gh api "repos/$GITHUB_REPOSITORY/commits/main" --jq .sha)" == "$GITHUB_SHA" ]]
}

name() {
  local service image digest kind tag there planned newest=1
  planned="$(tags)"
  if [[ "$planned" == *"newest "* ]] && ! is_newest_of_main; then newest=""; fi
  # All are looked at before any is set: a release is there whole or not at all.
  for service in "${SERVICES[@]}"; do
    image="$(image_of "$service")" digest="$(digest_of "$service")"
    while read -r kind tag; do
      [[ "$kind" == fixed ]] || continue
      there="$(remote_digest "$image:$tag")" || there=""
      [[ -z "$there" || "$there" == "$digest" ]] ||
        fail "$image:$tag is published as $there and stays that" "give the release a new version"
    done <<<"$planned"
  done
  for service in "${SERVICES[@]}"; do
    image="$(image_of "$service")" digest="$(digest_of "$service")"
    while read -r kind tag; do
      if [[ "$kind" == newest && -z "$newest" ]]; then
        say "$image:$tag stays where it is: main has moved on"
      else
        docker buildx imagetools create --prefer-index=false --tag "$image:$tag" "$image@$digest"
        say "$image:$tag is $digest"
      fi
    done <<<"$planned"
  done
}

main() {
  local action=${1:-}
  cd "$ROOT"
  mkdir -p "$OUT"
  case "$action" in
    push | sign)
      [[ -n "${SERVICE:-}" ]] || fail "SERVICE is not set" "name one of: ${SERVICES[*]}" "$EXIT_USAGE"
      "$action"
      ;;
    verify | name) "$action" ;;
    *) fail "unknown action '$action'" "push, sign, verify or name" "$EXIT_USAGE" ;;
  esac
}

main "$@"
