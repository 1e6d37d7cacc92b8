#!/usr/bin/env bash
# Writes one file with everything an installation cannot make again: the database and the secrets.
#
#   ./services/backup.sh                      to backups/vigie-<time in UTC>.tar
#   ./services/backup.sh FILE                 to FILE
#   ./services/backup.sh --no-secrets [FILE]  the database alone, for a copy that leaves the machine
#
# The stack keeps running. The file is readable by its owner alone, and complete or not there at all. Which stack:
# COMPOSE_PROJECT_NAME, COMPOSE_FILE and COMPOSE_ENV_FILES, as for docker compose itself.

# shellcheck source=ci/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../ci/lib.sh"

with_secrets=1
target=""
for argument in "$@"; do
  case "$argument" in
    --no-secrets) with_secrets="" ;;
    -*) fail "unknown argument $argument" "read the first lines of services/backup.sh" "$EXIT_USAGE" ;;
    *) target="$(realpath -m -- "$argument")" ;;
  esac
done

cd "$ROOT"
need_docker
[[ "$(docker compose ps --format '{{.Health}}' postgres 2>/dev/null)" == healthy ]] ||
  fail "postgres of this stack is not up and healthy" "docker compose ps; docker compose up -d --wait postgres"
umask 077
target="${target:-$ROOT/backups/vigie-$(date -u +%Y%m%dT%H%M%SZ).tar}"
[[ ! -e "$target" ]] || fail "$target exists already" "name another file"
mkdir -p "$(dirname -- "$target")"

work="$(mktemp -d "$target.partial.XXXXXX")"
on_exit rm -rf "$work"

docker compose exec -T postgres pg_dump --username=postgres --format=custom --dbname=vigie >"$work/database.dump"
parts=(database.dump about.txt)
if [[ -n "$with_secrets" ]]; then
  secrets_again --entrypoint tar -C /run/secrets/installation -c . >"$work/secrets.tar"
  parts+=(secrets.tar)
fi
{
  printf 'made     %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
  printf 'revision %s\n' "$(git rev-parse --short HEAD 2>/dev/null || echo unknown)"
  printf 'server   %s\n' "$(docker compose exec -T postgres postgres --version)"
} >"$work/about.txt"
(cd "$work" && sha256sum "${parts[@]}" >SHA256SUMS && tar -cf backup.tar SHA256SUMS "${parts[@]}")
sync "$work/backup.tar"
mv -n "$work/backup.tar" "$target"
say "wrote $target ($(du -h "$target" | cut -f1)${with_secrets:+, with the secrets: keep it as you keep a key})"
