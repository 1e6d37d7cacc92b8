#!/usr/bin/env bash
# Puts a stack back to what services/backup.sh wrote.
#
#   ./services/restore.sh FILE          asks first
#   ./services/restore.sh FILE --yes    does not ask
#
# What is there now is backed up to backups/ before. The database is restored beside the present one and takes its place
# only when it is complete, so a damaged or foreign file changes nothing. The four services are stopped meanwhile; senders
# that retry lose nothing. Which stack: COMPOSE_PROJECT_NAME, COMPOSE_FILE and COMPOSE_ENV_FILES.

# shellcheck source=ci/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../ci/lib.sh"

readonly SERVICES=(alert-ingestion incident-management oncall-service web-ui)
readonly HEALTH_SECONDS=300

file=""
confirmed=""
for argument in "$@"; do
  case "$argument" in
    --yes) confirmed=1 ;;
    -*) fail "unknown argument $argument" "read the first lines of services/restore.sh" "$EXIT_USAGE" ;;
    *) file="$(realpath -- "$argument")" ;;
  esac
done
[[ -f "$file" ]] || fail "name the file that services/backup.sh wrote" "./services/restore.sh backups/vigie-....tar" "$EXIT_USAGE"

postgres() { docker compose exec -T postgres "$@"; }
sql() { postgres psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username=postgres --dbname=postgres \
  --command='SET client_min_messages = warning' "$@"; }

# --- before anything changes -----------------------------------------------------------------------

cd "$ROOT"
need_docker
[[ "$(docker compose ps --format '{{.Health}}' postgres 2>/dev/null)" == healthy ]] ||
  fail "postgres of this stack is not up and healthy" "docker compose up -d --wait postgres"
umask 077
work="$(mktemp -d)"
on_exit rm -rf "$work"
tar -xf "$file" -C "$work" || fail "$file is no backup: it cannot be unpacked"
(cd "$work" && sha256sum --quiet --check SHA256SUMS) || fail "$file is damaged: its checksums do not fit"
postgres pg_restore --list <"$work/database.dump" >/dev/null || fail "$file holds no readable dump"
sed 's/^/  /' "$work/about.txt"

if [[ -z "$confirmed" ]]; then
  [[ -t 0 ]] || fail "nobody is here to confirm" "add --yes" "$EXIT_USAGE"
  read -r -p "Replace the data of this stack by the backup above? [y/N] " answer
  [[ "$answer" == y || "$answer" == Y ]] || fail "not confirmed, nothing was changed" "" "$EXIT_USAGE"
fi

# --- beside the present database ---------------------------------------------------------------------

"$ROOT/services/backup.sh" "$ROOT/backups/vigie-before-restore-$(date -u +%Y%m%dT%H%M%SZ).tar"
sql --command='DROP DATABASE IF EXISTS vigie_restored' --command='CREATE DATABASE vigie_restored'
postgres pg_restore --username=postgres --dbname=vigie_restored --exit-on-error --single-transaction <"$work/database.dump" ||
  fail "the dump cannot be restored; nothing was changed" "read the lines above"

# --- in its place --------------------------------------------------------------------------------------

mapfile -t running < <(docker compose ps --services --status running | grep -Fx -f <(printf '%s\n' "${SERVICES[@]}"))
((${#running[@]} == 0)) || docker compose stop "${running[@]}"
if [[ -f "$work/secrets.tar" ]]; then
  secrets_again --entrypoint tar -C /run/secrets/installation -x <"$work/secrets.tar"
  secrets_again /run/secrets </dev/null
fi
sql --command='DROP DATABASE IF EXISTS vigie WITH (FORCE)' --command='ALTER DATABASE vigie_restored RENAME TO vigie'
# Rights on the database itself are no part of a dump, and the passwords of its roles follow the secrets.
postgres vigie-bootstrap

healthy() {
  local service
  for service in "${running[@]}"; do
    docker compose ps --format '{{.Health}}' "$service" | grep -q . || return 1
    ! docker compose ps --format '{{.Health}}' "$service" | grep -vqx healthy || return 1
  done
}
if ((${#running[@]} > 0)); then
  docker compose start "${running[@]}"
  wait_until "$HEALTH_SECONDS" "the services to become healthy" healthy ||
    fail "restored, but not every service became healthy" "docker compose ps; docker compose logs ${running[*]}"
fi
say "restored from $file"
