"""Which refusals a later acceptance settles: the same statement again, or the same message.

Three rules. A statement under the same identification settles, a new one or one that stands already; so does any
statement of a message that was refused as a whole. What only shares its message, or the ToewijzingNummer of a JW301
product, settles when it is new: a repeat says nothing that was not said before the refusal. A reused
identification is never settled by itself, because what stands under it is what it clashed with.
Source: domain.md §2, ijw/reference.md §6.3 and §6.4.
"""

import re

from youthcare.outcome import Reason, Refused

# A granted product is named by its content, so what is right has another id; its number is what stays.
_GRANT = re.compile(r"(JW301-[0-9a-f]+)-\d{4}-\d{2}-\d{2}T")

SAME = "same/"
"""How a key begins that is shared with the very same statement or message alone."""


def waiting_keys(refused: Refused, message: str | None) -> frozenset[str]:
    """Under which keys a refusal waits for what settles it; none when only its sender can say."""
    name = refused.identification
    if name is None or refused.reason is Reason.ID_REUSED:
        return frozenset()
    shared = _shared(name, message) if message != name else frozenset()
    return frozenset({_same(name)}) | shared


def offered_keys(identification: str, message: str | None, *, new: bool) -> frozenset[str]:
    """Which keys an accepted statement settles; `new` when it was not registered before."""
    names = {identification} if message is None else {identification, message}
    same = frozenset(map(_same, names))
    return same | _shared(identification, message) if new else same


def _same(name: str) -> str:
    return SAME + name


def _shared(identification: str, message: str | None) -> frozenset[str]:
    grant = _GRANT.match(identification)
    within = set() if message is None else {f"message/{message}"}
    return frozenset(within | (set() if grant is None else {f"grant/{grant[1]}"}))
