-- The log of looks: who looked at which youth, when and why, kept apart from all services (docs/decisions/0019).
--
-- For the local stack and for docker-compose.yml alike; run by psql as the superuser after roles.sql, and run again
-- it changes nothing.  The owner `access_log` cannot log in.  A service has one way in, the function `append`; nobody
-- changes a line, and each line holds the hash of the one before and of itself, a chain per municipality.  Lines go only
-- at the end of their term, the oldest first and by `remove_before`, which writes down where the chain then begins.
\set ON_ERROR_STOP on
\set QUIET on

\getenv auditor_password AUDITOR_PASSWORD
\getenv log_keeper_password LOG_KEEPER_PASSWORD

SET log_min_error_statement = 'panic';
SET client_min_messages = 'warning';
BEGIN;

SELECT format('CREATE ROLE %I', name) 
  FROM unnest(ARRAY['access_log', 'access_log_remover', 'auditor', 'log_keeper']) AS name
  WHERE name NOT IN (SELECT rolname FROM pg_roles) \gexec
ALTER ROLE access_log NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
ALTER ROLE access_log_remover NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
ALTER ROLE auditor LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 10
  PASSWORD :'auditor_password';
GRANT CONNECT ON DATABASE trajectwacht TO auditor;
-- The auditor reads the chain to check it and writes its heads elsewhere; it is told what it may not do by the server.
ALTER ROLE auditor SET default_transaction_read_only = on;
ALTER ROLE auditor SET search_path = access_log;
ALTER ROLE auditor SET idle_in_transaction_session_timeout = '10s';
-- The keeper ends what is past its term, by one function, and sees no line.
ALTER ROLE log_keeper LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 5
  PASSWORD :'log_keeper_password';
GRANT CONNECT ON DATABASE trajectwacht TO log_keeper;
ALTER ROLE log_keeper SET search_path = access_log;

CREATE SCHEMA IF NOT EXISTS access_log AUTHORIZATION access_log;
SET LOCAL ROLE access_log;
SET LOCAL search_path = access_log;

-- ENTERED.  One line per look and youth, in the shape of the standard Logboek Dataverwerkingen; a look at many youths
-- is one line for the operation and one below it for each youth.  `data_subject_key` is a keyed digest: by it the lines
-- of a youth are found without opening any seal.  `resource` and `recorded` are what the server says, not the service.
CREATE TABLE IF NOT EXISTS look (
    municipality text NOT NULL CHECK (municipality ~ '^[0-9]{4}$'),
    number bigint NOT NULL CHECK (number > 0),
    trace_id bytea NOT NULL CHECK (octet_length(trace_id) = 16),
    span_id bytea NOT NULL CHECK (octet_length(span_id) = 8),
    parent_span_id bytea CHECK (octet_length(parent_span_id) = 8),
    foreign_trace_id bytea CHECK (octet_length(foreign_trace_id) = 16),
    foreign_span_id bytea CHECK (octet_length(foreign_span_id) = 8),
    name text NOT NULL,
    status_code smallint NOT NULL CHECK (status_code BETWEEN 0 AND 2),
    start_time timestamptz NOT NULL,
    end_time timestamptz NOT NULL,
    recorded timestamptz NOT NULL,
    resource text NOT NULL,
    processing_activity_id text NOT NULL,
    data_subject_id bytea,
    data_subject_id_type text,
    data_subject_key bytea,
    actor text NOT NULL,
    actor_roles text NOT NULL,
    purpose text NOT NULL,
    break_glass bigint,
    previous bytea NOT NULL,
    hash bytea NOT NULL,
    PRIMARY KEY (municipality, number)
);
CREATE INDEX IF NOT EXISTS look_under_reason ON look (municipality, break_glass) WHERE break_glass IS NOT NULL;
CREATE INDEX IF NOT EXISTS look_by_subject ON look (municipality, data_subject_key, number)
    WHERE data_subject_key IS NOT NULL;

