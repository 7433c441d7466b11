-- Stacking (domain.md §5): which provisions count on a day, and how many in a period.

-- A non-residential provision does not count on a day on which the same, known provider gives residential care.
CREATE TEMPORARY TABLE provision_day ON COMMIT DROP AS
SELECT DISTINCT i.history, i.youth, i.care_form, i.provider, c.day
FROM care_day AS c
JOIN indication AS i USING (history, youth, indication)
WHERE i.counts_as_care AND i.stackable
    AND (
        i.residential IS NOT NULL
        OR NOT EXISTS (
            SELECT FROM care_day AS other
            JOIN indication AS o USING (history, youth, indication)
            WHERE (other.history, other.youth, other.day) = (c.history, c.youth, c.day)
                AND o.residential IS NOT NULL AND o.counts_as_care AND o.provider = i.provider
        )
    );

ANALYZE provision_day;

CREATE TEMPORARY TABLE stacked ON COMMIT DROP AS
SELECT history, youth, per, period, count(DISTINCT (care_form, provider)) AS provisions
FROM provision_day JOIN period_day USING (history, day)
GROUP BY history, youth, per, period;

CREATE TEMPORARY TABLE peak ON COMMIT DROP AS
SELECT history, youth, per, period, max(provisions) AS provisions
FROM (
    SELECT history, youth, day, count(*) AS provisions FROM provision_day GROUP BY history, youth, day
) AS on_day
JOIN period_day USING (history, day)
GROUP BY history, youth, per, period;

-- A youth with a care day of the scope in the period counts with all its provisions.
INSERT INTO counted
SELECT
    y.history, NULL, indicator, y.per, y.period, y.youth, y.kind, y.scope, y.day, NULL, numerator, denominator, 0
FROM youth_period AS y
JOIN stacked AS s USING (history, youth, per, period)
JOIN peak AS p USING (history, youth, per, period)
CROSS JOIN LATERAL (
    VALUES
        ('stacking_share', (s.provisions >= 2)::integer, 1, y.per IN ('month', 'year')),
        ('stacking_mean', s.provisions, 1, s.provisions >= 2 AND y.per IN ('month', 'year')),
        ('stacking_peak', 1, 0, p.provisions >= 3 AND y.per = 'month')
) AS figure (indicator, numerator, denominator, holds)
WHERE holds;
