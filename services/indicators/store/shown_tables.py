"""What the dashboards read: figures as they may be shown, and two view schemas that a reader of Grafana may see.

1. `shown_figure` is derived: the API process writes it anew from sums of steps. What is withheld from everyone stands
   there without its numbers, so that no mistake in a view can tell them.
2. `dashboard` is for everyone, `oversight` for supervisors. Their readers (deploy/postgres/roles.sql) see these views
   and no table, and of the views the municipalities alone that `dashboard_access` grants to the role they log in as.
3. The row policy of the tables lets a reader through to what is granted; the view itself keeps to it as well, because
   a session may set `app.municipality` to whatever it likes.
"""

from youthcare.runtime.postgres import municipality_policy

# A barrier: no function in a reader's own query is shown a row before the filter has let it pass.
_VIEW = """
create or replace view {schema}.figure with (security_barrier) as
select municipality, definition, indicator, label_nl, per, period, period_first_day, group_kind, group_name,
    numerator, denominator, value, target, status, pending, is_withheld, as_of, known_on, written_at
from shown_figure
where audience = '{audience}'
  and municipality in (select granted.municipality from dashboard_access as granted
                       where granted.role_name = session_user);
"""


_TABLES = """
-- derived: figures as each audience may see them
create table if not exists shown_figure (
    municipality text not null,
    audience text not null check (audience in ('everyone', 'supervisor')),
    definition text not null,
    indicator text not null,
    label_nl text not null,
    per text not null,
    period text not null,
    period_first_day date not null,
    group_kind text not null,
    group_name text not null,
    numerator bigint,
    denominator bigint,
    value numeric,
    target numeric,
    status text not null,
    pending bigint,
    is_withheld boolean not null,
    as_of date not null,
    known_on date not null,
    written_at timestamptz not null,
    primary key (municipality, audience, definition, indicator, period, group_kind, group_name),
    check (not is_withheld or coalesce(numerator, denominator, value, pending) is null),
    check (audience = 'supervisor' or group_kind not in ('provider', 'sender'))
);

-- entered: which municipalities a reading role of the dashboards may see
create table if not exists dashboard_access (
    municipality text not null check (municipality ~ '^[0-9]{4}$'),
    role_name text not null,
    primary key (municipality, role_name)
);
"""
_READERS = """
drop policy if exists dashboard_access_of_reader on dashboard_access;
create policy dashboard_access_of_reader on dashboard_access for select using (role_name = session_user);
drop policy if exists shown_figure_of_reader on shown_figure;
create policy shown_figure_of_reader on shown_figure for select
    using (municipality in (select granted.municipality from dashboard_access as granted
                            where granted.role_name = session_user));
"""
SHOWN_TABLES = "".join(
    (
        _TABLES,
        *map(municipality_policy, ("shown_figure", "dashboard_access")),
        _READERS,
        _VIEW.format(schema="dashboard", audience="everyone"),
        _VIEW.format(schema="oversight", audience="supervisor"),
    )
)
"""What a start of the service makes, after its other tables."""

SHOWN_EMPTIED = "truncate shown_figure;"
"""Forgets what is derived, before a rebuild."""
