"""What crosses a door keeps its shape: exported files, examples and dataclasses all agree with the models."""

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator, FormatChecker  # type: ignore[import-untyped]
from pydantic import ValidationError

from schemas.alerts import AlertEvent, AlertState
from schemas.export import FOLDER, files, topic_schemas
from schemas.fields import Model
from schemas.incoming import INCOMING_MODELS, IncomingEvent, check
from schemas.refusals import Refusal
from schemas.statements import (
    DATA_MODELS,
    ProductModel,
    RequestedProductModel,
    VolumeModel,
    canonical_statement,
)
from youthcare.codes import Product
from youthcare.events import DATA_TYPES, RequestedProduct, Volume
from youthcare.outcome import Reason
from youthcare.runtime.topics import TOPICS
from youthcare.wire import statement_to_wire

EXAMPLES = FOLDER / "examples"
INCOMING_EXAMPLES = EXAMPLES / "incoming"


def example(folder: Path, kind: str) -> dict[str, Any]:
    """The example of a type."""
    content: dict[str, Any] = json.loads((folder / f"{kind}.json").read_text(encoding="utf-8"))
    return content


def validator(topic: str) -> Draft202012Validator:
    """The validator of a topic's exported schema."""
    return Draft202012Validator(topic_schemas()[topic], format_checker=FormatChecker())


def test_the_exported_files_are_those_in_the_repository() -> None:
    """Files are made from the models and never edited."""
    kept = {name: (FOLDER / name).read_text(encoding="utf-8") for name in files()}

    assert kept == files()


def test_every_topic_has_a_schema_and_a_channel() -> None:
    """A topic is declared once; schemas and AsyncAPI follow it."""
    document = yaml.safe_load((FOLDER / "asyncapi.yaml").read_text(encoding="utf-8"))

    names = {topic.name for topic in TOPICS}

    assert set(topic_schemas()) == names
    assert set(document["channels"]) == names
    for name, channel in document["channels"].items():
        payload = channel["messages"]["value"]["payload"]["$ref"]
        assert (FOLDER / payload).name == f"{name}.schema.json"
        assert (FOLDER / payload).exists()


def test_every_type_of_statement_has_a_model_an_example_and_a_dataclass() -> None:
    """A type without one of them would be half known."""
    assert set(DATA_MODELS) == set(DATA_TYPES)
    assert {path.stem for path in EXAMPLES.glob("*.json")} == set(DATA_MODELS)
    assert {path.stem for path in INCOMING_EXAMPLES.glob("*.json")} == set(INCOMING_MODELS)


@pytest.mark.parametrize("kind", sorted(DATA_MODELS))
def test_a_canonical_example_decodes_and_comes_back_the_same(kind: str) -> None:
    """What was once written can always be read, with nothing lost."""
    event = example(EXAMPLES, kind)

    assert statement_to_wire(canonical_statement(event)) == event
    validator("indication-events").validate(event)


@pytest.mark.parametrize("kind", sorted(INCOMING_MODELS))
def test_an_incoming_example_is_accepted(kind: str) -> None:
    """The examples that senders copy from are right."""
    event = example(INCOMING_EXAMPLES, kind)

    assert isinstance(check(event), IncomingEvent)
    validator("intake").validate(event)


PAIRS: list[tuple[type[Model], type[Any]]] = [
    *((DATA_MODELS[kind], DATA_TYPES[kind]) for kind in sorted(DATA_MODELS)),
    (ProductModel, Product),
    (VolumeModel, Volume),
    (RequestedProductModel, RequestedProduct),
]


@pytest.mark.parametrize(("model", "dataclass"), PAIRS)
def test_model_and_dataclass_have_the_same_fields(model: type[Model], dataclass: type[Any]) -> None:
    """Same names, same obligation: otherwise the door and the core drift apart."""
    at_the_door = {name: field.is_required() for name, field in model.model_fields.items()}
    inside = {field.name: field.default is MISSING for field in fields(dataclass)}

    assert at_the_door == inside


def changed(kind: str, **data: Any) -> dict[str, Any]:
    """The incoming example of a type with other data; None removes."""
    event = example(INCOMING_EXAMPLES, f"nl.jeugdzorg.{kind}.v1")
    merged = {**event["data"], **data}
    return {**event, "data": {name: value for name, value in merged.items() if value is not None}}


