-- From what was found to figures: whose it is, the sums, quantiles and statuses.

-- A youth is in one municipality, team and age band on a day; a form, referrer or provider is what was looked at.
CREATE TEMPORARY TABLE amount ON COMMIT DROP AS
SELECT
    c.history, d.definition, c.indicator, c.per, c.period, g.group_kind, g.group_name,
    sum(c.numerator) AS numerator, sum(c.denominator) AS denominator, sum(c.pending) AS pending
FROM counted AS c
JOIN definition AS d ON d.definition = c.definition OR c.definition IS NULL
JOIN question AS q USING (history)
JOIN youth_day AS y USING (history, youth, day)
CROSS JOIN LATERAL (
    VALUES
        ('municipality', q.municipality, 'all'),
        ('team', coalesce(y.known_team, c.own_team, 'unknown'), 'all'),
        ('age_band', y.age_band, 'all'),
        (c.kind, c.scope, nullif(c.kind, 'all'))
) AS g (group_kind, group_name, for_kind)
WHERE g.for_kind = c.kind
GROUP BY c.history, d.definition, c.indicator, c.per, c.period, g.group_kind, g.group_name
UNION ALL
SELECT history, definition, 'flow_balance.moved_out', 'month', period, group_kind, old_group, count(*), 0, 0
FROM moved GROUP BY history, definition, period, group_kind, old_group
UNION ALL
SELECT history, definition, 'flow_balance.moved_in', 'month', period, group_kind, new_group, count(*), 0, 0
FROM moved GROUP BY history, definition, period, group_kind, new_group;

CREATE TEMPORARY TABLE duration ON COMMIT DROP AS
SELECT
    l.history, d.definition, l.indicator, l.per, l.period, g.group_kind, g.group_name, l.days, l.is_over, l.pending
FROM lasted AS l
JOIN definition AS d ON d.definition = l.definition OR l.definition IS NULL
JOIN question AS q USING (history)
JOIN youth_day AS y USING (history, youth, day)
CROSS JOIN LATERAL (
    VALUES
        ('municipality', q.municipality, 'all'),
        ('team', coalesce(y.known_team, l.own_team, 'unknown'), 'all'),
        ('age_band', y.age_band, 'all'),
        (l.kind, l.scope, nullif(l.kind, 'all'))
) AS g (group_kind, group_name, for_kind)
WHERE g.for_kind = l.kind;

-- Nearest rank: the least duration that at least the share of all does not exceed.
INSERT INTO amount
SELECT
    history, definition, indicator, per, period, group_kind, group_name,
    min(days) FILTER (
        WHERE 10 * upto >= counted * CASE WHEN indicator LIKE 'duration_p90.%' THEN 9 ELSE 5 END
    ),
    counted, 0
FROM (
    SELECT
        *, count(*) OVER (grouped ORDER BY days) AS upto, count(*) OVER grouped AS counted
    FROM duration
    WHERE indicator <> 'waiting_days_median'
    WINDOW grouped AS (PARTITION BY history, definition, indicator, per, period, group_kind, group_name)
) AS ranked
GROUP BY history, definition, indicator, per, period, group_kind, group_name, counted;

-- Kaplan-Meier: at each time with an event the estimate is multiplied by those who waited on, over those at risk. The
-- product is kept as two whole numbers, so that one half is one half.
INSERT INTO amount
WITH RECURSIVE at_time AS (
    SELECT
        history, definition, indicator, per, period, group_kind, group_name, days,
        count(*) AS those, count(*) FILTER (WHERE is_over) AS events, sum(pending) AS pending,
        sum(count(*)) OVER (grouped ORDER BY days DESC) AS at_risk, row_number() OVER (grouped ORDER BY days) AS place
    FROM duration
    WHERE indicator = 'waiting_days_median'
    GROUP BY history, definition, indicator, per, period, group_kind, group_name, days
    WINDOW grouped AS (PARTITION BY history, definition, indicator, per, period, group_kind, group_name)
),
estimate AS (
    SELECT *, at_risk - events AS waited_on, at_risk AS of_all FROM at_time WHERE place = 1
    UNION ALL
    SELECT t.*, e.waited_on * (t.at_risk - t.events), e.of_all * t.at_risk
    FROM estimate AS e
    JOIN at_time AS t
        ON (t.history, t.definition, t.indicator, t.per, t.period, t.group_kind, t.group_name, t.place)
        = (e.history, e.definition, e.indicator, e.per, e.period, e.group_kind, e.group_name, e.place + 1)
)
SELECT
    history, definition, indicator, per, period, group_kind, group_name,
    min(days) FILTER (WHERE 2 * waited_on <= of_all), sum(those), sum(pending)
