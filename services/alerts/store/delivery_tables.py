"""The tables of delivery, schema `alerts`: to whom what was told goes on, and how far each of them is.

Three rules. What was told is the outbox itself (`alert_event`): a webhook keeps the number that is next for it, so a
rebuild, or telling the topic again, sends it nothing. A lease and not a lock covers a delivery, since a session that
waits for a receiver would be ended. Whoever tells in a transaction wakes the listeners when it commits.
"""

from youthcare.runtime.postgres import municipality_policy

EVENT_CHANNEL = "alert_event"
"""Where Postgres says `municipality/receiver` when something was told."""

_TABLES = f"""
-- ENTERED. To which address what is told to a receiver goes, and up to which number it went. `secret` is sealed with
-- the keys of `WEBHOOK_KEYS_FILE`. `dead`: too many failures in a row; nothing goes until a person has it go on.
create table if not exists webhook (
    municipality text not null check (municipality ~ '^[0-9]{{4}}$'),
    number bigint not null,
    receiver text not null,
    url text not null,
    secret bytea not null,
    entered_by text not null,
    entered_at timestamptz not null,
    next_number bigint not null check (next_number > 0),
    state text not null default 'active' check (state in ('active', 'dead')),
    failures integer not null default 0,
    last_failure text,
    delivered_at timestamptz,
    due_at timestamptz not null default now(),
    lease uuid,
    leased_until timestamptz,
    primary key (municipality, number),
    unique (municipality, receiver, url)
);

-- ENTERED. To which addresses the mail of the day of a team goes.
create table if not exists digest_address (
    municipality text not null check (municipality ~ '^[0-9]{{4}}$'),
    team text not null,
    address text not null,
    entered_by text not null,
    entered_at timestamptz not null,
    primary key (municipality, team, address)
);

-- ENTERED. For which day mail was last made for a team, and up to which number its alerts were counted.
create table if not exists digest_day (
    municipality text not null check (municipality ~ '^[0-9]{{4}}$'),
    team text not null,
    day date not null,
    number bigint not null,
    primary key (municipality, team)
);

-- ENTERED. The outbox of mail: one row, and so one mail, per team, day and address.
create table if not exists digest (
    municipality text not null check (municipality ~ '^[0-9]{{4}}$'),
    team text not null,
    day date not null,
    address text not null,
    alerts bigint not null check (alerts > 0),
    state text not null default 'waiting' check (state in ('waiting', 'done', 'dead')),
    failures integer not null default 0,
    last_failure text,
    sent_at timestamptz,
    due_at timestamptz not null default now(),
    lease uuid,
    leased_until timestamptz,
    primary key (municipality, team, day, address)
);
create index if not exists digest_waiting on digest (municipality, team, address, day) where state = 'waiting';

-- DERIVED. When a receiver was last told its last number.
create table if not exists receiver_heartbeat (
    municipality text not null check (municipality ~ '^[0-9]{{4}}$'),
    receiver text not null,
    beaten_at timestamptz not null,
    primary key (municipality, receiver)
);

create or replace function tell_of_alert_events() returns trigger language plpgsql as $$
begin
    perform pg_notify('{EVENT_CHANNEL}', told.municipality || '/' || told.receiver)
    from (select distinct municipality, receiver from fresh) as told;
    return null;
end $$;
create or replace trigger alert_event_told after insert on alert_event
    referencing new table as fresh for each statement execute function tell_of_alert_events();
"""  # noqa: S608 - the name of a channel, a constant of ours
_BOUND = ("webhook", "digest_address", "digest_day", "digest", "receiver_heartbeat")
DELIVERY_TABLES = _TABLES + "".join(municipality_policy(table) for table in _BOUND)
