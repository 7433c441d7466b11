"""What ends by its term in the tables of this service: what was told, notes on what is closed, mails that went.

Two rules. An alert itself goes with its youth and not before: else the same finding would open anew. What waits to be
told, or to be sent, stays.
"""

from youthcare.runtime.retaining import Ending, until_of

_OVER = "('closed', 'withdrawn', 'expired', 'historical')"
_PAST_TOLD = f"""
select municipality, receiver, number from alert_event
where published is not null and recorded < {until_of("alert_event")}
"""  # noqa: S608 - ours
_PAST_NOTES = f"""
select noted.municipality, noted.alert, noted.step from alert_step as noted
join alert on alert.municipality = noted.municipality and alert.number = noted.alert
where noted.note is not null and alert.state in {_OVER} and alert.changed < {until_of("alert")}
"""  # noqa: S608 - ours
_PAST_MAILS = f"""
select municipality, team, day, address from digest
where state in ('done', 'dead') and day < ({until_of("digest")} at time zone 'Europe/Amsterdam')::date
"""  # noqa: S608 - ours
ENDINGS = (
    Ending(
        kind="told-alerts",
        past=_PAST_TOLD,
        end=f"""
            with past as ({_PAST_TOLD} order by recorded limit $4 for update skip locked)
            delete from alert_event as kept using past where kept.municipality = past.municipality
                and kept.receiver = past.receiver and kept.number = past.number returning kept.municipality
        """,  # noqa: S608 - ours
    ),
    Ending(
        kind="notes",
        past=_PAST_NOTES,
        end=f"""
            with past as ({_PAST_NOTES} limit $4 for update of noted skip locked)
            update alert_step as kept set note = null from past where kept.municipality = past.municipality
                and kept.alert = past.alert and kept.step = past.step returning kept.municipality
        """,  # noqa: S608 - ours
    ),
    Ending(
        kind="mails",
        past=_PAST_MAILS,
        end=f"""
            with past as ({_PAST_MAILS} limit $4 for update skip locked)
            delete from digest as kept using past where kept.municipality = past.municipality
                and kept.team = past.team and kept.day = past.day and kept.address = past.address
            returning kept.municipality
        """,  # noqa: S608 - ours
    ),
)
