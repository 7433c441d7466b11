-- Day by day: which days there are, who cares and runs on them, and in which team and age each youth is.

-- The last days lie so far on that what is open can be told from what ends: nothing stated lies past them.
CREATE TEMPORARY TABLE horizon ON COMMIT DROP AS
SELECT history, least(asked, min(day)) - 1 AS first_day, greatest(asked, max(day)) + 40 AS last_day
FROM question
LEFT JOIN (
    SELECT history, first_day AS day FROM stretch
    UNION ALL SELECT history, last_day FROM stretch
    UNION ALL SELECT history, first_day FROM granted
    UNION ALL SELECT history, granted_on FROM granted
    UNION ALL SELECT history, day FROM recorded
    UNION ALL
    SELECT history, day
    FROM population JOIN question USING (history)
    CROSS JOIN LATERAL (
        SELECT make_date(left(quarter, 4)::integer, 3 * right(quarter, 1)::integer - 2, 1) AS day
    ) AS begun
    WHERE day <= asked
) AS named USING (history)
GROUP BY history, asked;

CREATE TEMPORARY TABLE calendar ON COMMIT DROP AS
SELECT history, first_day + number AS day
FROM horizon CROSS JOIN LATERAL generate_series(0, last_day - first_day) AS number;

-- Every period that has begun on the day asked, up to which day it is counted, and by day.
CREATE TEMPORARY TABLE period ON COMMIT DROP AS
SELECT
    history, per, period, first_day, last_day, least(last_day, asked) AS up, asked
FROM (
    SELECT
        history, asked, 'month' AS per, to_char(first_day, 'YYYY-MM') AS period,
        first_day, (first_day + interval '1 month')::date - 1 AS last_day
    FROM (SELECT DISTINCT history, date_trunc('month', day)::date AS first_day FROM calendar) AS month
    JOIN question USING (history)
    UNION ALL
    SELECT
        history, asked, 'quarter', to_char(first_day, 'YYYY"Q"Q'),
        first_day, (first_day + interval '3 months')::date - 1
    FROM (SELECT DISTINCT history, date_trunc('quarter', day)::date AS first_day FROM calendar) AS quarter
    JOIN question USING (history)
    UNION ALL
    SELECT
        history, asked, 'year', to_char(first_day, 'YYYY'),
        first_day, (first_day + interval '1 year')::date - 1
    FROM (SELECT DISTINCT history, date_trunc('year', day)::date AS first_day FROM calendar) AS year
    JOIN question USING (history)
) AS named
WHERE first_day <= asked;

CREATE TEMPORARY TABLE period_day ON COMMIT DROP AS
SELECT history, per, period, day, day = up AS is_last
FROM period JOIN calendar USING (history)
WHERE day BETWEEN first_day AND up;

-- One row for each care day and for each running day of an indication.
CREATE TEMPORARY TABLE indication_day ON COMMIT DROP AS
SELECT DISTINCT s.history, s.youth, s.indication, s.is_care, s.first_day + number AS day
FROM stretch AS s
JOIN horizon AS h USING (history)
CROSS JOIN LATERAL generate_series(0, least(coalesce(s.last_day, h.last_day), h.last_day) - s.first_day) AS number;

CREATE TEMPORARY TABLE care_day ON COMMIT DROP AS
SELECT history, youth, indication, day FROM indication_day WHERE is_care;

CREATE TEMPORARY TABLE running_day ON COMMIT DROP AS
SELECT history, youth, indication, day FROM indication_day WHERE NOT is_care;

-- Of each day the registration in force, and for want of a team in it that of the greatest indication.
CREATE TEMPORARY TABLE team_under_way ON COMMIT DROP AS
SELECT DISTINCT ON (history, youth, day) history, youth, day, team
FROM indication_day JOIN indication USING (history, youth, indication)
WHERE team IS NOT NULL
ORDER BY history, youth, day, indication COLLATE "C" DESC;

CREATE TEMPORARY TABLE registered ON COMMIT DROP AS
SELECT
    history, youth, valid_from, team,
    coalesce(lead(valid_from) OVER (PARTITION BY history, youth ORDER BY place), 'infinity') AS valid_until
FROM registration;

-- The birth date of the newest registration is that of every day; born on 29 February one is older on 1 March.
CREATE TEMPORARY TABLE born ON COMMIT DROP AS
SELECT DISTINCT ON (history, youth) history, youth, birth_date
FROM registration
ORDER BY history, youth, place DESC;

