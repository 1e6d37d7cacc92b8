#!/bin/sh
# The image's entrypoint. The official one makes roles and schemas at the first start only; every later start brings those of
# this release to the database that is there, before anybody can connect: the server listens on its socket alone meanwhile.
set -eu

stop() { pg_ctl --pgdata "$PGDATA" --silent --wait --timeout 600 --mode fast stop; }

if [ "${1:-}" = postgres ] && [ -s "$PGDATA/PG_VERSION" ]; then
  # In the background, so that a stop is heard while a server that was killed reads its log, however long that takes.
  trap 'stop; exit 0' INT TERM
  pg_ctl --pgdata "$PGDATA" --silent --wait --timeout 86400 --options "-c listen_addresses=''" start &
  wait $!
  # A database with the roles of the release before is better than none.
  vigie-bootstrap ||
    echo 'vigie-postgres: roles and schemas were not brought up to this release; what psql says above is why.' >&2
  stop
  trap - INT TERM
fi
exec docker-entrypoint.sh "$@"
