"""The right of inspection: all that is kept about one child in one file, logged before it is written."""

# ruff: noqa: F811 - pytest finds fixtures by the names of arguments
import asyncio
import json
from pathlib import Path

import asyncpg
import pytest
from typer.testing import Result

from services.indication.identity import lookup
from services.indication.store.tables import prepare
from services.indicators.app import IndicatorsProcessor
from tests import builders
from tests import indicators as figures
from tests.builders import YOUTH
from tests.commands import invoked
from tests.looks import key_file, keys_of, lines_of, youths_in
from tests.shell.test_alerts_service import care, fold, pool, records, settings, told_facts  # noqa: F401
from tests.shell.test_trajectory_api import fold as fold_ledger
from youthcare.cli import app
from youthcare.runtime.local.stack import Stack
from youthcare.runtime.postgres import Pool, open_pool
from youthcare.runtime.settings import DatabaseSettings

BSN = "123456782"
ASKED = ("--by", "p.officier", "--reason", "Verzoek 2026-17")


@pytest.fixture
async def kept(
    pool: Pool, stack: Stack, municipality: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> list[builders.Statement]:
    """A child that every service knows, under two identifiers that were merged; its statements."""
    first = builders.registered(id="older", municipality=municipality, youth="older", team="noord")
    merged = builders.merged(id="merge", municipality=municipality, youth="older", into=YOUTH)
    told = [*care(municipality), first, merged]
    ledgers, steps = [
        await open_pool(DatabaseSettings(dsn=stack.dsn(service)), "test", all_municipalities=True)
        for service in ("trajectory", "indicators")
    ]
    await fold_ledger(ledgers, *told)
    await IndicatorsProcessor().prepare(steps)
    await figures.fold(steps, figures.records(told_facts(care(municipality))))
    await fold(pool, records(told_facts(care(municipality))))
    for opened in (ledgers, steps):
        await opened.close()
    for name, value in (stack.environment() | {"ACCESS_LOG_KEYS_FILE": key_file(tmp_path)}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("IDENTITY_KEYS_FILE", key_file(tmp_path))
    return told


async def run(*words: str, typed: str | None = None) -> Result:
    """The command as a privacy officer's operator runs it."""
    return await asyncio.to_thread(invoked, app, ["inspection", *words, *ASKED], input=typed)


async def test_one_file_holds_all_about_a_child_and_says_who_looked(
    kept: list[builders.Statement], stack: Stack, municipality: str, tmp_path: Path
) -> None:
    """Every statement as it is kept, the facts, the figures, the alerts with their history, and this very look."""
    out = tmp_path / "child.json"

    done = await run("--municipality", municipality, "--youth", YOUTH, "--out", str(out))
    again = await run("--municipality", municipality, "--youth", "older", "--out", str(out))

    assert (done.exit_code, again.exit_code) == (0, 2), done.output
    assert out.stat().st_mode & 0o777 == 0o600
    found = json.loads(out.read_text())
    assert sorted(found["youths"]) == sorted([YOUTH, "older"])
    assert {each["id"] for each in found["statements"]} == {each["id"] for each in kept}
    assert found["facts"][YOUTH]["indications"]
    assert found["figures"]
    assert {each["rule"] for each in found["alerts"]} == {"trajectory-overlong"}
    assert all(each["history"] for each in found["alerts"])
    assert any(each["told_to"] for each in found["alerts"])
    assert {(each["youth"], each["operation"], each["purpose"]) for each in found["access_log"]} == {
        (youth, "inspection.export", "Verzoek 2026-17") for youth in (YOUTH, "older")
    }
    assert all(each["who"].endswith("for p.officier") for each in found["access_log"])
    lines = youths_in(await lines_of(stack, municipality), keys_of(tmp_path, municipality))
    assert {youth for _, youth in lines if youth} == {YOUTH, "older"}


@pytest.mark.usefixtures("kept")
async def test_a_child_is_found_by_case_reference_or_by_bsn_and_nobody_is_told_apart(
    stack: Stack, municipality: str, tmp_path: Path
) -> None:
    """The BSN is typed and stands in no argument, no file and no line."""
    identities = await open_pool(DatabaseSettings(dsn=stack.dsn("indication")), "test", all_municipalities=True)
    await prepare(identities)
    mark = lookup(keys_of(tmp_path, municipality).lookup[1], municipality, BSN)
    await identities.execute("insert into identity values ($1, $2, 1, 'x', $3)", municipality, mark, YOUTH)
    await identities.close()
    by_case, by_bsn, absent = (tmp_path / f"{name}.json" for name in ("case", "bsn", "absent"))
    here = ("--municipality", municipality)

    case = await run(*here, "--case-reference", "case-1", "--out", str(by_case))
    bsn = await run(*here, "--ask-bsn", "--out", str(by_bsn), typed=f"{BSN}\n")
    none = [
        await run(*here, *words, "--out", str(absent), typed="000000012\n")
        for words in (("--youth", "nobody"), ("--case-reference", "case-9"), ("--ask-bsn",))
    ]

    assert (case.exit_code, bsn.exit_code) == (0, 0)
    assert json.loads(by_case.read_text())["youths"] == json.loads(by_bsn.read_text())["youths"]
    assert BSN not in by_bsn.read_text() + bsn.output
    assert [each.exit_code for each in none] == [1, 1, 1]
    assert not absent.exists()


async def test_a_reason_that_holds_a_bsn_is_not_written_down(municipality: str, tmp_path: Path) -> None:
    """The log of looks is only added to, so it would stand there for good."""
    words = ["inspection", "--municipality", municipality, "--out", str(tmp_path / "child.json"), "--by", "p.officier"]
    asked = (["--youth", YOUTH, "--reason", f"over {BSN}"], ["--youth", BSN, "--reason", "Verzoek 2026-17"])
    done = [await asyncio.to_thread(invoked, app, [*words, *each]) for each in asked]

    assert [each.exit_code for each in done] == [2, 2]
    assert not [each.output for each in done if BSN in each.output]
    assert not (tmp_path / "child.json").exists()


@pytest.mark.usefixtures("kept")
async def test_what_cannot_be_logged_is_not_written(stack: Stack, municipality: str, tmp_path: Path) -> None:
    """Somebody holds the chain: 75, and no file."""
    out = tmp_path / "child.json"
    holding = await asyncpg.connect(stack.dsn("admin"))
    try:
        async with holding.transaction():
            lock = "select pg_advisory_xact_lock(hashtextextended('access_log/' || $1, 0))"
            await holding.execute(lock, municipality)
            done = await run("--municipality", municipality, "--youth", YOUTH, "--out", str(out))
    finally:
        await holding.close()

    assert done.exit_code == 75
    assert "nothing was written" in done.output
    assert not out.exists()
