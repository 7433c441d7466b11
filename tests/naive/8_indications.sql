-- Figures per indication: waiting, renewals, endings and timeliness.

-- By the newest grant: from its first day to the first start, or, not started yet, up to the day asked or its last day.
INSERT INTO lasted
SELECT
    g.history, NULL, 'waiting_days_median', 'quarter', p.period, g.youth, m.kind, m.scope, g.first_day, i.team,
    CASE
        WHEN i.first_start <= least(p.asked, g.last_day) THEN greatest(0, i.first_start - g.first_day)
        ELSE least(p.asked, g.last_day) - g.first_day
    END,
    coalesce(i.first_start <= least(p.asked, g.last_day), false),
    CASE WHEN i.first_start <= least(p.asked, g.last_day) OR g.last_day < p.asked THEN 0 ELSE 1 END
FROM (
    SELECT DISTINCT ON (history, youth, indication) * FROM granted ORDER BY history, youth, indication, place DESC
) AS g
JOIN indication AS i USING (history, youth, indication)
JOIN member AS m USING (history, youth, indication)
JOIN period AS p ON p.history = g.history AND p.per = 'quarter' AND g.first_day BETWEEN p.first_day AND p.up;

-- Extensions: a grant after the first with reason 04, or that ends later than the grant before it.
CREATE TEMPORARY TABLE extension ON COMMIT DROP AS
SELECT history, youth, indication, granted_on AS day
FROM (
    SELECT
        *, coalesce(last_day, 'infinity'::date) AS ends,
        lag(coalesce(last_day, 'infinity'::date)) OVER (PARTITION BY history, youth, indication ORDER BY place) AS ended
    FROM granted
) AS version
WHERE ended IS NOT NULL AND (change_reason IS NOT DISTINCT FROM '04' OR ends > ended);

-- Each in the group of the youth's last care day in the quarter; without one in that of its own day.
CREATE TEMPORARY TABLE event ON COMMIT DROP AS
SELECT history, youth, indication, 'runs' AS event, p.period, max(r.day) AS day
FROM running_day AS r
JOIN period_day AS p USING (history, day)
WHERE p.per = 'quarter'
GROUP BY history, youth, indication, p.period
UNION ALL
SELECT e.history, e.youth, e.indication, 'extends', p.period, e.day
FROM extension AS e
JOIN period AS p ON p.history = e.history AND p.per = 'quarter' AND e.day BETWEEN p.first_day AND p.up
UNION ALL
SELECT c.history, c.youth, c.indication, 'ends', p.period, c.last_day
FROM closed AS c
JOIN period AS p ON p.history = c.history AND p.per = 'quarter' AND c.last_day + 1 BETWEEN p.first_day AND p.up;

INSERT INTO counted
SELECT
    e.history, NULL, figure.indicator, 'quarter', e.period, e.youth, m.kind, m.scope, coalesce(y.day, e.day), NULL,
    (e.event = figure.counts)::integer, (e.event = 'runs')::integer, 0
FROM event AS e
JOIN member AS m USING (history, youth, indication)
LEFT JOIN youth_period AS y
    ON (y.history, y.youth, y.kind, y.scope, y.per, y.period)
    = (e.history, e.youth, m.kind, m.scope, 'quarter', e.period)
CROSS JOIN (VALUES ('renewal_rate', 'extends'), ('exit_rate', 'ends')) AS figure (indicator, counts)
WHERE e.event IN ('runs', figure.counts);

-- The days of the Algemene termijnenwet, and Easter by the method of Meeus, Jones and Butcher.
CREATE TEMPORARY TABLE easter ON COMMIT DROP AS
SELECT year, make_date(year, (h + l - 7 * m + 114) / 31, (h + l - 7 * m + 114) % 31 + 1) AS sunday
FROM generate_series(
    (SELECT extract(year FROM min(first_day))::integer FROM horizon),
    (SELECT extract(year FROM max(last_day))::integer + 1 FROM horizon)
) AS year
CROSS JOIN LATERAL (SELECT year % 19 AS a, year / 100 AS b, year % 100 AS c) AS one
CROSS JOIN LATERAL (
    SELECT (19 * a + b - b / 4 - (b - (b + 8) / 25 + 1) / 3 + 15) % 30 AS h
) AS two
CROSS JOIN LATERAL (SELECT (32 + 2 * (b % 4) + 2 * (c / 4) - h - c % 4) % 7 AS l) AS three
CROSS JOIN LATERAL (SELECT (a + 11 * h + 22 * l) / 451 AS m) AS four;

CREATE TEMPORARY TABLE holiday ON COMMIT DROP AS
SELECT sunday + shift AS day FROM easter CROSS JOIN (VALUES (-2), (1), (39), (50)) AS movable (shift)
UNION SELECT make_date(year, 1, 1) FROM easter
UNION SELECT make_date(year, 5, 5) FROM easter
UNION SELECT make_date(year, 12, 25) FROM easter
UNION SELECT make_date(year, 12, 26) FROM easter
UNION
-- The King's birthday is kept on the 26th when the 27th is a Sunday; the Queen's, before 2014, on 30 or 29 April.
SELECT birthday - (extract(dow FROM birthday) = 0)::integer
FROM easter
CROSS JOIN LATERAL (SELECT make_date(year, 4, CASE WHEN year < 2014 THEN 30 ELSE 27 END) AS birthday) AS kept
UNION SELECT day FROM decreed;

-- How many working days have been, by day: the fifth after a day is the first with five more.
CREATE TEMPORARY TABLE working_day ON COMMIT DROP AS
SELECT day, row_number() OVER (ORDER BY day) AS number
FROM generate_series((SELECT min(first_day) FROM horizon), (SELECT max(last_day) FROM horizon) + 60, interval '1 day')
    AS listed (at)
CROSS JOIN LATERAL (SELECT listed.at::date AS day) AS dated
WHERE extract(isodow FROM day) <= 5 AND NOT EXISTS (SELECT FROM holiday WHERE holiday.day = dated.day);

CREATE FUNCTION pg_temp.fifth_working_day_after(given date) RETURNS date LANGUAGE sql STABLE AS $$
    SELECT day FROM pg_temp.working_day WHERE day > given ORDER BY day OFFSET 4 LIMIT 1
$$;

CREATE INDEX ON working_day (day);

-- In time: by the fifth working day after the later of the day itself and the first receipt of a grant. Each goes to
-- the groups of the youth and of the indication, and to the sender that told it.
INSERT INTO counted
SELECT
    r.history, NULL, 'timeliness', 'month', p.period, r.youth, told.kind, told.scope, r.day, NULL,
    (
        (r.time AT TIME ZONE 'Europe/Amsterdam')::date
        <= pg_temp.fifth_working_day_after(greatest(r.day, (g.received AT TIME ZONE 'Europe/Amsterdam')::date))
    )::integer,
    1, 0
FROM recorded AS r
JOIN (
    SELECT history, youth, indication, kind, scope FROM member
    UNION ALL SELECT history, youth, indication, 'sender', NULL FROM member WHERE kind = 'all'
) AS m USING (history, youth, indication)
CROSS JOIN LATERAL (SELECT m.kind, coalesce(m.scope, r.source) AS scope) AS told
JOIN period AS p ON p.history = r.history AND p.per = 'month' AND r.day BETWEEN p.first_day AND p.up
LEFT JOIN (
    SELECT history, youth, indication, min(received) AS received FROM granted GROUP BY history, youth, indication
) AS g ON (g.history, g.youth, g.indication) = (r.history, r.youth, r.indication);
