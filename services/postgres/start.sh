#!/bin/sh
# The image's entrypoint. The official one makes roles and schemas at the first start only; every later start brings those of
# this release to the database that is there, before anybody can connect: the server listens on its socket alone meanwhile.
set -eu
if [ "${1:-}" = postgres ] && [ -s "$PGDATA/PG_VERSION" ]; then
  # The patience is for a server that was killed, and reads its log first.
  pg_ctl --pgdata "$PGDATA" --silent --wait --timeout 600 --options "-c listen_addresses=''" start
  # A database with the roles of the release before is better than none.
  vigie-bootstrap ||
    echo 'vigie-postgres: roles and schemas were not brought up to this release; what psql says above is why.' >&2
  pg_ctl --pgdata "$PGDATA" --silent --wait --timeout 600 --mode fast stop
fi
exec docker-entrypoint.sh "$@"
