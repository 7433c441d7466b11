"""The chain of the log of looks as pure functions, what is written down of it, and the processing register."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml

from tests.looks import chained, look_of
from youthcare.looks.chain import Fault, Head, Kept, faults
from youthcare.looks.heads import heads_from, moments_from, written
from youthcare.looks.line import Line, hash_of
from youthcare.looks.operations import Operation, register_from
from youthcare.looks.tracing import caller_of
from youthcare.runtime.settings import shipped

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
MUNICIPALITY = "0153"


def line(actor: str = "anna") -> Line:
    """A line without its place in a chain."""
    return look_of(MUNICIPALITY, NOON, actor)


CHAIN = chained([line(name) for name in ("anna", "bram", "cees", "dora", "eva")])
HEADS = {3: CHAIN[2].hash, 5: CHAIN[4].hash}


def found(lines: list[Line]) -> list[tuple[int, Fault]]:
    """What is wrong with lines, against the heads of the whole chain."""
    return [(each.number, each.fault) for each in faults(MUNICIPALITY, lines, HEADS)]


def test_a_whole_chain_has_no_fault() -> None:
    """Also when it went on after the last head."""
    assert found(CHAIN) == []
    assert found(chained([*CHAIN, line("fred")])) == []


def test_each_deed_shows_at_its_place() -> None:
    """Altered, removed, put in, cut off, or made anew from some line on."""
    altered = [*CHAIN[:1], replace(CHAIN[1], actor="nobody"), *CHAIN[2:]]
    remade = chained([line("anna"), line("nobody"), *CHAIN[2:]])
    stranger = replace(line("x"), number=2, previous=b"p" * 32)
    put_in = [CHAIN[0], replace(stranger, hash=hash_of(stranger)), *CHAIN[2:]]

    assert found(altered) == [(2, Fault.ALTERED)]
    assert found([*CHAIN[:1], *CHAIN[2:]]) == [(3, Fault.REMOVED)]
    assert found(put_in)[0] == (2, Fault.INSERTED)
    assert found(CHAIN[:4]) == [(5, Fault.CUT_OFF)]
    assert found([]) == [(5, Fault.CUT_OFF)]
    assert found(remade) == [(3, Fault.REWRITTEN), (5, Fault.REWRITTEN)]


YEARS_ON = NOON + timedelta(days=2000)
KEPT = Kept(municipality=MUNICIPALITY, number=2, hash=CHAIN[1].hash, before=NOON, removed=YEARS_ON)


def behind(lines: list[Line], kept: Kept, taken: dict[int, datetime] | None = None) -> list[tuple[int, Fault]]:
    """What is wrong with lines of which the first went by their term."""
    return [(each.number, each.fault) for each in faults(MUNICIPALITY, lines, HEADS, kept, taken)]


def test_a_chain_goes_on_from_the_head_that_was_kept() -> None:
    """Whole from there on; what is missing after it shows, and so does a head that does not fit."""
    forged = replace(KEPT, hash=b"x" * 32)
    at_a_head = replace(KEPT, number=3, hash=b"x" * 32)

    assert behind(CHAIN[2:], KEPT) == []
    assert behind(CHAIN[3:], KEPT) == [(4, Fault.REMOVED)]
    assert behind([CHAIN[2], CHAIN[4]], KEPT) == [(5, Fault.REMOVED)]
    assert behind(CHAIN[2:], forged) == [(3, Fault.INSERTED)]
    assert behind(CHAIN[3:], at_a_head)[0] == (3, Fault.REWRITTEN)
    assert behind([], replace(KEPT, number=5, hash=CHAIN[4].hash)) == [], "all of them went"


def test_what_went_before_its_term_shows() -> None:
    """By the year that is always kept, and by a head that was written down when those lines were not there yet."""
    hasty = replace(KEPT, removed=NOON + timedelta(days=364))

    assert behind(CHAIN[2:], hasty) == [(2, Fault.TOO_SOON)]
    assert behind(CHAIN[2:], KEPT, {1: NOON + timedelta(hours=1)}) == [(2, Fault.TOO_SOON)]
    assert behind(CHAIN[2:], KEPT, {1: NOON - timedelta(hours=1), 3: YEARS_ON}) == []


def test_no_field_of_a_line_can_be_changed_unseen() -> None:
    """Every field goes into the hash, and what is absent differs from what is empty."""
    changed: dict[str, Any] = {
        "break_glass": 4,
        "data_subject_id": b"",
        "data_subject_id_type": "",
        "data_subject_key": b"",
        "foreign_span_id": b"f" * 8,
        "foreign_trace_id": b"f" * 16,
        "parent_span_id": b"f" * 8,
    }
    for name in Line.__slots__:
        before: Any = getattr(CHAIN[0], name)
        other: Any = changed.get(name, before * 2 if isinstance(before, str | bytes) else None)
        if isinstance(before, int):
            other = before + 1
        if isinstance(before, datetime):
            other = before.replace(microsecond=1)
        altered = replace(CHAIN[0], **{name: other})
        assert (hash_of(altered) == hash_of(CHAIN[0])) == (name == "hash"), name


def test_two_fields_never_change_places_unseen() -> None:
    """A letter that moves from one field to the next gives another hash."""
    one, other = replace(CHAIN[0], actor="ab", actor_roles="c"), replace(CHAIN[0], actor="a", actor_roles="bc")

    assert hash_of(one) != hash_of(other)


def test_heads_come_back_as_they_were_written_and_the_first_counts() -> None:
    """A head that was written later for the same line cannot take the place of the first."""
    first, later = (written(Head(municipality="0153", number=7, hash=each), NOON) for each in (b"\x01" * 32, b"\x02"))

    assert heads_from([first, later]) == {"0153": {7: b"\x01" * 32}}
    assert moments_from([first, later]) == {"0153": {7: NOON}}
    with pytest.raises(ValueError, match="line 2 is no head"):
        heads_from([first, "{}"])


def test_every_operation_has_one_activity_in_the_register_that_is_shipped() -> None:
    """What the register does not name cannot be logged, so a file that leaves one out is refused at the start."""
    content = yaml.safe_load(shipped("processing-activities.yml").read_text())["activities"]
    register = register_from(content)

    assert set(register) == set(Operation)
    assert all(each.identity.startswith("urn:") and each.purpose for each in register.values())
    with pytest.raises(ValueError, match=r"trajectory\.view"):
        register_from({name: row for name, row in content.items() if name != "trajectory"})
    with pytest.raises(ValueError, match="two activities"):
        register_from(content | {"again": content["trajectory"]})


@pytest.mark.parametrize(
    "header", [None, "", "00-0-0-01", f"00-{'0' * 32}-{'1' * 16}-01", f"ff-{'1' * 32}-{'1' * 16}-01"]
)
def test_a_header_that_is_no_trace_is_left_out(header: str | None) -> None:
    """W3C Trace Context: all noughts and version ff are none."""
    assert caller_of(header) is None
