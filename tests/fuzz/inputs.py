"""One input from entropy: a message or an event, changed as what it is and at times as bytes, or bytes alone."""

from collections.abc import Callable

from tests.fuzz.entropy import Entropy
from tests.fuzz.json_inputs import a_json
from tests.fuzz.xml_inputs import an_xml


def _flipped(entropy: Entropy, body: bytearray) -> None:
    if body:
        body[entropy.below(len(body))] ^= 1 << entropy.below(8)


def _cut(entropy: Entropy, body: bytearray) -> None:
    del body[entropy.below(len(body) + 1) :]


def _put_in(entropy: Entropy, body: bytearray) -> None:
    at = entropy.below(len(body) + 1)
    body[at:at] = entropy.raw(8)


def _doubled(entropy: Entropy, body: bytearray) -> None:
    begin = entropy.below(len(body) + 1)
    piece = body[begin : begin + entropy.below(200)]
    at = entropy.below(len(body) + 1)
    body[at:at] = piece * (1 + entropy.few(40))


def _removed(entropy: Entropy, body: bytearray) -> None:
    begin = entropy.below(len(body) + 1)
    del body[begin : begin + entropy.below(60)]


def _joined(entropy: Entropy, body: bytearray) -> None:
    body += entropy.one((an_xml, a_json))(entropy)


CHANGES: tuple[Callable[[Entropy, bytearray], None], ...] = (_flipped, _cut, _put_in, _doubled, _removed, _joined)


def an_input(content: bytes) -> bytes:
    """The input that this entropy makes."""
    entropy = Entropy(content)
    if entropy.once_in(100):
        return content[entropy.at :]
    body = entropy.one((an_xml, a_json))(entropy)
    if not entropy.once_in(10):
        return body
    changed = bytearray(body)
    for _ in range(1 + entropy.few(4)):
        entropy.one(CHANGES)(entropy, changed)
    return bytes(changed)
