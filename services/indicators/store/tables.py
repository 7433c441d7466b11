"""The tables of the indicators service, municipality first; the row policy binds every session to it.

*Derived* tables follow from `trajectory-facts` and can be dropped and rebuilt; `population` is *entered*.
"""

from youthcare.runtime.postgres import municipality_policy

TABLES = """
-- derived: the newest facts that were applied, per youth
create table if not exists youth_state (
    municipality text not null,
    youth text not null,
    version_rules integer not null,
    version_count integer not null,
    known_day date not null,
    primary key (municipality, youth)
);

-- derived: the steps that each known day added; a day that added none has no row
create table if not exists youth_layer (
    municipality text not null,
    youth text not null,
    known_day date not null,
    deltas bytea not null,
    primary key (municipality, youth, known_day)
);

-- derived: the sum of all layers; a sum of nought has no row
create table if not exists step (
    municipality text not null,
    indicator text not null,
    definition text not null,
    period text not null,
    group_kind text not null,
    group_name text not null,
    effective_day date not null,
    known_day date not null,
    numerator integer not null,
    denominator integer not null,
    pending integer not null,
    primary key (municipality, indicator, definition, period, group_kind, group_name, effective_day, known_day)
);

-- derived: records of the topic that are no facts; their content stays in the topic
create table if not exists refused_record (
    municipality text not null,
    topic text not null,
    partition integer not null,
    record_offset bigint not null,
    primary key (municipality, topic, partition, record_offset)
);

-- entered: youths aged 0-17 as the municipality's register counts them
create table if not exists population (
    municipality text not null,
    quarter text not null,
    group_kind text not null,
    group_name text not null,
    youths integer not null check (youths >= 0),
    primary key (municipality, quarter, group_kind, group_name)
);
""" + "".join(map(municipality_policy, ("youth_state", "youth_layer", "step", "refused_record", "population")))

EMPTIED = "truncate youth_state, youth_layer, step, refused_record;"
"""Forgets what is derived, before a rebuild."""
