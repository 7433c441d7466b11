"""The course of one verification: look, look again at what differs, compare the step log, and tell.

Three rules. The ends of the log are fixed before anything is read, and the tables are looked at only when the services
have passed them. A youth that differs is looked at again and counts when it differs twice in the same way while
nothing new was said of it. The tables are only read, but for `republish`.
"""

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from services.trajectory.processor import YouthKey
from youthcare.cli_verify.healing import publish_again
from youthcare.cli_verify.logreading import Wanted
from youthcare.cli_verify.looking import Look, Suspect, look
from youthcare.cli_verify.means import CannotSay, Means, open_means
from youthcare.cli_verify.settling import Behind
from youthcare.cli_verify.steplog import compare_step_log
from youthcare.runtime.processing import Unavailable, WrongTopic
from youthcare.runtime.settings import Settings
from youthcare.verifying.fingerprint import Fingerprinter
from youthcare.verifying.report import Difference, Report, What, joined, unknown

ROUNDS_MAX = 5
HEALED = frozenset({What.LEDGER, What.KEPT, What.TOPIC})
"""What publishing again can mend."""


@dataclass(slots=True)
class Suspicion:
    """Who still may differ, and who does."""

    open: dict[YouthKey, Suspect]
    confirmed: dict[YouthKey, Suspect] = field(default_factory=dict)

    def weigh(self, seen: Mapping[YouthKey, Suspect]) -> None:
        """Take a second look: what differs in both, of the same statements, counts; what differs no more is dropped."""
        for key, before in list(self.open.items()):
            now = seen.get(key)
            both = now.found & before.found if now is not None and now.signature == before.signature else Counter()
            if now is not None and both:
                self.confirmed[key] = Suspect(signature=now.signature, found=both, cells=now.cells, values=now.values)
        left = {key: suspect for key, suspect in seen.items() if key not in self.confirmed}
        self.open = left


async def verify(
    settings: Settings,
    today: date,
    *,
    municipality: str | None = None,
    patience_seconds: float = 300.0,
    processes: int = 1,
    republish: bool = False,
) -> Report:
    """Compare log and live tables; a report says *unknown* where services lag or something is away."""
    began = time.monotonic()
    try:
        async with open_means(
            settings, today, municipality=municipality, patience_seconds=patience_seconds, processes=processes
        ) as means:
            return await _verified(means, began, republish=republish)
    except* (CannotSay, Behind, Unavailable, WrongTopic) as group:
        reason = str(_first(group))
    return unknown(reason, municipality)


def _first(group: BaseExceptionGroup[Exception]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def _verified(means: Means, began: float, *, republish: bool) -> Report:
    seen = await look(means, Wanted(municipality=means.municipality))
    log = await compare_step_log(means.pools.indicators, means.municipality, seen.ledger, Fingerprinter(means.salt))
    suspicion = Suspicion(seen.suspects)
    await _look_again(means, suspicion)
    published = 0
    if republish:
        healed = {key: suspect for key, suspect in suspicion.confirmed.items() if HEALED & suspect.found.keys()}
        groups = {suspect.signature: suspect.values for suspect in healed.values() if suspect.values}
        await publish_again(means, groups.values())
        published = sum(suspect.signature in groups for suspect in healed.values())
    return Report(
        municipality=means.municipality,
        statements=seen.statements,
        youths=len(seen.ledger.by_youth),
        cells=log.cells,
        alerts=seen.alerts,
        erased=seen.erased,
        unjudged=len(suspicion.open),
        published_again=published,
        seconds=time.monotonic() - began,
        differences=joined([*_differences(suspicion.confirmed), *log.differences]),
    )


async def _look_again(means: Means, suspicion: Suspicion) -> None:
    for _ in range(ROUNDS_MAX):
        if not suspicion.open:
            return
        wanted = Wanted(municipality=means.municipality, youths=frozenset(suspicion.open))
        again: Look = await look(means, wanted, again=True)
        suspicion.weigh({key: suspect for key, suspect in again.suspects.items() if key in suspicion.open})


def _differences(confirmed: Mapping[YouthKey, Suspect]) -> Iterator[Difference]:
    for (municipality, youth), suspect in sorted(confirmed.items()):
        for what, count in suspect.found.items():
            cells = suspect.cells if what is What.LAYERS else ()
            yield Difference(municipality=municipality, what=what, count=count, youths=(youth,), cells=cells)
