-- Tables of the indication service, schema `indication` (the role's own search path). Municipality comes first
-- everywhere; a forced row policy binds each table to the municipality of the session (see store/tables.py).
-- All are ENTERED: truth that no rebuild touches and that is backed up. The service has no derived table.

-- ENTERED. Which youth a BSN is. The only place of the BSN, sealed; the look-up is an HMAC with a versioned key.
create table if not exists identity (
    municipality text not null check (municipality ~ '^[0-9]{4}$'),
    lookup bytea not null,
    key_version smallint not null,
    bsn_sealed bytea not null,
    youth text not null,
    made timestamptz not null default now(),
    primary key (municipality, lookup)
);
-- The numbers under which the youth was known before they were corrected, sealed: nobody is found by them, but what is
-- kept sealed of a youth who is forgotten is. Looked up first, like below: to alter a table takes a lock.
do $$ begin
    if not exists (select from pg_attribute where attrelid = 'identity'::regclass and attname = 'former') then
        alter table identity add column former bytea[] not null default '{}';
    end if;
end $$;
create index if not exists identity_by_youth on identity (municipality, youth);
create index if not exists identity_by_key on identity (municipality, key_version);

-- ENTERED. The register of statements, and the outbox: what has no `published` is still to be published.
-- `body` is the record on the topic, byte for byte.
create table if not exists statement (
    municipality text not null check (municipality ~ '^[0-9]{4}$'),
    source text not null,
    id text not null,
    youth text not null,
    digest bytea not null,
    received timestamptz not null,
    message text,
    body bytea not null,
    number bigint generated always as identity,
    recorded timestamptz not null default now(),
    published timestamptz,
    primary key (municipality, source, id)
);
create index if not exists statement_unpublished on statement (number) where published is null;
create index if not exists statement_by_youth on statement (municipality, youth);
create index if not exists statement_of_merges on statement (municipality)
    where position('.youth.merged.'::bytea in body) > 0;

-- ENTERED. Whose message or request it was, by a keyed digest: returns and answers name nothing else, and what they
-- name may hold a BSN.
create table if not exists reference (
    municipality text not null check (municipality ~ '^[0-9]{4}$'),
    reference text not null,
    name text not null,
    youth text not null,
    primary key (municipality, reference)
);
create index if not exists reference_by_youth on reference (municipality, youth);

-- ENTERED. Records of a forgotten youth that are still to be wiped from the log; a row goes once that is done.
create table if not exists tombstone (
    municipality text not null check (municipality ~ '^[0-9]{4}$'),
    youth text not null,
    source text not null,
    id text not null,
    primary key (municipality, youth, source, id)
);

-- ENTERED. Wishes to forget a youth, by a digest of its identifier; the identifier itself, and sealed what would find
-- the person in sealed content, only as long as they are needed. `request` is a digest of the wish's source and id.
create table if not exists forgetting (
    municipality text not null check (municipality ~ '^[0-9]{4}$'),
    digest text not null,
    request text not null,
    youth text,
    traces bytea,
    requested timestamptz not null,
    marked timestamptz,
    certified timestamptz,
    primary key (municipality, digest)
);
create index if not exists forgetting_open on forgetting (requested) where certified is null;
create index if not exists forgetting_by_request on forgetting (municipality, request);

-- ENTERED. Which step of a forgetting was confirmed, when, and by what; no person stands in it.
create table if not exists forgetting_step (
    municipality text not null check (municipality ~ '^[0-9]{4}$'),
    digest text not null,
    step text not null,
    confirmed timestamptz not null,
    evidence jsonb not null,
    primary key (municipality, digest, step)
);

-- ENTERED. Messages and requests of youths who were forgotten, by keyed digest: what answers one is about nobody.
create table if not exists forgotten_reference (
    municipality text not null check (municipality ~ '^[0-9]{4}$'),
    reference text not null,
    forgotten timestamptz not null,
    primary key (municipality, reference)
);

-- ENTERED. Refusals that were about a forgotten youth, still to be wiped from their topic.
create table if not exists refusal_tombstone (
    municipality text not null check (municipality ~ '^[0-9]{4}$'),
    sender text not null,
    number bigint not null,
    primary key (municipality, sender, number)
);

-- ENTERED. Statements that refer to what has not come yet; tried again when it comes, refused after 30 days.
create table if not exists parked (
    municipality text not null check (municipality ~ '^[0-9]{4}$'),
    reference text not null,
    source text not null,
    id text not null,
    sender text not null,
    digest bytea not null,
    payload bytea not null,
    received timestamptz not null,
    expires timestamptz not null,
    primary key (municipality, source, id)
);
create index if not exists parked_by_reference on parked (municipality, reference);
create index if not exists parked_by_expiry on parked (expires);

-- ENTERED. Events of a type that this version does not know, sealed, to be offered again after an upgrade.
create table if not exists unknown_type (
    municipality text not null check (municipality ~ '^[0-9]{4}$'),
    sender text not null,
    number bigint generated always as identity,
    payload bytea not null,
    received timestamptz not null,
    expires timestamptz not null,
    offered timestamptz not null,
    primary key (municipality, sender, number)
);

-- ENTERED. What was refused, numbered per sender, and the outbox of it; the payload is sealed and kept 90 days.
create table if not exists refusal (
    municipality text not null check (municipality ~ '^[0-9]{4}$'),
    sender text not null,
    number bigint not null,
    received timestamptz not null,
    body bytea not null,
    payload bytea,
    payload_until timestamptz,
    recorded timestamptz not null default now(),
    published timestamptz,
    primary key (municipality, sender, number)
);
-- When and how it was settled, and by which identification or by whom; `readers` see the payload, none: the sender.
-- Looked up first: to alter a table takes a lock that a start beside running processes need not take.
do $$ begin
    if not exists (select from pg_attribute where attrelid = 'refusal'::regclass and attname = 'readers') then
        alter table refusal add column settled timestamptz, add column settled_as text, add column settled_by text,
            add column readers text[] not null default '{}';
    end if;
end $$;
create index if not exists refusal_newest on refusal (municipality, received, sender, number);
create index if not exists refusal_open on refusal (municipality, sender, received) where settled is null;
create index if not exists refusal_by_received on refusal (received);
create index if not exists refusal_unpublished on refusal (recorded) where published is null;
create index if not exists refusal_payload_until on refusal (payload_until) where payload is not null;

-- ENTERED. The last number given to a sender's refusals.
create table if not exists refusal_count (
    municipality text not null check (municipality ~ '^[0-9]{4}$'),
    sender text not null,
    last bigint not null,
    primary key (municipality, sender)
);

-- ENTERED. Under which keys open refusals wait for the acceptance that settles them; a row goes once that is done.
create table if not exists refusal_key (
    municipality text not null check (municipality ~ '^[0-9]{4}$'),
    sender text not null,
    key text not null,
    number bigint not null,
    identification text not null,
    primary key (municipality, sender, key, number)
);
create index if not exists refusal_key_by_number on refusal_key (municipality, sender, number);

-- ENTERED, and never changed again. What sealed thing was opened to whom, a payload to its sender or the BSN behind a
-- youth to a privacy officer, and that a BSN was corrected by whom. No BSN, no payload and no youth stands here: of the
-- youth there is the digest that may be kept of who was forgotten; who and why stand in the log of looks (0026).
create table if not exists disclosure (
    municipality text not null check (municipality ~ '^[0-9]{4}$'),
    number bigint generated always as identity,
    kind text not null,
    actor text not null,
    told timestamptz not null,
    sender text,
    refusal bigint,
    youth_digest text,
    reason text,  -- of rows from before the log of looks held it
    primary key (municipality, number),
    constraint disclosure_is_of_its_kind check (kind = 'payload' and sender is not null and refusal is not null
        or kind in ('identity', 'correction') and youth_digest is not null)
);
-- A table from before held the youth itself. Looked up first, as above; the wildcard, since an API may come first.
do $$ begin
    if exists (select from pg_attribute where attrelid = 'disclosure'::regclass and attname = 'youth') then
        perform set_config('app.municipality', '*', true);
        drop trigger if exists disclosure_is_only_added_to on disclosure;
        alter table disclosure drop constraint if exists disclosure_check,
            drop constraint if exists disclosure_kind_check, drop constraint if exists disclosure_is_of_a_kind,
            add column youth_digest text;
        update disclosure set youth_digest = encode(sha256(convert_to(municipality || '/' || youth, 'UTF8')), 'hex'),
            youth = null where youth is not null;
        alter table disclosure drop column youth, add constraint disclosure_is_of_its_kind check (
            kind = 'payload' and sender is not null and refusal is not null
            or kind in ('identity', 'correction') and youth_digest is not null);
    end if;
end $$;
create index if not exists disclosure_by_youth on disclosure (municipality, youth_digest)
    where youth_digest is not null;
create or replace function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'table % is only added to', tg_table_name using errcode = 'insufficient_privilege';
end $$;
create or replace trigger disclosure_is_only_added_to before update or truncate on disclosure
    for each statement execute function refuse_change();
-- What ends is the term (deploy/retention.yml), and never within two years.
create or replace function refuse_early_end() returns trigger language plpgsql as $$
begin
    if old.told > now() - interval '2 years' then
        raise exception 'table % is only added to', tg_table_name using errcode = 'insufficient_privilege';
    end if;
    return old;
end $$;
create or replace trigger disclosure_ends_by_its_term before delete on disclosure
    for each row execute function refuse_early_end();
