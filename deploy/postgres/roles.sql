-- The four service roles and their schemas, and the two roles by which dashboards read,
-- for the local stack and for docker-compose.yml alike.
--
-- Each service owns one schema of its own name and can neither see nor change another's (design.md, section 4).
-- Run by psql as the superuser in the database `trajectwacht`; passwords come from the environment,
-- because an argument would show in the process list.  Running it again changes nothing but the passwords.
\set ON_ERROR_STOP on
\set QUIET on

\getenv indication_password INDICATION_PASSWORD
\getenv trajectory_password TRAJECTORY_PASSWORD
\getenv indicators_password INDICATORS_PASSWORD
\getenv alerts_password ALERTS_PASSWORD
\getenv dashboard_reader_password DASHBOARD_READER_PASSWORD
\getenv oversight_reader_password OVERSIGHT_READER_PASSWORD

-- A refused statement must not bring its literal values, a password among them, into the server's log.
SET log_min_error_statement = 'panic';
-- One transaction: a start that is cut off leaves no half-made role.
BEGIN;

CREATE TEMPORARY TABLE service_role (name text, password text) ON COMMIT DROP;
INSERT INTO service_role VALUES
  ('indication', :'indication_password'),
  ('trajectory', :'trajectory_password'),
  ('indicators', :'indicators_password'),
  ('alerts', :'alerts_password');

REVOKE ALL ON DATABASE trajectwacht FROM PUBLIC;
REVOKE ALL ON DATABASE postgres FROM PUBLIC;
REVOKE ALL ON SCHEMA public FROM PUBLIC;

SELECT format('CREATE ROLE %I', name)
  FROM service_role WHERE name NOT IN (SELECT rolname FROM pg_roles) \gexec
-- No role may pass by row-level security: municipality is a wall, also for the owner of the tables.
SELECT format('ALTER ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD %L',
              name, password) FROM service_role \gexec
-- TEMPORARY is for bulk loading through a temporary table; it opens no other schema.
SELECT format('GRANT CONNECT, TEMPORARY ON DATABASE trajectwacht TO %I', name) FROM service_role \gexec
SELECT format('CREATE SCHEMA IF NOT EXISTS %I AUTHORIZATION %I', name, name) FROM service_role \gexec
SELECT format('ALTER ROLE %I SET search_path = %I', name, name) FROM service_role \gexec
-- A worker frozen inside a transaction holds its lock: the server ends its session (engine.md, section 1),
-- and whoever waits for that lock waits a little longer than that.
SELECT format('ALTER ROLE %I SET idle_in_transaction_session_timeout = ''10s''', name) FROM service_role \gexec
SELECT format('ALTER ROLE %I SET lock_timeout = ''15s''', name) FROM service_role \gexec

-- Two schemas of views, made by the indicators service: what everyone may see, and what supervisors may.
-- A reader sees the views of its own schema and no table; which municipalities, indicators.dashboard_access says.
-- A municipality of its own gets a role that is IN ROLE dashboard_reader, and its row there.
CREATE TEMPORARY TABLE reading_role (name text, password text, schema text) ON COMMIT DROP;
INSERT INTO reading_role VALUES
  ('dashboard_reader', :'dashboard_reader_password', 'dashboard'),
  ('oversight_reader', :'oversight_reader_password', 'oversight');

SELECT format('CREATE ROLE %I', name)
  FROM reading_role WHERE name NOT IN (SELECT rolname FROM pg_roles) \gexec
SELECT format('ALTER ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 10 '
              'PASSWORD %L', name, password) FROM reading_role \gexec
SELECT format('GRANT CONNECT ON DATABASE trajectwacht TO %I', name) FROM reading_role \gexec
SELECT format('CREATE SCHEMA IF NOT EXISTS %I AUTHORIZATION indicators', schema) FROM reading_role \gexec
SELECT format('GRANT USAGE ON SCHEMA %I TO %I', schema, name) FROM reading_role \gexec
SELECT format('ALTER DEFAULT PRIVILEGES FOR ROLE indicators IN SCHEMA %I GRANT SELECT ON TABLES TO %I', schema, name)
  FROM reading_role \gexec
SELECT format('ALTER ROLE %I SET search_path = %I', name, schema) FROM reading_role \gexec
-- A dashboard reads and never waits long: it must not hold the services up.
SELECT format('ALTER ROLE %I SET default_transaction_read_only = on', name) FROM reading_role \gexec
SELECT format('ALTER ROLE %I SET statement_timeout = ''10s''', name) FROM reading_role \gexec
SELECT format('ALTER ROLE %I SET idle_in_transaction_session_timeout = ''10s''', name) FROM reading_role \gexec

COMMIT;
