-- Care periods, trajectories and switches (domain.md §4) of every scope under each definition set, and the same rules
-- for residential care alone.

-- The last day of the window of a care period that ended on a day.
CREATE FUNCTION pg_temp.until_day(ended date, months integer, to_half_year boolean) RETURNS date
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN NOT to_half_year THEN (ended + make_interval(months => months))::date
        WHEN extract(month FROM ended) <= 6 THEN (date_trunc('year', ended) + interval '12 months')::date - 1
        ELSE (date_trunc('year', ended) + interval '18 months')::date - 1
    END
$$;

-- The very last running day of an indication that does not run on, and what is said of its ending.
CREATE TEMPORARY TABLE closed ON COMMIT DROP AS
SELECT history, youth, indication, ran.last_day, closing_reason, newest.change_reason
FROM (
    SELECT history, youth, indication, max(day) AS last_day FROM running_day GROUP BY history, youth, indication
) AS ran
JOIN horizon USING (history)
JOIN indication USING (history, youth, indication)
LEFT JOIN (
    SELECT DISTINCT ON (history, youth, indication) history, youth, indication, change_reason
    FROM granted
    ORDER BY history, youth, indication, place DESC
) AS newest USING (history, youth, indication)
WHERE ran.last_day < horizon.last_day;

CREATE TEMPORARY TABLE scope_closed ON COMMIT DROP AS
SELECT m.history, m.youth, m.kind, m.scope, kept.residential_only, c.last_day, c.closing_reason, c.change_reason
FROM closed AS c
JOIN member AS m USING (history, youth, indication)
CROSS JOIN (VALUES (false), (true)) AS kept (residential_only)
WHERE m.residential IS NOT NULL OR NOT kept.residential_only;

-- Maximal runs of running days: gaps and islands.
CREATE TEMPORARY TABLE island ON COMMIT DROP AS
SELECT history, youth, kind, scope, residential_only, min(day) AS first_day, max(day) AS last_day
FROM (
    SELECT
        history, youth, kind, scope, residential_only, day,
        day - row_number() OVER (
            PARTITION BY history, youth, kind, scope, residential_only ORDER BY day
        )::integer AS run
    FROM scope_running_day
    CROSS JOIN (VALUES (false), (true)) AS kept (residential_only)
    WHERE is_residential OR NOT residential_only
) AS day
GROUP BY history, youth, kind, scope, residential_only, run;

-- A short gap after a paper end is bridged.
CREATE TEMPORARY TABLE care_span ON COMMIT DROP AS
SELECT
    history, definition, youth, kind, scope, residential_only, min(first_day) AS first_day, max(last_day) AS last_day
FROM (
    SELECT
        *, count(*) FILTER (WHERE NOT is_bridged) OVER (
            PARTITION BY history, definition, youth, kind, scope, residential_only ORDER BY first_day
        ) AS number
    FROM (
        SELECT
            i.*, d.definition,
            coalesce(
                i.first_day - before.last_day - 1 <= d.paper_gap_days
                AND EXISTS (
                    SELECT FROM scope_closed AS c
                    WHERE (c.history, c.youth, c.kind, c.scope, c.residential_only, c.last_day)
                        = (i.history, i.youth, i.kind, i.scope, i.residential_only, before.last_day)
                        AND c.closing_reason IN ('36', '37', '38')
                ),
                false
            ) AS is_bridged
        FROM island AS i
        CROSS JOIN definition AS d
        LEFT JOIN LATERAL (
            SELECT max(b.last_day) AS last_day FROM island AS b
            WHERE (b.history, b.youth, b.kind, b.scope, b.residential_only)
                = (i.history, i.youth, i.kind, i.scope, i.residential_only)
                AND b.last_day < i.first_day
        ) AS before ON true
    ) AS gap
) AS numbered
GROUP BY history, definition, youth, kind, scope, residential_only, number;

