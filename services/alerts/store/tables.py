"""The tables of the alerts service, schema `alerts` (the role's own search path).

Municipality comes first everywhere; a forced row policy binds each table to the municipality of the session. Each
table says whether it is *derived* (made again from facts) or *entered* (truth that no rebuild touches).
"""

from services.alerts.store.delivery_tables import DELIVERY_TABLES
from services.alerts.store.percentiles import PERCENTILE_TABLES
from youthcare.runtime.postgres import municipality_policy

RANK = "case level when 'norm' then 0 when 'warning' then 2 else 1 end"
"""The order of the list, before the days that an alert is open (`ranking.py`)."""

_TABLES = f"""
-- ENTERED. Norms with the day they are valid from; `default` is what the product ships, until a municipality's own.
create table if not exists norm (
    municipality text not null check (municipality = 'default' or municipality ~ '^[0-9]{{4}}$'),
    rule text not null,
    level text,
    care_form text,
    team text,
    days integer check (days > 0),
    threshold integer check (threshold > 0),
    valid_from date not null,
    known_day date not null
);
-- The diary: who entered a norm, why and when; null of what is shipped.
alter table norm add column if not exists author text;
alter table norm add column if not exists reason text;
alter table norm add column if not exists entered_at timestamptz;
drop index if exists norm_once;
create unique index if not exists norm_entered_once on norm
    (municipality, rule, level, care_form, team, valid_from, known_day, entered_at) nulls not distinct;

-- ENTERED. What a municipality decides about signals as such; null: as the row `default` says.
create table if not exists municipality_setting (
    municipality text primary key check (municipality = 'default' or municipality ~ '^[0-9]{{4}}$'),
    alert_start_day date,
    signals boolean
);
-- Null: as the row `default` says, else as the product does (`store/rules.py`).
alter table municipality_setting add column if not exists acknowledgement_days integer check (acknowledgement_days > 0);
alter table municipality_setting add column if not exists new_per_week integer check (new_per_week > 0);
alter table municipality_setting add column if not exists sweep_days_max integer check (sweep_days_max > 0);

-- ENTERED. How often the norms of a municipality have changed.
create table if not exists norms_revision (
    municipality text primary key check (municipality ~ '^[0-9]{{4}}$'),
    revision integer not null
);

-- ENTERED. Up to which day alerts were swept, and the latest day that somebody confirmed after the clock jumped ahead.
create table if not exists sweep_day (
    municipality text primary key check (municipality ~ '^[0-9]{{4}}$'),
    last_swept date,
    accepted date
);

-- DERIVED. On which civil days starts and ends of a sender were received; `seen` once its silence was worked out.
create table if not exists sender_day (
    municipality text not null check (municipality ~ '^[0-9]{{4}}$'),
    source text not null,
    day date not null,
    seen boolean not null default false,
    primary key (municipality, source, day)
);
create index if not exists sender_day_unseen on sender_day (municipality) where not seen;

-- DERIVED. Which facts of a youth have been applied, and the facts themselves (zlib of the JSON on the topic).
create table if not exists youth_state (
    municipality text not null check (municipality ~ '^[0-9]{{4}}$'),
    youth text not null,
    version_rules integer not null,
    version_count integer not null,
    known_day date not null,
    case_reference text,
    primary key (municipality, youth)
);
alter table youth_state add column if not exists facts bytea;
alter table youth_state add column if not exists norms_seen integer not null default 0;
-- The next day on which the youth comes under another team.
alter table youth_state add column if not exists revisit_on date;
create index if not exists youth_state_by_norms on youth_state (municipality, norms_seen) where facts is not null;
create index if not exists youth_state_to_revisit on youth_state (revisit_on)
    where facts is not null and revisit_on is not null;

-- ENTERED: number, state, told, receivers and what people left on it. DERIVED: all else. A rebuild keeps the first.
-- An alert about a sender has no youth; its anchor is the sender.
create table if not exists alert (
    municipality text not null check (municipality ~ '^[0-9]{{4}}$'),
    number bigint not null,
    youth text,
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
    receivers text[] not null default '{{}}',
    made timestamptz not null,
    changed timestamptz not null,
    primary key (municipality, number)
);
alter table alert alter column youth drop not null;
alter table alert add column if not exists holder text;  -- the team that has it now
alter table alert add column if not exists senders text[] not null default '{{}}';
alter table alert add column if not exists until date;
alter table alert add column if not exists on_message boolean not null default false;
alter table alert add column if not exists former text;
alter table alert add column if not exists assignee text;
alter table alert add column if not exists outcome text;
alter table alert add column if not exists counted integer;
alter table alert add column if not exists grounded boolean not null default true;
-- The day on which days alone change it; a column of its own, as under a row policy no index answers for an expression.
alter table alert add column if not exists due_on date;
create or replace function set_due_day() returns trigger language plpgsql as $$
begin
    new.due_on := case when new.state = 'scheduled' then new.opens_on
        when new.state in ('acknowledged', 'snoozed') then least(new.until, new.closes_on + 1)
        when new.state in ('open', 'stale') then new.closes_on + 1 end;
    return new;
end $$;
create or replace trigger alert_due_day before insert or update on alert
    for each row execute function set_due_day();
update alert set holder = team where holder is null;
alter table alert drop constraint if exists alert_municipality_youth_rule_level_anchor_occurrence_key;
create unique index if not exists alert_once on alert
    (municipality, youth, rule, level, anchor, occurrence) nulls not distinct;
drop index if exists alert_to_open, alert_to_expire, alert_by_team;
create index if not exists alert_by_due_day on alert (municipality, due_on, number) where due_on is not null;
create index if not exists alert_by_rank on alert (municipality, state, ({RANK}), opens_on, number);
create index if not exists alert_by_team_rank on alert (municipality, holder, state, ({RANK}), opens_on, number);
create index if not exists alert_by_team_number on alert (municipality, holder, number);
create index if not exists alert_stale on alert (municipality) where state = 'stale';

-- ENTERED. The history: every change of state, and whatever people did, by whom, when and why; the last row is the
-- present. `team`, `until`, `assignee` and `outcome` are those after the step.
create table if not exists alert_step (
    municipality text not null check (municipality ~ '^[0-9]{{4}}$'),
    alert bigint not null,
    step integer not null,
    at timestamptz not null,
    actor text not null,
    cause text not null,
    before text,
    after text not null,
    team text not null,
    until date,
    assignee text,
    outcome text,
    note text,
    primary key (municipality, alert, step)
);
create index if not exists alert_step_of_people on alert_step (municipality, at) where actor <> 'system';

-- ENTERED. What was told to whom, numbered per receiver, and the outbox of it: without `published` it is still to go.
-- `body` is the record on the topic, byte for byte. `opens`: the first telling of an alert, for the metrics.
create table if not exists alert_event (
    municipality text not null check (municipality ~ '^[0-9]{{4}}$'),
    receiver text not null,
    number bigint not null,
    alert bigint not null,
    youth text,
    rule text not null,
    state text not null,
    body bytea not null,
    opens boolean not null,
    received_at timestamptz,
    recorded timestamptz not null,
    published timestamptz,
    primary key (municipality, receiver, number)
);
alter table alert_event alter column youth drop not null;
create index if not exists alert_event_unpublished on alert_event (municipality, receiver, number)
    where published is null;
create index if not exists alert_event_by_youth on alert_event (municipality, youth);

-- ENTERED. Under which numbers something was told of a youth who was forgotten, by a digest of the identifier.
create table if not exists forgotten_event (
    municipality text not null check (municipality ~ '^[0-9]{{4}}$'),
    digest text not null,
    receiver text not null,
    number bigint not null,
    primary key (municipality, digest, receiver, number)
);

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
    municipality text not null check (municipality ~ '^[0-9]{{4}}$'),
    series text not null,
    number bigint not null,
    primary key (municipality, series)
);
"""  # noqa: S608 - from constants of ours

_BOUND = (
    "norm", "municipality_setting", "norms_revision", "sweep_day", "sender_day", "youth_state", "alert", "alert_step",
    "alert_event", "forgotten_event", "refused_record", "last_number",
)  # fmt: skip
# What the product ships is for every municipality to read, and for none to write.
_SHIPPED = "".join(
    f"""
drop policy if exists {table}_shipped on {table};
create policy {table}_shipped on {table} for select using (municipality = 'default');
"""
    for table in ("norm", "municipality_setting")
)
_OWN = _TABLES + "".join(municipality_policy(table) for table in _BOUND) + _SHIPPED
TABLES = _OWN + DELIVERY_TABLES + PERCENTILE_TABLES
