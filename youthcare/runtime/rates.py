"""How much one bearer may ask, and how often somebody may try to come in: buckets of tries that fill up again.

1. A bearer is who it states for (its sources), or else its subject, in its municipality: a second token of the same
   sender gives no second share.
2. Who comes in wrongly is counted by address, apart for wrong tokens and for signing in. A token that counts always
   passes, so that nobody is shut out by somebody else behind the same address.
3. The counts are those of this process alone and are kept in memory, of so many at most: who was longest away is
   forgotten first, and by then may ask everything again.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from youthcare.runtime import metrics
from youthcare.runtime.browsing import Browsing
from youthcare.runtime.problems import problem_response
from youthcare.runtime.security import Principal
from youthcare.runtime.settings import RateSettings

KEPT_MAX = 20_000


@dataclass(slots=True, kw_only=True)
class Buckets:
    """A bucket for each key, which holds what may be asked in one minute and fills up evenly; clock in seconds."""

    per_minute: int
    clock: Callable[[], float] = time.monotonic
    kept_max: int = KEPT_MAX
    _left: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)

    def take(self, key: str) -> int:
        """Take one; 0, or after how many whole seconds there is one again."""
        left, now = self._now(key)
        taken = left >= 1
        # Kept also when nothing was taken: whoever goes on asking is not forgotten.
        self._keep(key, left - taken, now)
        return 0 if taken else self._seconds(left)

    def wait(self, key: str) -> int:
        """0 when there is one to take, else after how many whole seconds; nothing is taken."""
        left, _ = self._now(key)
        return 0 if left >= 1 else self._seconds(left)

    def _seconds(self, left: float) -> int:
        return math.ceil((1 - left) * 60 / self.per_minute)

    def _now(self, key: str) -> tuple[float, float]:
        now = self.clock()
        left, then = self._left.get(key, (float(self.per_minute), now))
        return min(float(self.per_minute), left + (now - then) * self.per_minute / 60), now

    def _keep(self, key: str, left: float, now: float) -> None:
        self._left[key] = left, now
        self._left.move_to_end(key)
        if len(self._left) > self.kept_max:
            self._left.popitem(last=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """The limits of one app."""

    bearers: Buckets
    attempts: Buckets

    def of_bearer(self, bearer: Principal) -> Response | None:
        """429 for a bearer that has asked too much, else None; counts this request."""
        return _refusal("bearer", self.bearers.take(bearer_key(bearer)))

    def of_wrong_token(self, scope: Scope) -> Response | None:
        """429 for an address from which too many wrong tokens come, else None; counts this one."""
        return _refusal("token", self.attempts.take(f"token {address_of(scope)}"))

    def before_attempt(self, scope: Scope) -> Response | None:
        """429 for an address that failed to sign in too often, else None; counts nothing."""
        return _refusal("sign-in", self.attempts.wait(f"sign-in {address_of(scope)}"))

    def failed_attempt(self, scope: Scope) -> None:
        """Count somebody who was not signed in."""
        self.attempts.take(f"sign-in {address_of(scope)}")


class Attempts:
    """Stands before the paths by which people sign in: counts who is refused there, and refuses who was too often."""

    def __init__(self, app: ASGIApp, rates: Rates, browsing: Browsing) -> None:
        self._app = app
        self._rates = rates
        self._browsing = browsing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, unless it is an attempt too many."""
        if scope["type"] != "http" or (scope["method"], scope["path"]) not in self._browsing.attempts:
            await self._app(scope, receive, send)
            return
        too_often = self._rates.before_attempt(scope)
        refusal = None if too_often is None else self._browsing.shown(scope, too_often)
        await (refusal or self._counted)(scope, receive, send)

    async def _counted(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def counting(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 401:
                self._rates.failed_attempt(scope)
            await send(message)

        await self._app(scope, receive, counting)


def rates_of(settings: RateSettings | None) -> Rates | None:
    """The limits that the settings describe; None for no limits."""
    if settings is None:
        return None
    return Rates(
        bearers=Buckets(per_minute=settings.bearer_per_minute),
        attempts=Buckets(per_minute=settings.attempts_per_minute),
    )


def bearer_key(bearer: Principal) -> str:
    """As whom a bearer is counted."""
    sources = sorted(bearer.sources())
    named = f"sources {' '.join(sources)}" if sources else f"subject {bearer.subject}"
    return f"{bearer.municipality} {named}"


def address_of(scope: Scope) -> str:
    """Whence a request comes: the address that the server believes, which may be that of a proxy."""
    client = scope.get("client")
    return str(client[0]) if client else "unknown"


def _refusal(kind: str, seconds: int) -> Response | None:
    if seconds == 0:
        return None
    metrics.REQUESTS_LIMITED.labels(kind).inc()
    return problem_response(429, "Too many requests; try again later.", headers={"Retry-After": str(seconds)})
