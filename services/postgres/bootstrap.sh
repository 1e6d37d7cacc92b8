#!/bin/sh
# Makes roles and schemas: at the first start (from /docker-entrypoint-initdb.d), at every later one (from vigie-postgres), and
# after a password was changed in the secrets volume:  docker compose exec postgres vigie-bootstrap
set -eu
exec psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --set secrets_dir=/run/secrets/postgres \
  --username postgres --dbname vigie --file /usr/local/share/vigie/bootstrap.sql
