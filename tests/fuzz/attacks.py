"""Inputs that are made to be large: each a short recipe, so that no large file is kept.

One rule: each stays below the size that a door takes, for what is larger is refused before it is read.
"""

from collections.abc import Callable, Mapping
from functools import partial

from tests import ijw_builders as write
from tests.bombs import QUADRATIC

MEGABYTE = 1024 * 1024
LARGE = 25 * MEGABYTE - 1000
EVENT = (
    b'{"specversion":"1.0","id":"e-%d","source":"/0153/wijkteam-noord","type":"nl.jeugdzorg.evaluation.recorded.v1",'
    b'"municipality":"0153","time":"2024-03-05T10:00:00Z","data":{"bsn":"999900006","indication":"0153-1",'
    b'"day":"2024-03-04"%s}}'
)


def _repeated(piece: bytes, before: bytes = b"", after: bytes = b"") -> bytes:
    return before + piece * ((LARGE - len(before) - len(after)) // len(piece)) + after


def _in_client(content: bytes) -> bytes:
    return write.jw305().replace(b"<Client>", b"<Client>" + content)


def _root(attributes: bytes) -> bytes:
    return write.jw305().replace(b"<Bericht ", b"<Bericht " + attributes)


def _numbered(form: bytes, count: int) -> bytes:
    return b"".join(form % number for number in range(count))


def _many_products(count: int) -> bytes:
    product = b"<ToegewezenProduct><ToewijzingNummer>%d</ToewijzingNummer></ToegewezenProduct>"
    whole = write.jw301(write.granted_product(1)).decode()
    start, end = whole.index("<ToegewezenProduct>"), whole.index("</ToegewezenProducten>")
    return whole[:start].encode() + _numbered(product, count) + whole[end:].encode()


def _granted(count: int) -> bytes:
    return write.jw301(*(write.granted_product(number, volume=None, product="45") for number in range(1, count + 1)))


def _wished(count: int) -> bytes:
    kept = [write.kept_product(number) for number in range(1, count + 1)]
    return write.jw317(kept=kept, changed=[write.changed_product(0)])


def _events(count: int, more: bytes = b"") -> bytes:
    return b"[" + b",".join(EVENT % (number, more) for number in range(count)) + b"]"


Recipe = Callable[[], bytes]
ATTACKS: Mapping[str, Recipe] = {
    "nothing but blanks": partial(_repeated, b" "),
    "nothing but zeros": partial(_repeated, b"\0"),
    "an xml of open tags": partial(_repeated, b"<a>"),
    "an xml of empty elements": partial(_repeated, b"<a/>", b"<Bericht>", b"</Bericht>"),
    "a start of comments": partial(_repeated, b"<!-- -->"),
    "a start of open instructions": partial(_repeated, b"<?"),
    "a comment without end": partial(_repeated, b"-", b"<!--"),
    "a declaration of blanks": partial(_repeated, b" encoding ", b"<?xml"),
    "a root name without end": partial(_repeated, b"a", b"<"),
    "references to characters": lambda: _in_client(b"&#65;" * 1_900_000),
    "references to what is not declared": lambda: _in_client(b"&a;" * 3_000_000),
    "one entity named often": lambda: QUADRATIC,
    "a long text": lambda: _in_client(b"x" * (9 * MEGABYTE)),
    "a text in a hundred thousand pieces": lambda: _in_client(b"<![CDATA[x]]>" * 390_000),
    "many unknown elements": lambda: _in_client(b"<a/>" * 390_000),
    "many elements deep": lambda: _in_client((b"<a>" * 250 + b"</a>" * 250) * 700),
    "many attributes": lambda: _in_client(b"<a " + _numbered(b'a%d="" ', 390_000) + b"/>"),
    "many namespaces": lambda: _root(_numbered(b'xmlns:a%d="urn:x" ', 10_000)),
    "many namespaces far in": lambda: _in_client(
        b"<a " + _numbered(b'xmlns:a%d="u" ', 130_000) + b">" + _numbered(b"<a%d:b/>", 130_000) + b"</a>"
    ),
    "many products without content": lambda: _many_products(60_000),
    "more grants than one message may have": lambda: _granted(9_500),
    "nine thousand grants": lambda: _granted(9_000),
    "more wishes than one request may have": lambda: _wished(501),
    "envelope of blanks": lambda: write.envelope(b"").replace(
        b"<GGK:xmlBestand>", b"<GGK:xmlBestand>" + b" " * (9 * MEGABYTE)
    ),
    "envelope of a large message": lambda: write.envelope(_in_client(b"x" * (5 * MEGABYTE))),
    "a json of open lists": partial(_repeated, b"["),
    "a json of open objects": partial(_repeated, b'{"a":'),
    "a json of empty lists": lambda: b"[" + b"[]," * (LARGE // 3 - 3) + b"[]]",
    "a json of zeros": lambda: b"[" + b"0," * (LARGE // 2 - 3) + b"0]",
    "a number of millions of digits": partial(_repeated, b"9"),
    "a fraction of millions of digits": partial(_repeated, b"3", b"0."),
    "a text of escapes": lambda: b'"' + b"\\u00e9" * (LARGE // 6 - 3) + b'"',
    "one name a million times": lambda: b"{" + b'"a":0,' * 900_000 + b'"a":0}',
    "a million names": lambda: b"{" + _numbered(b'"%d":0,', 900_000) + b'"a":0}',
    "more events than a list may have": lambda: _events(10_001),
    "ten thousand events": lambda: _events(10_000),
    "an event with a very long text": lambda: _events(1, b',"note":"' + b"x" * (20 * MEGABYTE) + b'"'),
    "an event with many names": lambda: _events(1, b"," + _numbered(b'"n%d":1,', 900_000) + b'"z":1'),
    "json as utf-32": lambda: _events(2_000).decode().encode("utf-32"),
}
# What takes more than half a second; `make prove` has the time.
PROVEN_ONLY = frozenset(
    {
        *("many unknown elements", "many elements deep", "many products without content", "many namespaces far in"),
        *("nine thousand grants", "more grants than one message may have", "a million names"),
        *("an event with many names", "ten thousand events", "more events than a list may have"),
    }
)