ALTER TABLE look ENABLE ROW LEVEL SECURITY;
ALTER TABLE look FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS look_of_municipality ON look;
CREATE POLICY look_of_municipality ON look USING (
    municipality = current_setting('app.municipality', true) OR current_setting('app.municipality', true) = '*');

CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- So it is called inside `remove_before` alone: nobody can log in as that role.
    IF TG_OP = 'DELETE' AND current_user = 'access_log_remover' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'the log of looks is only ever added to' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE OR REPLACE TRIGGER look_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON look
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
REVOKE UPDATE, DELETE, TRUNCATE ON look FROM access_log;

-- ENTERED.  Who looks beyond the own team, at whom, for which stated reason and until when; each is the start of a look
-- and stands in the chain as one, with the reason as its purpose.  It ends by itself: nobody has to take it away.
CREATE TABLE IF NOT EXISTS break_glass (
    municipality text NOT NULL CHECK (municipality ~ '^[0-9]{4}$'),
    number bigint NOT NULL CHECK (number > 0),
    data_subject_id bytea NOT NULL,
    actor text NOT NULL,
    actor_roles text NOT NULL,
    reason text NOT NULL,
    asked timestamptz NOT NULL,
    ends timestamptz NOT NULL CHECK (ends > asked AND ends <= asked + interval '3 hours'),
    PRIMARY KEY (municipality, number)
);
CREATE INDEX IF NOT EXISTS break_glass_by_actor ON break_glass (municipality, actor, ends);
CREATE INDEX IF NOT EXISTS break_glass_by_moment ON break_glass (municipality, asked);
ALTER TABLE break_glass ENABLE ROW LEVEL SECURITY;
ALTER TABLE break_glass FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS break_glass_of_municipality ON break_glass;
CREATE POLICY break_glass_of_municipality ON break_glass USING (
    municipality = current_setting('app.municipality', true) OR current_setting('app.municipality', true) = '*');
CREATE OR REPLACE TRIGGER break_glass_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON break_glass
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
REVOKE UPDATE, DELETE, TRUNCATE ON break_glass FROM access_log;

-- ENTERED.  What went at the end of its term, newest last: up to which line, with the hash of that line, from which the
-- chain goes on; all of it was recorded before `before`.  `reason` is the greatest number of a reason that went.
CREATE TABLE IF NOT EXISTS removal (
    municipality text NOT NULL CHECK (municipality ~ '^[0-9]{4}$'),
    removed timestamptz NOT NULL,
    number bigint NOT NULL CHECK (number >= 0),
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    before timestamptz NOT NULL,
    reason bigint NOT NULL CHECK (reason >= 0),
    PRIMARY KEY (municipality, removed)
);
ALTER TABLE removal ENABLE ROW LEVEL SECURITY;
ALTER TABLE removal FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS removal_of_municipality ON removal;
CREATE POLICY removal_of_municipality ON removal USING (
    municipality = current_setting('app.municipality', true) OR current_setting('app.municipality', true) = '*');
CREATE OR REPLACE TRIGGER removal_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON removal
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
REVOKE UPDATE, DELETE, TRUNCATE ON removal FROM access_log;

-- A value with its length in bytes before it, so that no two rows of values give one text (youthcare/looks/line.py).
-- Written so that the planner puts it in place of its call: a page of the list has hundreds of these.
CREATE OR REPLACE FUNCTION field(value text) RETURNS text IMMUTABLE LANGUAGE sql AS
$$ SELECT coalesce(octet_length(value)::text || ':' || value, '-') $$;

CREATE OR REPLACE FUNCTION instant(moment timestamptz) RETURNS text STABLE LANGUAGE sql AS
$$ SELECT trunc(extract(epoch FROM moment) * 1000000)::bigint::text $$;

