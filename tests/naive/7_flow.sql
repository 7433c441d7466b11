-- Flows of care periods: the balance of a month, exits that last, new and repeated, and how long ended periods were.

-- At the start: covering the day before the month. At the end: covering its last day, or the day asked.
INSERT INTO counted
SELECT c.history, c.definition, stock.indicator, 'month', p.period, c.youth, c.kind, c.scope, stock.day, NULL, 1, 0, 0
FROM care_period AS c
JOIN period AS p ON p.history = c.history AND p.per = 'month'
CROSS JOIN LATERAL (
    VALUES ('flow_balance.start', p.first_day - 1), ('flow_balance.end', p.up)
) AS stock (indicator, day)
WHERE NOT c.residential_only AND c.first_day <= stock.day AND (c.last_day IS NULL OR c.last_day >= stock.day);

INSERT INTO counted
SELECT
    c.history, c.definition, 'flow_balance.' || c.opening, 'month', p.period, c.youth, c.kind, c.scope, c.first_day,
    NULL, 1, 0, 0
FROM care_period AS c
JOIN period AS p ON p.history = c.history AND p.per = 'month' AND c.first_day BETWEEN p.first_day AND p.up
WHERE NOT c.residential_only;

-- An exit lies on the day after the last day, in the group of the last day.
INSERT INTO counted
SELECT
    c.history, c.definition, 'flow_balance.exits', 'month', p.period, c.youth, c.kind, c.scope, c.last_day,
    NULL, 1, 0, 0
FROM care_period AS c
JOIN period AS p ON p.history = c.history AND p.per = 'month' AND c.last_day + 1 BETWEEN p.first_day AND p.up
WHERE NOT c.residential_only;

INSERT INTO lasted
SELECT
    c.history, c.definition, wanted.indicator, 'quarter', p.period, c.youth, c.kind, c.scope, c.last_day, NULL,
    c.last_day - c.first_day + 1, true, 0
FROM care_period AS c
JOIN period AS p ON p.history = c.history AND p.per = 'quarter' AND c.last_day + 1 BETWEEN p.first_day AND p.up
CROSS JOIN (VALUES ('duration_median.ended'), ('duration_p90.ended')) AS wanted (indicator)
WHERE NOT c.residential_only;

-- Moves inside a care period from one day to the next, between teams and, on a birthday, between age bands.
CREATE TEMPORARY TABLE moved ON COMMIT DROP AS
SELECT now.history, c.definition, p.period, sides.*
FROM care_period AS c
JOIN youth_day AS now USING (history, youth)
JOIN youth_day AS before ON (before.history, before.youth, before.day) = (now.history, now.youth, now.day - 1)
JOIN period_day AS p ON (p.history, p.day, p.per) = (now.history, now.day, 'month')
CROSS JOIN LATERAL (
    VALUES
        ('team', coalesce(before.known_team, 'unknown'), coalesce(now.known_team, 'unknown')),
        ('age_band', before.age_band, now.age_band)
) AS sides (group_kind, old_group, new_group)
WHERE c.kind = 'all' AND NOT c.residential_only
    AND before.day >= c.first_day AND (c.last_day IS NULL OR now.day <= c.last_day)
    AND old_group <> new_group;

-- Of exits whose window has closed the latest in the quarter, and of those pending the latest; others have no say.
INSERT INTO counted
SELECT
    history, definition, 'sustainable_exit_rate', 'quarter', period, youth, kind, scope, last_day, NULL,
    CASE WHEN is_pending OR next_first_day <= until THEN 0 ELSE 1 END,
    CASE WHEN is_pending THEN 0 ELSE 1 END,
    CASE WHEN is_pending THEN 1 ELSE 0 END
FROM (
    SELECT
        e.*, p.period, e.until >= p.asked AS is_pending,
        row_number() OVER (
            PARTITION BY e.history, e.definition, e.youth, e.kind, e.scope, p.period, e.until >= p.asked
            ORDER BY e.last_day DESC
        ) AS place
    FROM care_exit AS e
    JOIN period AS p ON p.history = e.history AND p.per = 'quarter' AND e.until BETWEEN p.first_day AND p.last_day
    WHERE NOT e.residential_only AND e.exit_kind IN ('ended', 'other-domain') AND e.last_day < p.asked
) AS placed
WHERE place = 1;

-- Begun in the year: new, repeated within five years, or nobody knows; and begun in crisis.
INSERT INTO counted
SELECT
    c.history, c.definition, figure.indicator, 'year', p.period, c.youth, c.kind, c.scope,
    coalesce(y.day, c.first_day), NULL, figure.holds::integer, 1, figure.is_pending::integer
FROM care_start AS c
JOIN period AS p ON p.history = c.history AND p.per = 'year' AND c.first_day BETWEEN p.first_day AND p.up
LEFT JOIN youth_period AS y
    ON (y.history, y.youth, y.kind, y.scope, y.per, y.period)
    = (c.history, c.youth, c.kind, c.scope, p.per, p.period)
CROSS JOIN LATERAL (
    VALUES
        ('new_share', five_years = 'new', five_years = 'unknown'),
        ('repeat_share', five_years = 'repeat', five_years = 'unknown'),
        ('crisis_share', is_crisis, false)
) AS figure (indicator, holds, is_pending);
