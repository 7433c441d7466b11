"""The tables of the indicators service, municipality first; the row policy binds every session to it.

These are *derived*: they follow from `trajectory-facts` and can be dropped and rebuilt. What is *entered* stands in
`reference_tables.py` and `publication_tables.py`.
"""

from services.indicators.store.publication_tables import PUBLICATION_TABLES
from services.indicators.store.reference_tables import TABLES as REFERENCE_TABLES
from services.indicators.store.shown_tables import SHOWN_EMPTIED, SHOWN_TABLES
from youthcare.runtime.postgres import municipality_policy

TABLES = """
-- derived: the newest facts that were applied, per youth
create table if not exists youth_state (
    municipality text not null,
    youth text not null,
    version_rules integer not null,
    version_count integer not null,
    known_day date not null,
    -- whether the definition sets differ on this youth
    differs boolean not null,
    primary key (municipality, youth)
);

-- derived: the steps that each known day added; a day that added none has no row
create table if not exists youth_layer (
    municipality text not null,
    youth text not null,
    known_day date not null,
    -- whether what was received on this day takes back or mends what was told before
    corrects boolean not null,
    deltas bytea not null,
    primary key (municipality, youth, known_day)
);

-- derived: the sum of all layers; a sum of nought has no row. A partition per municipality (store/partitions.py): what
-- a statement costs does not hang on how many youths other municipalities have. Group before period, so that the
-- steps of a group are one stretch of the index; the amounts are in the index, so that it alone is read.
create table if not exists step (
    municipality text not null,
    indicator text not null,
    definition text not null,
    period text not null,
    group_kind text not null,
    group_name text not null,
    effective_day date not null,
    known_day date not null,
    numerator bigint not null,
    denominator bigint not null,
    pending bigint not null,
    primary key (municipality, indicator, definition, group_kind, group_name, period, effective_day, known_day)
        include (numerator, denominator, pending)
) partition by list (municipality);

-- derived: records of the topic that are no facts; their content stays in the topic
create table if not exists refused_record (
    municipality text not null,
    topic text not null,
    partition integer not null,
    record_offset bigint not null,
    primary key (municipality, topic, partition, record_offset)
);
""" + "".join(map(municipality_policy, ("youth_state", "youth_layer", "step", "refused_record")))

ALL_TABLES = TABLES + REFERENCE_TABLES + PUBLICATION_TABLES + SHOWN_TABLES
"""Everything that a start of the service makes."""

EMPTIED = "truncate youth_state, youth_layer, step, refused_record;" + SHOWN_EMPTIED
"""Forgets what is derived, before a rebuild."""
