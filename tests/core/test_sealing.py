"""The keys of the identity table: what is sealed opens only in its own place, and keys are never replaced."""

import json
import stat
from pathlib import Path

import pytest

from youthcare.runtime.key_rotation import NothingToRotateError, announce_keys, retire_older, use_announced
from youthcare.runtime.sealing import MunicipalityKeys, SealBrokenError, make_keys, read_keys


def keys(folder: Path, municipality: str = "0153") -> MunicipalityKeys:
    """The keys of a municipality, made when absent."""
    make_keys(folder / "keys.json", municipality)
    return read_keys(folder / "keys.json")[municipality]


def test_what_is_sealed_opens_with_the_same_keys(tmp_path: Path) -> None:
    """And shows nothing, nor twice the same."""
    own = keys(tmp_path)

    sealed = own.seal("bsn", b"999900006")

    assert own.unseal("bsn", sealed) == b"999900006"
    assert b"999900006" not in sealed
    assert sealed != own.seal("bsn", b"999900006")


def test_it_opens_in_no_other_column_and_no_other_municipality(tmp_path: Path) -> None:
    """The place is part of the seal."""
    own, other = keys(tmp_path), keys(tmp_path, "0164")
    sealed = own.seal("bsn", b"999900006")
    moved = MunicipalityKeys(municipality="0164", lookup=own.lookup, sealing=own.sealing, scrub=own.scrub)

    for wrong, column in ((own, "payload"), (other, "bsn"), (moved, "bsn")):
        with pytest.raises(SealBrokenError):
            wrong.unseal(column, sealed)


@pytest.mark.parametrize("harm", [b"", b"\x01", b"\x09" + b"x" * 40, b"\x01" + b"x" * 40])
def test_a_changed_value_does_not_open(tmp_path: Path, harm: bytes) -> None:
    """AES-GCM notices."""
    with pytest.raises(SealBrokenError):
        keys(tmp_path).unseal("bsn", harm)


def test_the_newest_version_seals_and_the_older_still_opens(tmp_path: Path) -> None:
    """Keys rotate without a stop."""
    own = keys(tmp_path)
    old = own.seal("bsn", b"x")

    rotated = MunicipalityKeys(
        municipality="0153",
        lookup={**own.lookup, 2: b"n" * 32},
        sealing={**own.sealing, 2: b"m" * 32},
        scrub=own.scrub,
    )

    assert rotated.lookup_version == 2
    assert rotated.unseal("bsn", old) == b"x"
    assert rotated.seal("bsn", b"x")[0] == 2


def test_keys_are_never_replaced_and_readable_by_their_owner_alone(tmp_path: Path) -> None:
    """With its keys would go every identity of a municipality."""
    path = tmp_path / "deep" / "keys.json"

    assert make_keys(path, "0153")
    before = read_keys(path)["0153"]
    assert not make_keys(path, "0153")
    assert make_keys(path, "0164")

    assert read_keys(path)["0153"] == before
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "lookup=" not in repr(before)


@pytest.mark.parametrize("row", [{"1": "AAAA"}, {}, [], {"1": "not base64"}])
def test_a_wrong_key_file_is_refused(tmp_path: Path, row: object) -> None:
    """Better no start than a seal with half a key."""
    path = tmp_path / "keys.json"
    make_keys(path, "0153")
    content = json.loads(path.read_text())
    content["municipalities"]["0153"]["lookup"] = row
    path.write_text(json.dumps(content))

    with pytest.raises(ValueError, match=r"key|base64|Incorrect|Invalid|Only"):
        read_keys(path)


def test_a_version_is_announced_before_it_is_used_and_used_before_others_are_retired(tmp_path: Path) -> None:
    """Each step twice is once; what was sealed opens until its key is retired; the reference key never changes."""
    path, first = tmp_path / "keys.json", keys(tmp_path)
    old = first.seal("bsn", b"x")

    assert (announce_keys(path, "0153"), announce_keys(path, "0153")) == (2, 2)
    announced = keys(tmp_path)
    assert (announced.lookup_version, announced.sealing_version, sorted(announced.lookup)) == (1, 1, [1, 2])
    assert retire_older(path, "0153") == []
    assert (use_announced(path, "0153"), use_announced(path, "0153")) == (2, 2)
    used = keys(tmp_path)
    assert (used.lookup_version, used.seal("bsn", b"x")[0], used.unseal("bsn", old)) == (2, 2, b"x")
    assert announced.unseal("bsn", used.seal("bsn", b"y")) == b"y"
    assert retire_older(path, "0153") == [1]
    retired = keys(tmp_path)
    with pytest.raises(SealBrokenError):
        retired.unseal("bsn", old)
    assert announce_keys(path, "0153") == 3
    assert keys(tmp_path).scrub == first.scrub
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_municipality_without_keys_rotates_none(tmp_path: Path) -> None:
    """And the file must have the version that it says is in use."""
    path = tmp_path / "keys.json"
    keys(tmp_path)

    with pytest.raises(NothingToRotateError):
        announce_keys(path, "0164")
    content = json.loads(path.read_text())
    content["municipalities"]["0153"]["in_use"] = 7
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match="in use"):
        read_keys(path)
