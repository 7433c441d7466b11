"""The command `trajectwacht simulate` writes what the iterator gives, and what was meant beside it."""

import csv
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from youthcare.cli_simulate import app, line
from youthcare.simulator import Envelope, simulate


def simulated(folder: Path, *options: str) -> list[dict[str, Any]]:
    """The messages the command wrote."""
    result = CliRunner().invoke(app, ["--youths", "30", "--seed", "4", *options, "--out", str(folder)])
    assert result.exit_code == 0, result.output
    return [json.loads(text) for text in (folder / "messages.jsonl").read_text(encoding="utf-8").splitlines()]


def test_the_file_holds_every_envelope_in_order(tmp_path: Path) -> None:
    """One line per envelope: received, door, sender, body."""
    envelopes = list(simulate(4, "0153", date(2024, 1, 1), date(2024, 12, 31), 30))

    written = simulated(tmp_path)

    assert [one["body"].encode() for one in written] == [one.body for one in envelopes]
    assert all(set(one) == {"received", "door", "sender", "body"} for one in written)
    assert {one["door"] for one in written} == {"ijw", "events"}


def test_the_same_options_write_the_same_bytes(tmp_path: Path) -> None:
    """A seed is a name for a year."""
    simulated(tmp_path / "one")
    simulated(tmp_path / "two")

    for name in ("messages.jsonl", "truth.json", "population.csv"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_the_truth_counts_the_messages_and_says_what_was_meant(tmp_path: Path) -> None:
    """truth.json: the options, the envelopes per door, the wrong ones per flaw, the figures."""
    written = simulated(tmp_path, "--year", "2023")

    truth = json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))
    assert truth["simulation"]["coverage_start"] == "2022-07-01"
    assert sum(truth["messages"]["doors"].values()) == len(written)
    assert {"counts", "stacking_mean_by_month", "returned_share", "care_share_by_team"} <= set(truth["figures"])


def test_the_population_has_the_columns_of_replay(tmp_path: Path) -> None:
    """population.csv can be given to `replay --population` as it is (design.md §5)."""
    simulated(tmp_path)

    with (tmp_path / "population.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert set(rows[0]) == {"municipality", "quarter", "group_kind", "group", "youths"}


def test_a_body_that_is_not_text_is_written_as_base64() -> None:
    """Whatever arrives can be kept in a line of JSON."""
    received = datetime(2024, 1, 1, 12, tzinfo=UTC)
    binary = Envelope(received=received, door="ijw", body=b"\xff\xfe", sender="urn:ijw:0153:99900001")

    assert json.loads(line(binary))["body"] == {"base64": "//4="}
