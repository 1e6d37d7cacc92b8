#!/bin/bash
# The part of the official postgres image's entrypoint that Vigie uses: the first start makes the cluster, the superuser
# and the database, and runs /docker-entrypoint-initdb.d; every start then runs the command. Never runs the server as root.
set -euo pipefail

if [ "${1:0:1}" = - ]; then set -- postgres "$@"; fi
if [ "$1" != postgres ]; then exec "$@"; fi
if [ "$(id -u)" = 0 ]; then
  chown -R postgres:postgres "$PGDATA" /var/run/postgresql
  exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi

user="${POSTGRES_USER:-postgres}"
database="${POSTGRES_DB:-$user}"

initialise() {
  local password="${POSTGRES_PASSWORD:-}" file
  [ -z "${POSTGRES_PASSWORD_FILE:-}" ] || password="$(<"$POSTGRES_PASSWORD_FILE")"
  if [ -z "$password" ]; then
    echo "POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE is needed for the first start" >&2
    exit 1
  fi
  # shellcheck disable=SC2086  # POSTGRES_INITDB_ARGS is a list of words, as in the official image
  initdb --username="$user" --pwfile=<(printf '%s\n' "$password") ${POSTGRES_INITDB_ARGS:-}
  printf '\nhost all all all scram-sha-256\n' >>"$PGDATA/pg_hba.conf"
  echo "listen_addresses = '*'" >>"$PGDATA/postgresql.conf"

  # No TCP while the cluster is being made: nobody can take it for ready.
  pg_ctl -D "$PGDATA" -o "-c listen_addresses=" -w start
  export PGPASSWORD="$password"
  if [ "$database" != postgres ]; then
    psql -v ON_ERROR_STOP=1 --no-psqlrc -U "$user" -d postgres -v name="$database" <<<'CREATE DATABASE :"name";'
  fi
  for file in /docker-entrypoint-initdb.d/*; do
    # shellcheck disable=SC1090  # whatever the image brings
    case "$file" in
      *.sh) if [ -x "$file" ]; then "$file"; else . "$file"; fi ;;
      *.sql) psql -v ON_ERROR_STOP=1 --no-psqlrc --no-password -U "$user" -d "$database" -f "$file" ;;
      *'/*') ;;
      *) echo "ignored: $file" ;;
    esac
  done
  unset PGPASSWORD
  pg_ctl -D "$PGDATA" -m fast -w stop
}

mkdir -p "$PGDATA"
chmod 0700 "$PGDATA"
[ -s "$PGDATA/PG_VERSION" ] || initialise
exec "$@"
