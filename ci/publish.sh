#!/usr/bin/env bash
# Publishes the images that this run built, scanned, deployed and verified. Run by
# .github/workflows/publish.yml; nothing is built here.
#   ./ci/publish.sh allowed                 whether this ref may be published at all: main, or a tag on main
#   SERVICE=web-ui ./ci/publish.sh push     image of that service to the registry, by content alone
#   SERVICE=web-ui ./ci/publish.sh sign     keyless signature of what push put there
#   ./ci/publish.sh verify                  signature, provenance and bill of materials of all
#   ./ci/publish.sh name                    tags, once all verify
# Needs docker logged in to ghcr.io; sign and verify need cosign, all but push and sign need gh and GH_TOKEN.
# ATTESTATIONS=false: this repository has none (ci/github-features.sh), so verify looks at the signature alone.
# shellcheck source=ci/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
STAGE=publish
OUT="$CI_OUT/publish"
readonly ISSUER=https://token.actions.githubusercontent.com
# Every image that docker-compose.yml needs.
readonly SERVICES=(alert-ingestion incident-management oncall-service web-ui secrets postgres prometheus grafana)

image_of() { printf '%s/%s/vigie-%s' "${VIGIE_REGISTRY:-ghcr.io}" "${GITHUB_REPOSITORY_OWNER,,}" "$1"; }
digest_of() { cat "$OUT/$1.digest"; }

# The digest that a reference has in the registry; nothing when the registry says that there is no such reference. Any
# other answer (no answer, no right to ask) is an error: a release would be overwritten on the strength of it.
remote_digest() {
  local said
  if said="$(docker buildx imagetools inspect --format '{{json .Manifest.Digest}}' "$1" 2>&1)"; then
    tr -d '"' <<<"$said"
  elif [[ ! "$said" =~ (: not found|manifest unknown|MANIFEST_UNKNOWN)$ ]]; then
    fail "the registry does not say whether $1 is there: $(tail -n 1 <<<"$said")" "run this job again"
  fi
}

# All tags of this run's images, as "KIND TAG" (ci/publishing/names.py).
tags() {
  local others
  others="$(gh api --paginate "repos/$GITHUB_REPOSITORY/git/matching-refs/tags/v" --jq '.[].ref')"
  python_ci publishing.names "$GITHUB_REF" "$GITHUB_SHA" <<<"$others"
}

service_id() {
  python_ci images.record list "$CI_OUT/build/images.json" | awk -F'\t' -v service="$1" '$1 == service { print $2 }'
}

# A tag can be put on any commit, also on one that nobody reviewed.
allowed() {
  local relation
  python_ci publishing.names "$GITHUB_REF" "$GITHUB_SHA" </dev/null >"$OUT/names.txt" 2>&1 ||
    fail "$(tail -n 1 "$OUT/names.txt")" "push main, or a tag such as v1.2.3"
  relation="$(gh api "repos/$GITHUB_REPOSITORY/compare/main...$GITHUB_SHA" --jq .status)"
  [[ "$relation" == identical || "$relation" == behind ]] ||
    fail "$GITHUB_REF is not on main ($relation): it is not published" "merge it first, then tag what is on main"
  say "$GITHUB_REF may be published"
}

push() {
  local image id tag digest sbom="$CI_OUT/build/sbom/$SERVICE.cdx.json"
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
  [[ -n "$digest" ]] || fail "$image:$tag was pushed and is not there" "run this job again"
  python_ci images.content "$id" "$image@$digest" >"$OUT/$SERVICE.content.txt" ||
    fail "$(tail -n 1 "$OUT/$SERVICE.content.txt")" "do not use it"
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
    if [[ "${ATTESTATIONS:-true}" != true ]]; then
      say "no attestations to verify: this repository has none"
      endgroup
      continue
    fi
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
      there="$(remote_digest "$image:$tag")" || exit $?
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
    allowed | verify | name) "$action" ;;
    *) fail "unknown action '$action'" "allowed, push, sign, verify or name" "$EXIT_USAGE" ;;
  esac
}

main "$@"
