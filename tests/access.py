"""The access matrix: who is let in where, read from a table and asked of a running app, cell by cell.

Three rules. A cell is asked of the app itself, over HTTP, with a token of that role. `in` means that what the line
guards is in the answer, `empty` that the answer has nothing of it. Every path of an app has a line, or the suite fails.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from fastapi import FastAPI
from starlette.routing import Route

from tests.tokens import Issuer
from youthcare.runtime.browsing import form_token_of

WHO = (
    "nobody", "expired", "elsewhere", "roleless", "sender", "other-sender", "team", "other-team", "supervisor",
    "privacy-officer",
)  # fmt: skip
"""The columns. `elsewhere` has every role there is, in another municipality; `roleless` has none."""
SIGN_IN = "/aanmelden"
OUTAGE_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the matrix: what is asked, and what each of `WHO` is told."""

    method: str
    path: str
    query: str
    told: tuple[str, ...]

    @property
    def name(self) -> str:
        """The line as the table names it."""
        return f"{self.method} {self.path}" + (f"?{self.query}" if self.query else "")


@dataclass(slots=True, kw_only=True)
class Ask:
    """How a line is asked: the rest of the request, and what of the answer only those who are `in` may see.

    `made` gives the values of the path, new for each cell; `refused` collects those of cells that are not `in`.
    """

    sent: Mapping[str, Any] | Callable[[], Mapping[str, Any]] = field(default_factory=dict)
    guarded: str = ""
    by_cookie: bool = False
    seconds_left: int = 300
    made: Callable[[], Mapping[str, object]] = dict
    refused: list[Mapping[str, object]] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Roles:
    """Tokens for each of `WHO`."""

    municipality: str
    elsewhere: str
    source: str = "/0153/wijkteam-noord"
    other_source: str = "/0153/wijkteam-zuid"
    issuer: Issuer = field(default_factory=Issuer)

    def token(self, who: str, seconds_left: int = 300) -> str | None:
        """The token of somebody that ends after so many seconds; None for nobody."""
        held = {
            "expired": [f"sender:{self.source}", "team:noord", "supervisor", "privacy-officer"],
            "elsewhere": [f"sender:{self.source}", "team:noord", "supervisor", "privacy-officer"],
            "sender": [f"sender:{self.source}"],
            "other-sender": [f"sender:{self.other_source}"],
            "team": ["team:noord"],
            "other-team": ["team:zuid"],
            "supervisor": ["supervisor"],
            "privacy-officer": ["privacy-officer"],
        }
        ends = int(time.time()) + (-3600 if who == "expired" else seconds_left)
        municipality = self.elsewhere if who == "elsewhere" else self.municipality
        if who == "nobody":
            return None
        return self.issuer.token(municipality=municipality, roles=held.get(who, []), exp=ends, sub=who)


def lines_of(table: str) -> list[Line]:
    """The lines of a table: `METHOD path | outcome ...`, one outcome for each of `WHO`, or one for all."""
    rows = [row.split("|") for row in table.strip().splitlines() if row.strip()]
    return [_line(asked.split(), told.split()) for asked, told in rows]


def _line(asked: list[str], told: list[str]) -> Line:
    path, _, query = asked[1].partition("?")
    outcomes = tuple(told * len(WHO) if len(told) == 1 else told)
    assert len(outcomes) == len(WHO), asked
    return Line(method=asked[0], path=path, query=query, told=outcomes)


def paths_of(app: FastAPI) -> set[tuple[str, str]]:
    """Every method and path that an app answers; HEAD goes with GET."""
    assert all(isinstance(route, Route) for route in app.routes), "a kind of route that this matrix does not know"
    routes = [route for route in app.routes if isinstance(route, Route)]
    return {(method, route.path) for route in routes for method in (route.methods or {"GET"}) - {"HEAD"}}


def without_line(app: FastAPI, lines: Iterable[Line]) -> set[tuple[str, str]]:
    """What an app answers and the matrix does not have, or the other way about."""
    return paths_of(app) ^ {(line.method, line.path) for line in lines}


async def differing(
    client: httpx.AsyncClient, roles: Roles, lines: Iterable[Line], asks: Mapping[str, Ask]
) -> list[str]:
    """The cells in which an app does otherwise than the matrix says; none, when there is no hole."""
    found = []
    for line in lines:
        ask = asks.get(line.name) or asks.get(f"{line.method} {line.path}") or Ask()
        for who, expected in zip(WHO, line.told, strict=True):
            values = ask.made()
            if expected != "in":
                ask.refused.append(values)
            told = await _told(client, roles.token(who, ask.seconds_left), line, ask, values)
            if told != expected:
                found.append(f"{line.name}: {who} is told {told} and not {expected}")
    return found


async def _told(
    client: httpx.AsyncClient, token: str | None, line: Line, ask: Ask, values: Mapping[str, object]
) -> str:
    sent = dict(ask.sent() if callable(ask.sent) else ask.sent)
    headers = {**sent.pop("headers", {}), **_identity(token, ask)}
    if ask.by_cookie and line.method == "POST":
        sent["data"] = {**sent.get("data", {}), "form_token": form_token_of(token or "")}
    path, deadline = line.path.format(**values), time.monotonic() + OUTAGE_SECONDS
    while True:
        answer = await client.request(line.method, path, params=line.query or None, headers=headers, **sent)
        # A machine with too much to do answers for a while as in an outage, which is no matter of roles.
        if answer.status_code != 503 or "503" in line.told or time.monotonic() > deadline:
            return outcome_of(answer, ask.guarded)
        await asyncio.sleep(0.5)


def _identity(token: str | None, ask: Ask) -> dict[str, str]:
    if token is None:
        return {}
    return {"Cookie": f"__Host-trajectwacht={token}"} if ask.by_cookie else {"Authorization": f"Bearer {token}"}


def outcome_of(answer: httpx.Response, guarded: str) -> str:
    """What an answer comes to, in the words of the table."""
    if answer.status_code == 303 and answer.headers["location"].startswith(SIGN_IN):
        return "sign-in"
    if answer.status_code >= 400:
        # A refusal that shows what it refuses is none.
        return f"{answer.status_code} with what it guards" if guarded and guarded in answer.text else _status(answer)
    return "in" if guarded in answer.text else "empty"


def _status(answer: httpx.Response) -> str:
    return str(answer.status_code)