-- Adds the lines of one operation and answers the number of the last.  The first span is the operation itself; the
-- others are below it.  One lock per municipality, from here to the end of the caller's transaction: whoever calls
-- this does it last.  Nobody waits longer than three seconds; no line is no look.
CREATE OR REPLACE FUNCTION append(
    p_municipality text, p_trace bytea, p_foreign_trace bytea, p_foreign_span bytea, p_name text, p_status smallint,
    p_start timestamptz, p_end timestamptz, p_activity text, p_actor text, p_roles text, p_purpose text,
    p_type text, p_spans bytea[], p_subjects bytea[], p_keys bytea[], p_break_glass bigint[]
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = access_log, pg_catalog, pg_temp SET lock_timeout = '3s' AS $$
DECLARE
    last bigint;
    before bytea;
    recorded_at constant timestamptz := clock_timestamp();
    common text;
    parent bytea;
    befores bytea[] := '{}';
    hashes bytea[] := '{}';
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('access_log/' || p_municipality, 0));
    SELECT l.number, l.hash INTO last, before FROM look AS l
        WHERE l.municipality = p_municipality ORDER BY l.number DESC LIMIT 1;
    IF NOT FOUND THEN
        -- All that there was went at the end of its term, or nothing ever was.
        SELECT r.number, r.hash INTO last, before FROM removal AS r
            WHERE r.municipality = p_municipality ORDER BY r.removed DESC LIMIT 1;
    END IF;
    IF NOT FOUND THEN
        last := 0;
        before := sha256(convert_to('access_log/' || p_municipality, 'UTF8'));
    END IF;
    common := concat(
        field(p_municipality), field(encode(p_trace, 'hex')), field(encode(p_foreign_trace, 'hex')),
        field(encode(p_foreign_span, 'hex')), field(p_name), field(p_status::text), field(instant(p_start)),
        field(instant(p_end)), field(instant(recorded_at)), field(session_user::text), field(p_activity),
        field(p_actor), field(p_roles), field(p_purpose));
    FOR place IN 1 .. cardinality(p_spans) LOOP
        befores := befores || before;
        before := sha256(convert_to(concat(
            field(encode(before, 'hex')), field((last + place)::text), field(encode(p_spans[place], 'hex')),
            field(encode(parent, 'hex')), field(encode(p_subjects[place], 'hex')),
            field(CASE WHEN p_subjects[place] IS NOT NULL THEN p_type END), field(encode(p_keys[place], 'hex')),
            field(p_break_glass[place]::text), common), 'UTF8'));
        hashes := hashes || before;
        parent := p_spans[1];
    END LOOP;
    INSERT INTO look (
            municipality, number, trace_id, span_id, parent_span_id, foreign_trace_id, foreign_span_id, name,
            status_code, start_time, end_time, recorded, resource, processing_activity_id, data_subject_id,
            data_subject_id_type, data_subject_key, actor, actor_roles, purpose, break_glass, previous, hash)
        SELECT p_municipality, last + place, p_trace, span, CASE WHEN place > 1 THEN p_spans[1] END, p_foreign_trace,
            p_foreign_span, p_name, p_status, p_start, p_end, recorded_at, session_user, p_activity, subject,
            CASE WHEN subject IS NOT NULL THEN p_type END, subject_key, p_actor, p_roles, p_purpose, stated, was, own
        FROM unnest(p_spans, p_subjects, p_keys, p_break_glass, befores, hashes)
            WITH ORDINALITY AS each (span, subject, subject_key, stated, was, own, place);
    RETURN last + cardinality(p_spans);
END $$;

-- The lines about one youth, the newest first; for the service that answers "who looked at this child".
CREATE OR REPLACE FUNCTION looks_at(p_municipality text, p_keys bytea[], p_before bigint, p_limit integer)
RETURNS SETOF look STABLE LANGUAGE sql SECURITY DEFINER SET search_path = access_log, pg_catalog, pg_temp AS $$
    SELECT * FROM look WHERE municipality = p_municipality AND data_subject_key = ANY (p_keys)
        AND (p_before IS NULL OR number < p_before) ORDER BY number DESC LIMIT p_limit
