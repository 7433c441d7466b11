"""How far a listener of the event stream has heard: the last number per receiver, as one line of text.

One rule: numbers run per receiver without gaps, so the line says all that is needed to go on without loss and
without repetition.
"""

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

NUMBER_MAX = 2**63 - 1
RECEIVERS_MAX = 200

Position = Mapping[str, int]
"""The last number heard, by receiver."""


def position_text(position: Position) -> str:
    """The line, such as `supervisor=12&team%3Anoord=7`: no sign in it that a header or a stream cannot hold."""
    return urlencode(sorted(position.items()))


def position_of(text: str) -> dict[str, int]:
    """The position in a line; raises `ValueError` when it is none."""
    pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=True, max_num_fields=RECEIVERS_MAX)
    position = {receiver: _number(number) for receiver, number in pairs}
    if len(position) != len(pairs):
        raise ValueError("a receiver stands twice")
    return position


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or len(text) > len(str(NUMBER_MAX)) or int(text) > NUMBER_MAX:
        raise ValueError("no number")
    return int(text)


def started(wanted: Position, last: Position) -> dict[str, int]:
    """Where to begin: what was heard where that is known, else at the end; never beyond the end.

    `last` holds every receiver that is listened to. A number beyond the last given is of numbers that were lost with
    a database and will be given again.
    """
    return {receiver: min(wanted.get(receiver, number), number) for receiver, number in last.items()}


def framed(position: Position, body: bytes) -> bytes:
    """An event as it stands on the stream: its position, its kind and its record, which is one line."""
    return b"id: %s\nevent: alert\ndata: %s\n\n" % (position_text(position).encode(), body)


def frame_of_position(position: Position) -> bytes:
    """A position without an event: a listener that is cut off before its first event goes on from here."""
    return b"id: %s\n\n" % position_text(position).encode()


HEARTBEAT = b":\n\n"
"""A comment, which shows both ends that the other is there."""
