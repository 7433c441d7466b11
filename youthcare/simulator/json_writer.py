"""Writes an event of a team's system as it is posted: a CloudEvent with the citizen number in its content.

One rule: the incoming form of design.md §3, so no `subject` and no `received`.
"""

import json

from youthcare.simulator.messages import TeamEvent


def written(event: TeamEvent) -> str:
    """The event as JSON."""
    return json.dumps(
        {
            "specversion": "1.0",
            "id": event.id,
            "source": event.sender,
            "type": f"nl.jeugdzorg.{event.type}.v1",
            "municipality": event.municipality,
            "time": f"{event.recorded:%Y-%m-%dT%H:%M:%SZ}",
            "datacontenttype": "application/json",
            "data": event.content,
        },
        ensure_ascii=False,
    )
