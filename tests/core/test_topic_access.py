"""Who may read and write which topic, as it is declared."""

import pytest

from tests.broker_rights import matrix
from youthcare.runtime.topic_access import (
    ACCESSES,
    OPERATOR,
    USERS,
    Right,
    Thing,
    access_of_sender,
    declared,
    group_of,
)
from youthcare.runtime.topics import TOPICS


def test_what_is_declared_is_what_the_table_says() -> None:
    """Five topics by seven users; the operator needs no rule."""
    rules = {
        (rule.user, rule.right, rule.name)
        for rule in declared(["sender"])
        if rule.thing is Thing.TOPIC and rule.right is not Right.SEE_SETTINGS
    }

    table = {
        (user, right, topic)
        for (user, topic), told in matrix().items()
        for letter, right in zip(told, (Right.READ, Right.WRITE), strict=True)
        if letter != "-" and user != OPERATOR
    }
    assert rules == table


def test_each_topic_has_the_one_writer_that_its_declaration_names() -> None:
    """Single writer: only indication writes `indication-events`, and `intake` is written by senders alone."""
    rules = declared(["team-noord"])
    for topic in TOPICS:
        writers = {rule.user for rule in rules if rule.right is Right.WRITE and rule.name == topic.name}

        assert writers == {"team-noord" if topic.writer == "senders" else topic.writer}, topic.name


def test_a_service_joins_its_own_group_and_no_other() -> None:
    """Who joins another's group takes its partitions away."""
    joined = {access.user: access.joins for access in ACCESSES if access.joins}
    followed = {access.user: access.follows for access in ACCESSES if access.follows}

    assert followed.keys() == joined.keys()
    assert joined == {user: (group_of(user),) for user in ("indication", "trajectory", "indicators", "alerts")}


def test_the_operator_stands_in_no_rule() -> None:
    """It is the broker's super user; a rule of its own would hide that."""
    assert OPERATOR not in {rule.user for rule in declared()}


@pytest.mark.parametrize("name", [*USERS, ""])
def test_a_sender_cannot_be_named_as_one_of_ours(name: str) -> None:
    """Else a sender's right would fall to a service, or everybody's."""
    with pytest.raises(ValueError, match="a name of its own"):
        access_of_sender(name)