$$;

-- States a reason, and answers its number; under the lock of the chain, which the line of this look takes next anyway.
CREATE OR REPLACE FUNCTION state_reason(
    p_municipality text, p_subject bytea, p_actor text, p_roles text, p_reason text, p_asked timestamptz,
    p_ends timestamptz
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = access_log, pg_catalog, pg_temp SET lock_timeout = '3s' AS $$
DECLARE
    given bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('access_log/' || p_municipality, 0));
    -- A number is never given twice, also when the reasons before have gone.
    SELECT greatest(
        (SELECT coalesce(max(b.number), 0) FROM break_glass AS b WHERE b.municipality = p_municipality),
        (SELECT coalesce(max(r.reason), 0) FROM removal AS r WHERE r.municipality = p_municipality)) + 1 INTO given;
    INSERT INTO break_glass (municipality, number, data_subject_id, actor, actor_roles, reason, asked, ends)
        VALUES (p_municipality, given, p_subject, p_actor, p_roles, p_reason, p_asked, p_ends);
    RETURN given;
END $$;

-- The reasons of somebody that stand at a moment.
CREATE OR REPLACE FUNCTION reasons_standing(p_municipality text, p_actor text, p_now timestamptz)
RETURNS SETOF break_glass STABLE LANGUAGE sql SECURITY DEFINER SET search_path = access_log, pg_catalog, pg_temp AS $$
    SELECT * FROM break_glass WHERE municipality = p_municipality AND actor = p_actor AND asked <= p_now
        AND ends > p_now ORDER BY number
$$;

-- The reasons stated in a stretch of time, with how many looks there were under each.
CREATE OR REPLACE FUNCTION reasons_between(p_municipality text, p_from timestamptz, p_until timestamptz)
RETURNS TABLE (reason break_glass, looks bigint) STABLE LANGUAGE sql SECURITY DEFINER
SET search_path = access_log, pg_catalog, pg_temp AS $$
    SELECT b, (SELECT count(*) FROM look WHERE look.municipality = b.municipality AND look.break_glass = b.number)
        FROM break_glass AS b
        WHERE b.municipality = p_municipality AND b.asked >= p_from AND b.asked < p_until ORDER BY b.number
$$;

-- How many reasons were stated in a stretch of time; for the weekly mail, which names nobody.
CREATE OR REPLACE FUNCTION reasons_counted(p_municipality text, p_from timestamptz, p_until timestamptz)
RETURNS bigint STABLE LANGUAGE sql SECURITY DEFINER SET search_path = access_log, pg_catalog, pg_temp AS $$
    SELECT count(*) FROM break_glass WHERE municipality = p_municipality AND asked >= p_from AND asked < p_until
$$;

-- Per municipality when its oldest line was recorded; for whoever ends what is past its term, and sees no line.
CREATE OR REPLACE FUNCTION oldest_looks() RETURNS TABLE (municipality text, recorded timestamptz)
STABLE LANGUAGE sql SECURITY DEFINER SET search_path = access_log, pg_catalog, pg_temp AS $$
    WITH RECURSIVE known (municipality) AS (
        (SELECT l.municipality FROM look AS l ORDER BY l.municipality LIMIT 1)
        UNION ALL
        SELECT (SELECT l.municipality FROM look AS l WHERE l.municipality > known.municipality
            ORDER BY l.municipality LIMIT 1) FROM known WHERE known.municipality IS NOT NULL
    )
    SELECT known.municipality, (SELECT l.recorded FROM look AS l WHERE l.municipality = known.municipality
        ORDER BY l.number LIMIT 1) FROM known WHERE known.municipality IS NOT NULL
$$;

