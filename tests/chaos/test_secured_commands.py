"""Behind locks at length: outages, and every command that reads or writes a topic, each under the user it is for.

What the broker's log tells afterwards is what the users need: no right is declared beside it, and none is missing.
"""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.broker_rights import told_by
from tests.chaos.test_forgetting_under_load import forget, persons_in
from tests.e2e.test_secured_town import say
from tests.e2e.town import MUNICIPALITY, SEED, Town, today, town
from tests.indication import until
from youthcare.runtime.brokers import Inspector
from youthcare.runtime.local.securing import SENDER
from youthcare.runtime.settings import Settings
from youthcare.runtime.topic_access import declared
from youthcare.runtime.topics import INDICATION_EVENTS, INTAKE, TRAJECTORY_FACTS
from youthcare.simulator import simulate

pytestmark = pytest.mark.prove

YOUTHS = 60
READ_BY = {
    "indication": INTAKE, "trajectory": INDICATION_EVENTS, "indicators": TRAJECTORY_FACTS, "alerts": TRAJECTORY_FACTS,
}  # fmt: skip


def test_every_right_is_needed_and_none_is_missing(tmp_path: Path) -> None:
    """A year of messages through outages of broker and database, then every command; live equals replay."""
    last = today() - timedelta(days=1)
    envelopes = list(simulate(SEED, MUNICIPALITY, last - timedelta(days=364), last, YOUTHS))
    half = len(envelopes) // 2
    with town(tmp_path, secured=True) as here:
        here.feed(envelopes[:half])
        say(here, "over-kafka", "youth.registered", valid_from="2024-01-01", birth_date="2014-05-17")
        here.settle()
        here.stack.broker.kill()
        here.stack.broker.start()
        here.stack.database.restart(mode="immediate")
        here.feed(envelopes[half:])
        here.settle()
        assert here.compared().differences == []

        run_every_command(here, persons_in(envelopes)[0])

        assert here.compared().differences == []
        allowed, refused = told_by(here.stack.folder / "logs")
        assert sorted(map(str, refused)) == []
        assert sorted(map(str, declared([SENDER]) - allowed)) == []
        assert sorted(map(str, allowed - declared([SENDER]))) == []


def run_every_command(here: Town, person: str) -> None:
    """Those that speak to the broker, as `docs/operations.md` names their users."""
    forget(here, [person])
    until(lambda: forgotten_up_to_the_broker(here), "all but the broker's own cleaning is confirmed", 120)
    here.command("forget", "run", "--watch", user="indication")
    here.settle()
    assert here.command("verify", user="auditor")
    assert here.command("verify", "--republish")
    here.services.stop()
    here.command("indication", "recover", user="indication")
    here.command("indication", "republish", user="indication")
    here.command("rebuild", user="trajectory")
    for user, topic in READ_BY.items():
        # What a guard asks when offsets did not come.
        inspector = Inspector(Settings.from_env(here.stack.environment(user)).broker())
        assert inspector.first_held(topic.name, busy_partition(here, topic.name), 0, 20) is not None
        assert inspector.compaction_lag(topic.name) == (topic.compaction_lag if "compact" in topic.cleanup else None)
    # What `verify` asks when the end of a partition lies beyond its last record.
    asked = Inspector(Settings.from_env(here.stack.environment("auditor")).broker())
    place = INDICATION_EVENTS.name, busy_partition(here, INDICATION_EVENTS.name)
    assert asked.first_held(*place, 0, 20) is not None
    here.services.start()
    here.settle()


def forgotten_up_to_the_broker(here: Town) -> bool:
    """Go round once more; the last steps wait for the broker's cleaner, which takes hours."""
    here.command("forget", "run", user="indication")
    return "next dropped" in here.command("forget", "status", "--municipality", MUNICIPALITY, user="indication")


def busy_partition(here: Town, topic: str) -> int:
    """A partition that holds something."""
    inspector = Inspector(Settings.from_env(here.stack.environment()).broker())
    ends = inspector.end_offsets(inspector.identity(topic))
    return max(ends, key=lambda each: ends[each])