-- How each began and ended. A start lies inside the window of the period before it, or it is inflow; it is unknown as
-- long as care that ended before the coverage start could make it a return. `last_day` is null while it is open.
CREATE TEMPORARY TABLE care_period ON COMMIT DROP AS
SELECT
    history, definition, youth, kind, scope, residential_only, first_day,
    CASE WHEN last_day < horizon_day THEN last_day END AS last_day,
    CASE WHEN last_day < horizon_day THEN pg_temp.until_day(last_day, window_months, to_half_year) END AS until,
    CASE
        WHEN first_day <= pg_temp.until_day(ended_before, window_months, to_half_year) THEN 'return'
        WHEN ended_before IS NULL
            AND first_day <= pg_temp.until_day(coverage_start - 1, window_months, to_half_year) THEN 'unknown'
        ELSE 'inflow'
    END AS opening,
    CASE
        WHEN first_day <= (ended_before + interval '60 months')::date THEN 'repeat'
        WHEN ended_before IS NULL AND first_day < (coverage_start + interval '60 months')::date THEN 'unknown'
        ELSE 'new'
    END AS five_years,
    next_first_day
FROM (
    SELECT
        *,
        lag(last_day) OVER scoped AS ended_before,
        lead(first_day) OVER scoped AS next_first_day
    FROM care_span
    WINDOW scoped AS (PARTITION BY history, definition, youth, kind, scope, residential_only ORDER BY first_day)
) AS span
JOIN definition USING (definition)
JOIN question USING (history)
JOIN (SELECT history, last_day AS horizon_day FROM horizon) AS horizon USING (history);

-- Why a period ended: the first that applies among the indications that closed on its last day.
CREATE TEMPORARY TABLE care_exit ON COMMIT DROP AS
SELECT
    p.history, p.definition, p.youth, p.kind, p.scope, p.residential_only, p.first_day, p.last_day, p.until,
    p.next_first_day,
    CASE
        WHEN bool_or(c.closing_reason = '02') THEN 'died'
        WHEN bool_or(c.change_reason = '07') THEN 'moved'
        WHEN bool_or(c.closing_reason = '39') THEN 'other-domain'
        ELSE 'ended'
    END AS exit_kind
FROM care_period AS p
LEFT JOIN scope_closed AS c
    ON (c.history, c.youth, c.kind, c.scope, c.residential_only, c.last_day)
    = (p.history, p.youth, p.kind, p.scope, p.residential_only, p.last_day)
WHERE p.last_day IS NOT NULL
GROUP BY
    p.history, p.definition, p.youth, p.kind, p.scope, p.residential_only, p.first_day, p.last_day, p.until,
    p.next_first_day;

-- Begun in crisis: an indication whose running days begin on the period's first day is crisis care.
CREATE TEMPORARY TABLE care_start ON COMMIT DROP AS
SELECT
    p.history, p.definition, p.youth, p.kind, p.scope, p.first_day, p.five_years,
    EXISTS (
        SELECT FROM member AS m
        JOIN indication AS i USING (history, youth, indication)
        JOIN running_day AS r USING (history, youth, indication)
        WHERE (m.history, m.youth, m.kind, m.scope, r.day) = (p.history, p.youth, p.kind, p.scope, p.first_day)
            AND i.crisis
    ) AS is_crisis
FROM care_period AS p
WHERE NOT p.residential_only;

-- Care periods chained while each return falls inside the window.
CREATE TEMPORARY TABLE trajectory_period ON COMMIT DROP AS
SELECT
    *, min(first_day) OVER (PARTITION BY history, definition, youth, chain) AS trajectory_first_day,
    CASE WHEN count(last_day) OVER (PARTITION BY history, definition, youth, chain)
        = count(*) OVER (PARTITION BY history, definition, youth, chain)
        THEN max(last_day) OVER (PARTITION BY history, definition, youth, chain) END AS trajectory_last_day
FROM (
    SELECT
        history, definition, youth, first_day, last_day,
        count(*) FILTER (WHERE opening <> 'return') OVER (
            PARTITION BY history, definition, youth ORDER BY first_day
        ) AS chain
    FROM care_period
    WHERE kind = 'all' AND NOT residential_only
) AS chained;