-- How many lines of a municipality were recorded before a moment, at the old end of its chain.
CREATE OR REPLACE FUNCTION looks_before(p_municipality text, p_before timestamptz) RETURNS bigint
STABLE LANGUAGE sql SECURITY DEFINER SET search_path = access_log, pg_catalog, pg_temp AS $$
    SELECT count(*) FROM look AS l WHERE l.municipality = p_municipality AND l.number < coalesce((
        SELECT k.number FROM look AS k WHERE k.municipality = p_municipality AND k.recorded >= p_before
        ORDER BY k.number LIMIT 1), 9223372036854775807)
$$;

RESET ROLE;

-- Ends what was recorded before a moment: the oldest lines in a row, so many at most, and the reasons that no line
-- refers to any more; answers how many rows went.  Under the lock of the chain, so that it is short.  The term is the
-- municipality's; that it is at least a year is held to here.
CREATE OR REPLACE FUNCTION remove_before(p_municipality text, p_before timestamptz, p_limit integer)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = access_log, pg_catalog, pg_temp SET lock_timeout = '3s' AS $$
DECLARE
    moment timestamptz := clock_timestamp();
    earlier removal;
    last bigint;
    last_hash bytea;
    lines bigint;
    reasons bigint;
    reason_gone bigint;
BEGIN
    IF p_before > moment - interval '1 year' THEN
        RAISE EXCEPTION 'a look is kept for at least a year' USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('access_log/' || p_municipality, 0));
    -- Of those who waited for the lock the last is the newest.
    moment := clock_timestamp();
    SELECT * INTO earlier FROM removal AS r WHERE r.municipality = p_municipality ORDER BY r.removed DESC LIMIT 1;
    -- Not the lines older than that moment, but those before the first younger one: no number is left out.
    SELECT max(number) FILTER (WHERE is_old) INTO last FROM (
        SELECT number, bool_and(recorded < p_before) OVER (ORDER BY number) AS is_old FROM (
            SELECT l.number, l.recorded FROM look AS l WHERE l.municipality = p_municipality
            ORDER BY l.number LIMIT p_limit) AS oldest) AS seen;
    SELECT l.hash INTO last_hash FROM look AS l WHERE l.municipality = p_municipality AND l.number = last;
    DELETE FROM look AS l WHERE l.municipality = p_municipality AND l.number <= last;
    GET DIAGNOSTICS lines = ROW_COUNT;
    WITH gone AS (
        DELETE FROM break_glass AS b WHERE b.municipality = p_municipality AND b.asked < p_before AND NOT EXISTS (
            SELECT FROM look AS l WHERE l.municipality = b.municipality AND l.break_glass = b.number)
        RETURNING b.number
    ) SELECT count(*), max(number) INTO reasons, reason_gone FROM gone;
    IF lines + reasons > 0 THEN
        INSERT INTO removal (municipality, removed, number, hash, before, reason) VALUES (
            p_municipality, moment, coalesce(last, earlier.number, 0),
            coalesce(last_hash, earlier.hash, sha256(convert_to('access_log/' || p_municipality, 'UTF8'))),
            p_before, greatest(earlier.reason, reason_gone, 0));
    END IF;
    RETURN lines + reasons;
END $$;

ALTER FUNCTION remove_before OWNER TO access_log_remover;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA access_log FROM PUBLIC;
GRANT USAGE ON SCHEMA access_log TO indication, trajectory, indicators, alerts, auditor, log_keeper, access_log_remover;
GRANT EXECUTE ON FUNCTION append TO indication, trajectory, indicators, alerts;
GRANT EXECUTE ON FUNCTION looks_at TO alerts, auditor;
GRANT EXECUTE ON FUNCTION state_reason, reasons_between, reasons_counted TO alerts;
GRANT EXECUTE ON FUNCTION reasons_standing TO trajectory, alerts;
GRANT EXECUTE ON FUNCTION remove_before, oldest_looks, looks_before TO log_keeper;
GRANT SELECT ON look, break_glass, removal TO auditor;
GRANT SELECT, DELETE ON look, break_glass TO access_log_remover;
GRANT SELECT, INSERT ON removal TO access_log_remover;

COMMIT;
