-- What the recomputation starts from: the indications and registrations of youths, and what is asked of each history.
-- A *history* is a ledger with a question of its own; every table has it first, so that many are worked out at once.
-- Nothing that follows from a definition set is taken over: care periods, trajectories, stacking are worked out here.

CREATE TEMPORARY TABLE question (
    history integer PRIMARY KEY, municipality text NOT NULL, asked date NOT NULL, coverage_start date
) ON COMMIT DROP;

CREATE TEMPORARY TABLE youth (
    history integer, youth text, PRIMARY KEY (history, youth)
) ON COMMIT DROP;

-- In the order of the facts: the greatest place is the newest registration.
CREATE TEMPORARY TABLE registration (
    history integer, youth text, place integer, valid_from date NOT NULL, birth_date date, team text
) ON COMMIT DROP;

CREATE TEMPORARY TABLE indication (
    history integer, youth text, indication text, care_form text NOT NULL, provider text, referrer text, team text,
    crisis boolean NOT NULL, residential text, counts_as_care boolean NOT NULL, stackable boolean NOT NULL,
    closing_reason text, first_start date, PRIMARY KEY (history, youth, indication)
) ON COMMIT DROP;

-- Days of care and running days, as stretches with an included last day; open without one.
CREATE TEMPORARY TABLE stretch (
    history integer, youth text, indication text, is_care boolean NOT NULL, first_day date NOT NULL, last_day date
) ON COMMIT DROP;

-- Every version of an indication, the oldest in place 1.
CREATE TEMPORARY TABLE granted (
    history integer, youth text, indication text, place integer, granted_on date NOT NULL, first_day date NOT NULL,
    last_day date, change_reason text, received timestamptz NOT NULL
) ON COMMIT DROP;

-- Starts and ends as recorded.
CREATE TEMPORARY TABLE recorded (
    history integer, youth text, indication text, day date NOT NULL, time timestamptz NOT NULL,
    source text NOT NULL
) ON COMMIT DROP;

CREATE TEMPORARY TABLE population (
    history integer, quarter text, group_kind text, group_name text, youths bigint NOT NULL
) ON COMMIT DROP;

-- Days that the government puts on a level with a holiday (domain.md §6, working days).
CREATE TEMPORARY TABLE decreed (day date) ON COMMIT DROP;

-- decision 0015, definition sets. `handover_days` is the overlap of a switch (domain.md §4).
CREATE TEMPORARY TABLE definition (
    definition text PRIMARY KEY, window_months integer, to_half_year boolean, paper_gap_days integer,
    handover_days integer
) ON COMMIT DROP;

INSERT INTO definition VALUES
    ('enschede', 6, false, 31, 14),
    ('cbs-statline', 60, false, 0, 14),
    ('cbs-outcome', 6, true, 0, 14);

-- What is found, before it is known whose it is. `day` is the day whose team and age group it goes to; `own_team` is
-- for want of another. Without a definition it is the same under each.
CREATE TEMPORARY TABLE counted (
    history integer, definition text, indicator text, per text, period text, youth text, kind text, scope text,
    day date NOT NULL, own_team text, numerator bigint NOT NULL, denominator bigint NOT NULL, pending bigint NOT NULL
) ON COMMIT DROP;

-- The same for durations: how many days one of them lasted, and whether it ended then (waiting may go on).
CREATE TEMPORARY TABLE lasted (
    history integer, definition text, indicator text, per text, period text, youth text, kind text, scope text,
    day date NOT NULL, own_team text, days bigint NOT NULL, is_over boolean NOT NULL, pending bigint NOT NULL
) ON COMMIT DROP;