def without(event: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The event without one attribute."""
    return {key: value for key, value in event.items() if key != name}


STARTED = changed("indication.started")
REFUSED: list[tuple[object, Reason, str | None]] = [
    ([], Reason.NOT_JSON, None),
    ("text", Reason.NOT_JSON, None),
    (without(STARTED, "type"), Reason.FIELD_MISSING, "type"),
    ({**STARTED, "type": "nl.jeugdzorg.other.v1"}, Reason.UNKNOWN_TYPE, "type"),
    ({**STARTED, "type": 7}, Reason.UNKNOWN_TYPE, "type"),
    ({**STARTED, "type": "nl.jeugdzorg.message.carried.v1"}, Reason.UNKNOWN_TYPE, "type"),
    (without(STARTED, "time"), Reason.FIELD_MISSING, "time"),
    ({**STARTED, "time": "2024-03-05T10:00:00"}, Reason.FIELD_INVALID, "time"),
    ({**STARTED, "time": "2024-03-05T25:00:00Z"}, Reason.FIELD_INVALID, "time"),
    ({**STARTED, "specversion": "0.3"}, Reason.FIELD_INVALID, "specversion"),
    ({**STARTED, "id": ""}, Reason.FIELD_INVALID, "id"),
    ({**STARTED, "id": "a\x00b"}, Reason.FIELD_INVALID, "id"),
    ({**STARTED, "id": "x" * 201}, Reason.FIELD_INVALID, "id"),
    ({**STARTED, "municipality": 153}, Reason.FIELD_INVALID, "municipality"),
    ({**STARTED, "municipality": "153"}, Reason.FIELD_INVALID, "municipality"),
    ({**STARTED, "source": "a b"}, Reason.FIELD_INVALID, "source"),
    ({**STARTED, "data": []}, Reason.FIELD_INVALID, "data"),
    (without(STARTED, "data"), Reason.FIELD_MISSING, "data"),
    (changed("indication.started", bsn=None), Reason.FIELD_MISSING, "data.bsn"),
    (changed("indication.started", bsn="12345"), Reason.BSN_INVALID, "data.bsn"),
    (changed("indication.started", bsn=999900006), Reason.BSN_INVALID, "data.bsn"),
    (changed("indication.started", first_day="2024-02-30"), Reason.FIELD_INVALID, "data.first_day"),
    (changed("indication.started", first_day="05-03-2024"), Reason.FIELD_INVALID, "data.first_day"),
    (changed("indication.started", first_day="1899-12-31"), Reason.FIELD_INVALID, "data.first_day"),
    (changed("indication.started", first_day="9999-12-31"), Reason.FIELD_INVALID, "data.first_day"),
    (changed("indication.started", planned_last_day="2200-01-01"), Reason.FIELD_INVALID, "data.planned_last_day"),
    (changed("indication.started", crisis="yes"), Reason.FIELD_INVALID, "data.crisis"),
    (changed("indication.started", referrer="07"), Reason.UNKNOWN_CODE, "data.referrer"),
    (changed("indication.started", product={"category": "99"}), Reason.UNKNOWN_CODE, "data.product.category"),
    (
        changed("indication.started", planned_last_day="2024-03-03"),
        Reason.END_BEFORE_START,
        "data.planned_last_day",
    ),
    (changed("indication.ended", reason="21"), Reason.UNKNOWN_CODE, "data.reason"),
    (changed("indication.ended", last_day="2024-03-03"), Reason.END_BEFORE_START, "data.last_day"),
    (changed("indication.granted", last_day="2024-03-03"), Reason.END_BEFORE_START, "data.last_day"),
    (changed("indication.granted", change_reason="15"), Reason.UNKNOWN_CODE, "data.change_reason"),
    (changed("indication.granted", granted_at="2024-02-26"), Reason.FIELD_INVALID, "data.granted_at"),
    (changed("indication.granted", granted_at="2024-02-26T09:00:00Z"), Reason.FIELD_INVALID, "data.granted_at"),
    (changed("indication.granted", volume={"amount": -1}), Reason.FIELD_INVALID, "data.volume.amount"),
    (changed("care.requested", products=[]), Reason.FIELD_INVALID, "data.products"),
    (changed("care.requested", products=[{"kind": "more"}]), Reason.UNKNOWN_CODE, "data.products[0].kind"),
    (
        changed("care.requested", products=[{"kind": "new", "first_day": "2024-03-02", "last_day": "2024-03-01"}]),
        Reason.END_BEFORE_START,
        "data.products[0].last_day",
    ),
    (changed("care.request.answered", answer="approved"), Reason.UNKNOWN_CODE, "data.answer"),
    (changed("youth.merged", into_bsn=None), Reason.FIELD_MISSING, "data.into"),
    (changed("youth.merged", into="1b7e"), Reason.FIELD_FORBIDDEN, "data.into_bsn"),
    (changed("youth.registered", postcode="75AB"), Reason.FIELD_INVALID, "data.postcode"),
]


@pytest.mark.parametrize(("event", "reason", "field"), REFUSED)
def test_a_wrong_event_is_refused_with_reason_and_place(event: object, reason: Reason, field: str | None) -> None:
    """The sender is told what to mend and where."""
    refused = check(event)

    assert not isinstance(refused, IncomingEvent)
    assert (refused.reason, refused.field) == (reason, field)


def test_an_end_before_its_start_is_refused_at_the_door_but_still_read_from_the_log() -> None:
    """The law says what a delivery without days means, so the log may hold one (domain.md §3)."""
    event = example(EXAMPLES, "nl.jeugdzorg.indication.ended.v1")
    event["data"]["last_day"] = "2024-03-03"

    assert statement_to_wire(canonical_statement(event)) == event


def test_a_refusal_never_repeats_a_value() -> None:
    """Field values of a wrong message may be names or numbers of a person."""
    refused = check(changed("indication.started", bsn="99990000X", referrer="Jansen"))

    assert "99990000X" not in repr(refused)
    assert "Jansen" not in repr(refused)


def test_what_the_model_does_not_know_is_dropped_and_counted() -> None:
    """Names, free text and a sender's own `subject` and `received` have no place inside (domain.md §8)."""
    event = changed("care.requested", name="Jansen", products=[{"kind": "keep", "note": "free text"}])

    taken = check({**event, "subject": "999900006", "received": "2020-01-01T00:00:00Z"})

    assert isinstance(taken, IncomingEvent)
    assert taken.dropped_fields == 4
    assert "Jansen" not in repr(taken)
    assert "free text" not in repr(taken)


def test_no_last_day_may_be_written_as_the_last_day_of_year_9999() -> None:
    """Many systems write 9999-12-31 for an open end."""
    taken = check(changed("indication.granted", last_day="9999-12-31"))

    assert isinstance(taken, IncomingEvent)
    assert getattr(taken.data, "last_day", "") is None


def test_the_bsn_does_not_show_in_the_text_of_an_event() -> None:
    """A value that shows itself would leak by the first error message (domain.md §8)."""
    taken = check(STARTED)

    assert isinstance(taken, IncomingEvent)
    assert taken.bsn == "999900006"
    assert "999900006" not in repr(taken)


def test_a_canonical_statement_needs_its_youth() -> None:
    """Without a subject nobody knows whose ledger it belongs to."""
    with pytest.raises(ValidationError):
        canonical_statement(without(example(EXAMPLES, "nl.jeugdzorg.youth.registered.v1"), "subject"))


def test_refusals_and_alert_events_fit_their_schemas() -> None:
    """What we write on these topics is what we publish as their shape."""
    refusal = Refusal.model_validate(
        {
            "municipality": "0153",
            "sender": "urn:ijw:0153",
            "number": 1,
            "received": "2024-03-05T10:00:00Z",
            "code": "not-xml",
            "guidance": "Het bericht is geen leesbare XML.",
        }
    )
    alert = AlertEvent.model_validate(
        {
            "municipality": "0153",
            "receiver": "team:noord",
            "number": 1,
            "time": "2024-03-05T10:00:00Z",
            "alert": 7,
            "rule": "returned",
            "level": "alert",
            "anchor": "0153-667899",
            "youth": "9f3c51d07a2e4b6689d0c1e2f3a4b5c6",
            "opens_on": "2024-03-04",
            "state": "open",
        }
    )

    validator("refusals").validate(refusal.model_dump(mode="json"))
    validator("care-alerts").validate(alert.model_dump(mode="json"))
    assert alert.state is AlertState.OPEN
