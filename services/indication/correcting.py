"""What a sender does about a refusal by delete and new, in Dutch.

Two rules. What is refused counts as not sent: it is never deleted, only sent anew. What was accepted earlier and is
wrong is deleted first, in the way of its own message: StatusAanlevering 3 for a start or stop, RedenWijziging 13 for
an assignment. Source: ijw/reference.md §6.2 and §6.3 (IV008, IV066, OP286, TR071).
"""

from collections.abc import Mapping

from services.indication.kinds import MessageKind
from youthcare.outcome import Reason

_NOT_SENT = "Wat geweigerd is, telt als niet verzonden: verwijder het niet, maar lever het goede opnieuw aan."
_SAME_OR_NEW = (
    "Met hetzelfde kenmerk vervalt deze weigering vanzelf; met een nieuw kenmerk meldt u haar zelf als hersteld."
)
_START = (
    "Staat van hetzelfde product al een aangenomen start die niet klopt, verwijder die dan eerst met"
    " StatusAanlevering 3 en lever de goede aan met StatusAanlevering 1. Dat mag in één bericht, behalve als alleen"
    " de ToewijzingIngangsdatum fout was. Is de levering al gestopt, verwijder dan eerst de stop."
)
_STOP = (
    "Staat van hetzelfde product al een aangenomen stop die niet klopt, verwijder die dan eerst met"
    " StatusAanlevering 3, met dezelfde begindatum, einddatum en reden, en lever de goede aan met"
    " StatusAanlevering 1. Dat mag in één bericht, behalve als alleen de ToewijzingIngangsdatum fout was."
)
_GRANT = (
    "Stuur een nieuw JW301 met hetzelfde ToewijzingNummer en een latere toewijzingsdatum of -tijd; deze weigering"
    " vervalt dan vanzelf. Is het product of de ingangsdatum fout, verwijder de toewijzing dan met RedenWijziging 13"
    " (einddatum gelijk aan ingangsdatum) en geef een nieuw nummer uit."
)
_REQUEST = (
    "Lever het verzoek opnieuw aan. Een verzoek dat al is aangenomen, kan niet per bericht worden ingetrokken: vraag"
    " de gemeente het af te wijzen."
)
_EVENT = (
    "Staat er al een aangenomen start of einde dat niet klopt, trek dat dan in met het type dat op .retracted"
    " eindigt en meld het goede opnieuw. Een toewijzing herstelt u met een nieuwe gebeurtenis met een latere"
    " granted_at."
)
_REUSED = (
    "Het eerder aangenomen bericht blijft staan. Gebruik voor andere inhoud een nieuw kenmerk, en meld deze weigering"
    " daarna zelf als hersteld."
)
_BY_MESSAGE: Mapping[str, str] = {
    MessageKind.JW301: _GRANT,
    MessageKind.JW305: _START,
    MessageKind.JW307: _STOP,
    MessageKind.JW315: _REQUEST,
    MessageKind.JW317: _REQUEST,
}


def correction(kind: str | None, code: Reason, identification: str | None) -> str:
    """How a refusal of this kind of message or event is put right; `kind` as the refusal names it."""
    if code is Reason.ID_REUSED:
        return f"{_NOT_SENT} {_REUSED}"
    form = _form(kind, identification)
    return " ".join(filter(None, (_NOT_SENT, _SAME_OR_NEW if identification is not None else None, form)))


def _form(kind: str | None, identification: str | None) -> str | None:
    """What the message of the standard asks; a statement of the chain is named after its message."""
    message = (identification or "").partition("-")[0]
    form = _BY_MESSAGE.get(kind or "") or _BY_MESSAGE.get(message)
    if form is not None:
        return form
    return _EVENT if kind is not None and kind.startswith("nl.jeugdzorg.indication.") else None