ANALYZE youth;
ANALYZE calendar;
ANALYZE born;
ANALYZE registered;
ANALYZE team_under_way;

CREATE TEMPORARY TABLE youth_day ON COMMIT DROP AS
SELECT
    history, youth, day, known_team, age,
    CASE
        WHEN age IS NULL THEN 'unknown'
        WHEN age < 4 THEN '0-3'
        WHEN age < 12 THEN '4-11'
        WHEN age < 18 THEN '12-17'
        WHEN age < 23 THEN '18-22'
        ELSE '23+'
    END AS age_band
FROM (
    SELECT
        youth.history, youth.youth, calendar.day, coalesce(registered.team, team_under_way.team) AS known_team,
        extract(year FROM calendar.day) - extract(year FROM birth_date)
        - CASE WHEN to_char(calendar.day, 'MMDD') < to_char(birth_date, 'MMDD') THEN 1 ELSE 0 END AS age
    FROM youth
    JOIN calendar USING (history)
    LEFT JOIN born USING (history, youth)
    LEFT JOIN registered
        ON registered.history = youth.history AND registered.youth = youth.youth
        AND calendar.day >= registered.valid_from AND calendar.day < registered.valid_until
    LEFT JOIN team_under_way
        ON team_under_way.history = youth.history AND team_under_way.youth = youth.youth
        AND team_under_way.day = calendar.day
) AS aged;

-- A scope is a youth's indications that count as care: all of them, or those of one care form, referrer or provider.
CREATE TEMPORARY TABLE member ON COMMIT DROP AS
SELECT history, youth, indication, kind, coalesce(scope, 'unknown') AS scope, residential
FROM indication
CROSS JOIN LATERAL (
    VALUES ('all', 'all'), ('care_form', care_form), ('referrer', referrer), ('provider', provider)
) AS scope (kind, scope)
WHERE counts_as_care;

ANALYZE period;
ANALYZE period_day;
ANALYZE care_day;
ANALYZE running_day;
ANALYZE youth_day;
ANALYZE member;
ANALYZE indication;

CREATE TEMPORARY TABLE scope_running_day ON COMMIT DROP AS
SELECT history, youth, kind, scope, day, bool_or(residential IS NOT NULL) AS is_residential
FROM member JOIN running_day USING (history, youth, indication)
GROUP BY history, youth, kind, scope, day;

-- A night is a residential day whose day before is one too: the convention of CBS counts these.
CREATE TEMPORARY TABLE scope_care_day ON COMMIT DROP AS
SELECT
    *,
    coalesce(is_residential AND lag(is_residential) OVER days AND lag(day) OVER days = day - 1, false) AS is_night,
    coalesce(is_living AND lag(is_living) OVER days AND lag(day) OVER days = day - 1, false) AS is_living_night,
    coalesce(is_stay AND lag(is_stay) OVER days AND lag(day) OVER days = day - 1, false) AS is_stay_night
FROM (
    SELECT
        history, youth, kind, scope, day,
        bool_or(residential IS NOT NULL) AS is_residential,
        bool_or(residential IS NOT DISTINCT FROM 'living') AS is_living,
        bool_or(residential IS NOT DISTINCT FROM 'stay') AS is_stay
    FROM member JOIN care_day USING (history, youth, indication)
    GROUP BY history, youth, kind, scope, day
) AS scoped
WINDOW days AS (PARTITION BY history, youth, kind, scope ORDER BY day);

ANALYZE scope_running_day;
ANALYZE scope_care_day;

-- Of every youth with a care day in a period, up to the day asked: the last one, ages on them, and how many of a kind.
CREATE TEMPORARY TABLE youth_period ON COMMIT DROP AS
SELECT
    history, youth, kind, scope, per, period,
    max(day) AS day,
    bool_or(age IS NULL OR age < 18) AS is_young,
    coalesce(bool_or(age BETWEEN 18 AND 22), false) AS is_extended,
    count(*) AS care_days,
    count(*) FILTER (WHERE is_residential) AS residential_days,
    count(*) FILTER (WHERE is_living) AS living_days,
    count(*) FILTER (WHERE is_stay) AS stay_days,
    count(*) FILTER (WHERE is_night) AS nights,
    count(*) FILTER (WHERE is_living_night) AS living_nights,
    count(*) FILTER (WHERE is_stay_night) AS stay_nights
FROM scope_care_day
JOIN youth_day USING (history, youth, day)
JOIN period_day USING (history, day)
GROUP BY history, youth, kind, scope, per, period;

ANALYZE youth_period;