FROM estimate
GROUP BY history, definition, indicator, per, period, group_kind, group_name;

-- Rates are by population, also where nobody is counted; a form, referrer or provider has that of the municipality.
CREATE TEMPORARY TABLE rated ON COMMIT DROP AS
SELECT
    rate.history, rate.definition, rate.indicator, rate.per, rate.period, rate.group_kind, rate.group_name,
    rate.numerator, coalesce(own.youths, whole.youths, 0) AS denominator, rate.pending
FROM (
    SELECT
        history, definition, indicator, per, period, group_kind, group_name,
        coalesce(numerator, 0) AS numerator, coalesce(pending, 0) AS pending
    FROM (SELECT * FROM amount WHERE indicator IN ('inflow_rate', 'in_care_rate', 'at_home_rate')) AS a
    FULL JOIN (
        SELECT q.history, d.definition, r.indicator, q.per, q.period, p.group_kind, p.group_name
        FROM population AS p
        JOIN period AS q ON (q.history, q.per, q.period) = (p.history, 'quarter', p.quarter)
        CROSS JOIN definition AS d
        CROSS JOIN (VALUES ('inflow_rate'), ('in_care_rate'), ('at_home_rate')) AS r (indicator)
    ) AS peopled USING (history, definition, indicator, per, period, group_kind, group_name)
) AS rate
LEFT JOIN population AS own
    ON (own.history, own.quarter, own.group_kind, own.group_name)
    = (rate.history, rate.period, rate.group_kind, rate.group_name)
LEFT JOIN population AS whole
    ON (whole.history, whole.quarter, whole.group_kind) = (rate.history, rate.period, 'municipality')
    AND rate.group_kind IN ('care_form', 'referrer', 'provider');

CREATE TEMPORARY TABLE figure ON COMMIT DROP AS
SELECT
    history, definition, indicator, period, group_kind, group_name,
    -- Without a population nobody can be counted as at home.
    CASE
        WHEN indicator <> 'at_home_rate' THEN numerator
        WHEN denominator > 0 THEN denominator - numerator
        ELSE 0
    END AS numerator,
    denominator, pending,
    CASE WHEN asked > final_after AND pending = 0 THEN 'final' ELSE 'provisional' END AS status
FROM (
    SELECT * FROM rated WHERE (numerator, denominator, pending) <> (0, 0, 0)
    UNION ALL
    SELECT
        history, definition, indicator, per, period, group_kind, group_name, numerator,
        CASE
            WHEN indicator IN ('in_care', 'residential_inflow', 'stacking_peak', 'extended_care')
                OR indicator LIKE 'flow_balance.%' THEN 1
            ELSE denominator
        END,
        pending
    FROM amount
    WHERE indicator NOT IN ('inflow_rate', 'in_care_rate', 'at_home_rate')
        AND (coalesce(numerator, 0), denominator, pending) <> (0, 0, 0)
) AS kept
JOIN (
    SELECT
        history, per, period, asked, last_day, pg_temp.fifth_working_day_after(last_day) AS fifth_day,
        (last_day + interval '1 year')::date AS year_after
    FROM period
) AS p USING (history, per, period)
CROSS JOIN LATERAL (
    SELECT CASE indicator WHEN 'timeliness' THEN fifth_day WHEN 'inflow_outflow_ratio' THEN year_after ELSE last_day END
        AS final_after
) AS settled;
