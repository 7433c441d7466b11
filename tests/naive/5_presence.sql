-- Figures of youths with a care day in the period: in care, residence, care days, years, and the openings of the young.

INSERT INTO counted
SELECT
    history, NULL, indicator, per, period, youth, kind, scope, day, NULL, numerator, denominator, 0
FROM youth_period
CROSS JOIN LATERAL (
    VALUES
        ('month', 'in_care', 1, 0, true),
        ('quarter', 'in_care_rate', 1, 0, is_young),
        ('quarter', 'at_home_rate', 1, 0, is_young AND residential_days > 0),
        ('quarter', 'residential_days_mean', residential_days, 1, residential_days > 0),
        ('quarter', 'residential_days_mean.living', living_days, 1, living_days > 0),
        ('quarter', 'residential_days_mean.stay', stay_days, 1, stay_days > 0),
        ('quarter', 'residential_days_mean.cbs', nights, 1, nights > 0),
        ('quarter', 'residential_days_mean.living.cbs', living_nights, 1, living_nights > 0),
        ('quarter', 'residential_days_mean.stay.cbs', stay_nights, 1, stay_nights > 0),
        ('year', 'care_days_mean', care_days, 1, true),
        ('year', 'extended_care', 1, 0, is_extended)
) AS figure (for_per, indicator, numerator, denominator, holds)
WHERE for_per = per AND holds;

-- With care this year and not last year, over those with care this year and not next year.
INSERT INTO counted
SELECT
    now.history, NULL, 'inflow_outflow_ratio', 'year', now.period, now.youth, now.kind, now.scope, now.day, NULL,
    (last_year.day IS NULL)::integer, (next_year.day IS NULL)::integer, 0
FROM youth_period AS now
LEFT JOIN youth_period AS last_year
    ON (last_year.history, last_year.youth, last_year.kind, last_year.scope, last_year.per, last_year.period::integer)
    = (now.history, now.youth, now.kind, now.scope, 'year', now.period::integer - 1)
LEFT JOIN youth_period AS next_year
    ON (next_year.history, next_year.youth, next_year.kind, next_year.scope, next_year.per, next_year.period::integer)
    = (now.history, now.youth, now.kind, now.scope, 'year', now.period::integer + 1)
WHERE now.per = 'year';

-- Youths 0-17 with an opening in the quarter: inflow is counted by youth, unknown openings are pending.
INSERT INTO counted
SELECT
    y.history, p.definition, CASE WHEN p.residential_only THEN 'residential_inflow' ELSE 'inflow_rate' END,
    'quarter', y.period, y.youth, y.kind, y.scope, y.day, NULL,
    bool_or(p.opening = 'inflow')::integer, 0, count(*) FILTER (WHERE p.opening = 'unknown')
FROM youth_period AS y
JOIN care_period AS p USING (history, youth, kind, scope)
JOIN period AS q ON (q.history, q.per, q.period) = (y.history, 'quarter', y.period)
WHERE y.per = 'quarter' AND y.is_young AND p.first_day BETWEEN q.first_day AND q.up
GROUP BY y.history, p.definition, p.residential_only, y.period, y.youth, y.kind, y.scope, y.day
HAVING bool_or(p.opening IN ('inflow', 'unknown'));
