"""What a sender is told: one answer per statement, in the order in which it delivered them.

Two rules. An answer names the statement by its id, and for a refusal the reason, the place and what to do, in
Dutch. It repeats no value that was sent.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from services.indication.assertions import Recognised, Status, Taken, Verdict, Verdicts
from youthcare.outcome import Refused

Answer = Mapping[str, str]
ALL_ACCEPTED, SOME_REFUSED, ALL_REFUSED = 202, 207, 422


def answers_of(parts: Sequence[Taken], verdicts: Verdicts) -> list[Answer]:
    """The answers to one delivery, part by part."""
    return [answer for part in parts for answer in _answers(part, verdicts)]


def _answers(part: Taken, verdicts: Verdicts) -> Iterator[Answer]:
    for assertion in part.assertions:
        yield _answer(assertion.id, verdicts[assertion])
    for item in part.refused:
        yield _answer(None, Verdict(status=Status.REFUSED, refused=item.refused))
    for each in part.recognised:
        yield _recognised(each)


def _answer(identification: str | None, verdict: Verdict) -> Answer:
    answer = {"id": identification, "status": verdict.status.value, **_why(verdict.refused)}
    return {name: text for name, text in answer.items() if text is not None}


def _why(refused: Refused | None) -> Mapping[str, str | None]:
    if refused is None:
        return {}
    why = {"code": refused.reason.value, "field": refused.field, "guidance": refused.guidance}
    return why if refused.identification is None else {"id": refused.identification, **why}


def _recognised(each: Recognised) -> Answer:
    status = Status.SET_ASIDE if each.set_aside else Status.ACCEPTED
    return {"id": each.identification, "status": status.value}


def http_status(answers: Iterable[Answer]) -> int:
    """202 when nothing is refused, 422 when all is, 207 when it is mixed."""
    refused = {answer["status"] == Status.REFUSED.value for answer in answers}
    if True not in refused:
        return ALL_ACCEPTED
    return SOME_REFUSED if False in refused else ALL_REFUSED
