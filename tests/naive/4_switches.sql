-- Switches in a trajectory (domain.md §4): a run of care of one provision that replaces a run of another.

-- Maximal runs of care days per provision inside a trajectory, short gaps joined; numbered by first day.
CREATE TEMPORARY TABLE provision_run ON COMMIT DROP AS
SELECT
    *, row_number() OVER (
        PARTITION BY history, definition, youth, chain
        ORDER BY first_day, care_form COLLATE "C", coalesce(provider, '') COLLATE "C"
    ) AS number
FROM (
    SELECT history, definition, youth, chain, care_form, provider, min(day) AS first_day, max(day) AS last_day
    FROM (
        SELECT
            *, count(*) FILTER (WHERE is_new) OVER (
                PARTITION BY history, definition, youth, chain, care_form, provider ORDER BY day
            ) AS run
        FROM (
            SELECT
                t.history, t.definition, t.youth, t.chain, p.care_form, p.provider, p.day,
                coalesce(
                    p.day - lag(p.day) OVER (
                        PARTITION BY t.history, t.definition, t.youth, t.chain, p.care_form, p.provider ORDER BY p.day
                    ) - 1 > d.paper_gap_days,
                    true
                ) AS is_new
            FROM (
                SELECT DISTINCT history, youth, care_form, provider, day
                FROM care_day JOIN indication USING (history, youth, indication)
                WHERE counts_as_care
            ) AS p
            JOIN (
                SELECT DISTINCT history, definition, youth, chain, trajectory_first_day, trajectory_last_day
                FROM trajectory_period
            ) AS t
                ON (t.history, t.youth) = (p.history, p.youth) AND p.day >= t.trajectory_first_day
                AND (t.trajectory_last_day IS NULL OR p.day <= t.trajectory_last_day)
            JOIN definition AS d ON d.definition = t.definition
        ) AS begun
    ) AS numbered
    GROUP BY history, definition, youth, chain, care_form, provider, run
) AS run;

ANALYZE provision_run;

-- One run after the other: which run it replaces, knowing which were replaced before. What ended too long before or
-- overlaps too long was not followed by it, and stands in the way of no other; of two that end together the greatest.
CREATE TEMPORARY TABLE replacement ON COMMIT DROP AS
WITH RECURSIVE taken AS (
    SELECT history, definition, youth, chain, number, ARRAY[]::bigint[] AS replaced, NULL::bigint AS replaces
    FROM provision_run
    WHERE number = 1
    UNION ALL
    SELECT
        run.history, run.definition, run.youth, run.chain, run.number,
        CASE WHEN old.number IS NULL THEN taken.replaced ELSE taken.replaced || old.number END, old.number
    FROM taken
    JOIN provision_run AS run
        ON (run.history, run.definition, run.youth, run.chain, run.number)
        = (taken.history, taken.definition, taken.youth, taken.chain, taken.number + 1)
    JOIN definition AS d ON d.definition = run.definition
    LEFT JOIN LATERAL (
        SELECT ended.number, ended.last_day
        FROM provision_run AS ended
        WHERE (ended.history, ended.definition, ended.youth, ended.chain)
            = (run.history, run.definition, run.youth, run.chain)
            AND (ended.care_form, ended.provider) IS DISTINCT FROM (run.care_form, run.provider)
            AND ended.first_day < run.first_day
            AND ended.last_day < run.last_day
            AND ended.number <> ALL (taken.replaced)
            AND run.first_day - ended.last_day - 1 <= d.paper_gap_days
            AND ended.last_day - run.first_day + 1 <= d.handover_days
        ORDER BY ended.last_day DESC, ended.care_form COLLATE "C" DESC, coalesce(ended.provider, '') COLLATE "C" DESC
        LIMIT 1
    ) AS old ON true
)
SELECT history, definition, youth, chain, number, replaces FROM taken WHERE replaces IS NOT NULL;

-- A switch counts from the later of the new run's first day and the day after the old run's end.
CREATE TEMPORARY TABLE switch ON COMMIT DROP AS
SELECT
    r.history, r.definition, r.youth, r.chain, greatest(new.first_day, old.last_day + 1) AS day,
    new.provider IS DISTINCT FROM old.provider AS is_provider, new.care_form <> old.care_form AS is_care_form
FROM replacement AS r
JOIN provision_run AS new
    ON (new.history, new.definition, new.youth, new.chain, new.number)
    = (r.history, r.definition, r.youth, r.chain, r.number)
JOIN provision_run AS old
    ON (old.history, old.definition, old.youth, old.chain, old.number)
    = (r.history, r.definition, r.youth, r.chain, r.replaces);

-- Trajectories that a care period covers on the last day counted; by form, referrer and provider each of which a care
-- period of that group alone covers the day.
CREATE TEMPORARY TABLE running_trajectory ON COMMIT DROP AS
WITH run AS (
    SELECT t.history, t.definition, t.youth, t.chain, t.trajectory_first_day, p.period, p.up
    FROM trajectory_period AS t
    JOIN period AS p
        ON p.history = t.history AND p.per = 'quarter' AND t.first_day <= p.up
        AND (t.last_day IS NULL OR p.up <= t.last_day)
)
SELECT *, 'all' AS kind, 'all' AS scope FROM run
UNION ALL
SELECT c.history, c.definition, c.youth, t.chain, t.trajectory_first_day, p.period, p.up, c.kind, c.scope
FROM care_period AS c
JOIN (
    SELECT DISTINCT history, definition, youth, chain, trajectory_first_day, trajectory_last_day FROM trajectory_period
) AS t
    ON (t.history, t.definition, t.youth) = (c.history, c.definition, c.youth)
    AND c.first_day >= t.trajectory_first_day
    AND (t.trajectory_last_day IS NULL OR c.first_day <= t.trajectory_last_day)
JOIN period AS p
    ON p.history = c.history AND p.per = 'quarter' AND c.first_day <= p.up
    AND (c.last_day IS NULL OR p.up <= c.last_day)
WHERE c.kind <> 'all' AND NOT c.residential_only;

INSERT INTO counted
SELECT
    t.history, t.definition, wanted.indicator, 'quarter', t.period, t.youth, t.kind, t.scope,
    t.up, NULL, wanted.switches, 1, 0
FROM running_trajectory AS t
CROSS JOIN LATERAL (
    SELECT
        count(*) AS replacements, count(*) FILTER (WHERE is_provider) AS providers,
        count(*) FILTER (WHERE is_care_form) AS care_forms
    FROM switch AS s
    WHERE (s.history, s.definition, s.youth, s.chain) = (t.history, t.definition, t.youth, t.chain) AND s.day <= t.up
) AS found
CROSS JOIN LATERAL (
    VALUES ('switches_mean', replacements), ('switches_mean.provider', providers),
        ('switches_mean.care_form', care_forms)
) AS wanted (indicator, switches);

INSERT INTO lasted
SELECT
    history, definition, wanted.indicator, 'quarter', period, youth, kind, scope, up, NULL,
    up - trajectory_first_day + 1, true, 0
FROM running_trajectory
CROSS JOIN (VALUES ('duration_median.running'), ('duration_p90.running')) AS wanted (indicator);
