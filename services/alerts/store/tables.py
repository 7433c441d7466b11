"""The tables of the alerts service, schema `alerts` (the role's own search path).

Municipality comes first everywhere; a forced row policy binds each table to the municipality of the session. Each
table says whether it is *derived* (made again from facts) or *entered* (truth that no rebuild touches).
"""

from youthcare.runtime.postgres import municipality_policy

_TABLES = """
-- ENTERED. Norms with the day they are valid from; `default` is what the product ships, until a municipality's own.
create table if not exists norm (
    municipality text not null check (municipality = 'default' or municipality ~ '^[0-9]{4}$'),
    rule text not null,
    level text,
    care_form text,
    team text,
    days integer check (days > 0),
    threshold integer check (threshold > 0),
    valid_from date not null,
    known_day date not null
);
create unique index if not exists norm_once on norm
    (municipality, rule, coalesce(level, ''), coalesce(care_form, ''), coalesce(team, ''), valid_from, known_day);

-- ENTERED. What a municipality decides about signals as such; null: as the row `default` says.
create table if not exists municipality_setting (
    municipality text primary key check (municipality = 'default' or municipality ~ '^[0-9]{4}$'),
    alert_start_day date,
    signals boolean
);

-- DERIVED. Which facts of a youth have been applied.
create table if not exists youth_state (
    municipality text not null check (municipality ~ '^[0-9]{4}$'),
    youth text not null,
    version_rules integer not null,
    version_count integer not null,
    known_day date not null,
    case_reference text,
    primary key (municipality, youth)
);

-- ENTERED: number, state, told and receivers, which people act on. DERIVED: all else. A rebuild keeps the first.
create table if not exists alert (
    municipality text not null check (municipality ~ '^[0-9]{4}$'),
    number bigint not null,
    youth text not null,
    rule text not null,
    level text not null,
    anchor text not null,
    occurrence integer not null,
    team text not null,
    opens_on date not null,
    closes_on date,
    threshold integer,
    valid_from date not null,
    evidence text[] not null,
    terms jsonb not null,
    sentence text not null,
    state text not null,
    told text,
    receivers text[] not null default '{}',
    made timestamptz not null,
    changed timestamptz not null,
    primary key (municipality, number),
    unique (municipality, youth, rule, level, anchor, occurrence)
);
create index if not exists alert_to_open on alert (opens_on) where state = 'scheduled';
create index if not exists alert_to_expire on alert (closes_on)
    where state in ('open', 'acknowledged', 'snoozed', 'stale') and closes_on is not null;
create index if not exists alert_by_team on alert (municipality, team, state);

-- ENTERED. What was told to whom, numbered per receiver, and the outbox of it: without `published` it is still to go.
-- `body` is the record on the topic, byte for byte. `opens`: the first telling of an alert, for the metrics.
create table if not exists alert_event (
    municipality text not null check (municipality ~ '^[0-9]{4}$'),
    receiver text not null,
    number bigint not null,
    alert bigint not null,
    youth text not null,
    rule text not null,
    state text not null,
    body bytea not null,
    opens boolean not null,
    received_at timestamptz,
    recorded timestamptz not null,
    published timestamptz,
    primary key (municipality, receiver, number)
);
create index if not exists alert_event_unpublished on alert_event (municipality, receiver, number)
    where published is null;
create index if not exists alert_event_by_youth on alert_event (municipality, youth);

-- DERIVED. Records of the topic that are no facts; their content stays in the topic.
create table if not exists refused_record (
    municipality text not null,
    topic text not null,
    partition integer not null,
    record_offset bigint not null,
    primary key (municipality, topic, partition, record_offset)
);

-- ENTERED. The last number given in a series: `alert`, or a receiver's events. Rolled back with what it numbered.
create table if not exists last_number (
    municipality text not null check (municipality ~ '^[0-9]{4}$'),
    series text not null,
    number bigint not null,
    primary key (municipality, series)
);
"""

_BOUND = ("norm", "municipality_setting", "youth_state", "alert", "alert_event", "refused_record", "last_number")
TABLES = _TABLES + "".join(municipality_policy(table) for table in _BOUND)
