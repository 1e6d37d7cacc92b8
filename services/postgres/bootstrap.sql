-- Roles, database rights and schemas of one installation. Run by psql as the superuser, connected
-- to the database `vigie`, by the runner without Docker and by compose alike, at every start; running
-- it again changes nothing but the passwords, which follow the files, and what a release before left
-- otherwise.
--
--   psql -X -v ON_ERROR_STOP=1 -v secrets_dir=/run/secrets -d vigie -f bootstrap.sql
--
-- secrets_dir holds one file a password: alerts_db_password, incidents_db_password,
-- oncall_db_password, metrics_db_password.

\set ON_ERROR_STOP on
\set QUIET on
\if :{?secrets_dir}
\else
  \set secrets_dir /run/secrets
\endif

-- Neither the server's log nor an error message may carry a password.
SET log_statement = 'none';
SET log_min_error_statement = 'panic';
SET log_min_duration_statement = -1;
SET client_min_messages = 'warning';

\set alerts_password `cat -- :'secrets_dir'/alerts_db_password`
\set incidents_password `cat -- :'secrets_dir'/incidents_db_password`
\set oncall_password `cat -- :'secrets_dir'/oncall_db_password`
\set metrics_password `cat -- :'secrets_dir'/metrics_db_password`

-- An unreadable file leaves an empty variable, and an empty password would lock the service out.
SELECT (:'alerts_password' = '' OR :'incidents_password' = '' OR :'oncall_password' = ''
        OR :'metrics_password' = '') AS password_missing \gset
\if :password_missing
  \warn bootstrap.sql: a password file in :secrets_dir is missing or empty
  SELECT 1 / 0 AS "a password file is missing or empty";
\endif

-- Two starts at the same time take turns: CREATE ROLE has no IF NOT EXISTS.
SELECT pg_advisory_lock(hashtext('vigie bootstrap')) \g /dev/null

SELECT format('CREATE ROLE %I LOGIN NOINHERIT', name)
FROM unnest(ARRAY['vigie_alerts', 'vigie_incidents', 'vigie_oncall', 'vigie_metrics']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec

ALTER ROLE vigie_alerts PASSWORD :'alerts_password';
ALTER ROLE vigie_incidents PASSWORD :'incidents_password';
ALTER ROLE vigie_oncall PASSWORD :'oncall_password';
ALTER ROLE vigie_metrics PASSWORD :'metrics_password';

-- A schema belongs to one role, and nobody else may look into it.
CREATE SCHEMA IF NOT EXISTS alerts AUTHORIZATION vigie_alerts;
CREATE SCHEMA IF NOT EXISTS incidents AUTHORIZATION vigie_incidents;
CREATE SCHEMA IF NOT EXISTS oncall AUTHORIZATION vigie_oncall;

SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database()) \gexec
SELECT format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO vigie_alerts, vigie_incidents, vigie_oncall',
              current_database()) \gexec
SELECT format('GRANT CONNECT ON DATABASE %I TO vigie_metrics', current_database()) \gexec
REVOKE ALL ON SCHEMA public FROM PUBLIC;

-- Names without a schema mean the role's own one.
ALTER ROLE vigie_alerts SET search_path = alerts;
ALTER ROLE vigie_incidents SET search_path = incidents;
ALTER ROLE vigie_oncall SET search_path = oncall;

-- A safety net under the limits that the services set themselves (milliseconds): a client that
-- hangs must not hold a lock for ever. Migrations raise theirs explicitly.
SELECT format('ALTER ROLE %I SET %s', name, setting)
FROM unnest(ARRAY['vigie_alerts', 'vigie_incidents', 'vigie_oncall', 'vigie_metrics']) AS name,
     unnest(ARRAY['statement_timeout = 60000', 'lock_timeout = 20000',
                  'idle_in_transaction_session_timeout = 60000']) AS setting \gexec

-- The role of the figures: sizes, activity and locks, no content. Since PostgreSQL 16 a grant says itself
-- whether it is inherited, and keeps to it: without INHERIT the role sees its own sessions only.
GRANT pg_monitor TO vigie_metrics WITH INHERIT TRUE;
ALTER ROLE vigie_metrics INHERIT;
ALTER ROLE vigie_metrics SET default_transaction_read_only = on;
ALTER ROLE vigie_metrics CONNECTION LIMIT 5;

SELECT pg_advisory_unlock(hashtext('vigie bootstrap')) \g /dev/null
