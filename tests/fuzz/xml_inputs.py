"""Messages of the chain, changed in ways a program, a gateway or an attacker would change them.

One rule: a message is changed as a tree, so that most of it stays readable and the change reaches what reads it.
"""

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from tests import ijw_builders as write
from tests.bombs import BILLION_LAUGHS, LOCAL_FILE, OUTSIDE_DTD
from tests.fuzz.entropy import Entropy
from tests.fuzz.values import a_text

IJW = "http://www.istandaarden.nl/ijw/"
SPACES = (
    *(f"{IJW}3_2/{kind.lower()}/schema" for kind in (*write.CODES, "JW323", "JW325", "JW999")),
    *(f"{IJW}3_1/jw305/schema", f"{IJW}3_2/jw305/schema/extra", f"{IJW}3_2/JW305/schema", f"{IJW}3_2//schema"),
    *("", "urn:x", write.BASE, "http://www.stufstandaarden.nl/koppelvlak/ggk0210", f"{IJW}٣_2/jw305/schema"),
)
NAMES = (
    *("Bericht", "Header", "Client", "Bsn", "StartProducten", "StartProduct", "RetourCode", "ijw:Datum", "Antwoord"),
    *("Afzender", "Onbekend", "Naam", "é", "x" * 300, "ijw:ijw", "nobody:Bsn", "a:b:c", "xml:Bsn", "BSN", "bsn"),
)
INSIDE = (
    *("<![CDATA[999900006]]>", "<![CDATA[]]>", "99<!-- -->9900006", "<?x y?>1", "&#49;", "&#0;", "&#xD800;", "&#x1;"),
    *("&amp;", "&lt;Bsn&gt;", "&x;", "&nbsp;", "&#x110000;", "]]>", "<a/>1", "1<a>2</a>3", "<", "&", "&#x85;", "&#9;a"),
)
BEFORE = (
    *("", '<?xml version="1.0" encoding="UTF-8"?>', '<?xml version="1.1"?>', "<?xml version='1.0' standalone='yes'?>"),
    *('<?xml version="1.0" encoding="ISO-8859-1"?>', '<?xml version="1.0" encoding="UTF-16"?>', "<!-- a -->", "<?p?>"),
    *(
        " \n",
        "<!DOCTYPE Bericht>",
        '<!DOCTYPE x [<!ENTITY x "1">]>',
        "<!-- -- -->",
        "<!--",
        "<?xml",
        "{",
        "\ufeff",
        "x",
    ),
)
ATTRIBUTES = (
    *(
        ' a="1"',
        ' xsi:nil="true"',
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"',
        ' xmlns=""',
    ),
    *(' xmlns="urn:other"', ' xmlns:ijw="urn:other"', ' a="1" a="2"', ' xml:space="preserve"', ' a="<"', " a=1"),
    *(
        ' xml:base="file:///etc/"',
        ' xmlns:xi="http://www.w3.org/2001/XInclude" xi:href="file:///etc/passwd"',
    ),
)
PREFIXES = {write.BASE: "ijw:"}


@dataclass(slots=True)
class Node:
    """An element as it is written: name, attributes and content, the latter already escaped."""

    name: str
    attributes: str = ""
    text: str = ""
    children: list["Node"] = field(default_factory=list)


def _node(element: ElementTree.Element) -> Node:
    space, _, name = element.tag.removeprefix("{").rpartition("}")
    text = escape(element.text or "")
    return Node(PREFIXES.get(space, "") + name, "", text, [_node(child) for child in element])


@cache
def _bases() -> tuple[tuple[str, bytes], ...]:
    several = write.jw301(write.granted_product(1), write.granted_product(2, product="41A03"), dated="2024-03-05")
    twice = write.jw305(write.started_product(), write.started_product(None, product="46"), identification="B2")
    ended = write.jw307(write.ended_product(), write.ended_product(5, status="3"))
    extra = {"JW301": several, "JW305": twice, "JW307": ended}
    return (*write.one_of_each().items(), *extra.items())


def _copy(node: Node) -> Node:
    return Node(node.name, node.attributes, node.text, [_copy(child) for child in node.children])


@cache
def _trees() -> tuple[tuple[str, Node], ...]:
    return tuple((kind, _node(ElementTree.fromstring(body))) for kind, body in _bases())  # noqa: S314  # our own


def _all(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from _all(child)


def _value(entropy: Entropy, root: Node) -> None:
    leaves = [node for node in _all(root) if not node.children]
    leaf = entropy.one(leaves)
    text = a_text(entropy, leaf.text)
    leaf.text = escape("".join(character for character in text if character >= " " or character in "\t\n\r"))


def _markup(entropy: Entropy, root: Node) -> None:
    entropy.one(list(_all(root))).text = entropy.one(INSIDE)


def _holder(entropy: Entropy, root: Node) -> Node:
    return entropy.one([node for node in _all(root) if node.children] or [root])


def _drop(entropy: Entropy, root: Node) -> None:
    holder = _holder(entropy, root)
    if holder.children:
        del holder.children[entropy.below(len(holder.children))]


def _repeat(entropy: Entropy, root: Node) -> None:
    holder = _holder(entropy, root)
    if holder.children:
        again = entropy.one(holder.children)
        holder.children += [_copy(again) for _ in range(1 + entropy.few(12))]


def _turn(entropy: Entropy, root: Node) -> None:
    holder = _holder(entropy, root)
    at = entropy.below(len(holder.children) + 1)
    holder.children[:] = holder.children[at:] + holder.children[:at]


def _move(entropy: Entropy, root: Node) -> None:
    _holder(entropy, root).children.append(_copy(entropy.one(list(_all(root)))))


def _rename(entropy: Entropy, root: Node) -> None:
    entropy.one(list(_all(root))).name = entropy.one(NAMES)


def _attribute(entropy: Entropy, root: Node) -> None:
    entropy.one(list(_all(root))).attributes += entropy.one(ATTRIBUTES)


def _deepen(entropy: Entropy, root: Node) -> None:
    node = entropy.one(list(_all(root)))
    depth = entropy.one((1, 2, 20, 250, 260, 400, 3000))
    node.text = f"<{node.name}>" * depth + node.text + f"</{node.name}>" * depth


def _borrow(entropy: Entropy, root: Node) -> None:
    _, other = entropy.one(_trees())
    _holder(entropy, root).children.append(_copy(entropy.one(list(_all(other)))))


# A changed value is what reaches deepest, so it stands here more than once.
CHANGES: tuple[Callable[[Entropy, Node], None], ...] = (
    *(_value,) * 20,
    *(_markup, _drop, _drop, _repeat, _repeat, _repeat, _turn, _move, _rename, _attribute, _deepen, _borrow),
)


def _written(node: Node) -> str:
    inner = "".join(_written(child) for child in node.children)
    return f"<{node.name}{node.attributes}>{node.text}{inner}</{node.name}>"


def _enveloped(entropy: Entropy, body: bytes) -> bytes:
    envelope = write.envelope(body, entropy.one(("Di01", "Du01")))
    payload = b64encode(body)
    instead = entropy.one(
        (
            *(payload, payload, payload, payload[:-1], payload[:-3], payload[:40] + b" " + payload[40:], b"", b"="),
            *(urlsafe_b64encode(body), b"\xc3\xa9" + payload, payload + b"=", b"<![CDATA[" + payload + b"]]>", body),
        )
    )
    return envelope.replace(payload, instead)


def an_xml(entropy: Entropy) -> bytes:
    """A message, changed a few times, at times in an envelope or two; at times a known attack."""
    if entropy.once_in(64):
        return entropy.one((BILLION_LAUGHS, LOCAL_FILE, OUTSIDE_DTD, write.claim()))
    kind, tree = entropy.one(_trees())
    root = _copy(tree)
    space = entropy.one(SPACES) if entropy.once_in(12) else f"{IJW}3_2/{kind.lower()}/schema"
    root.attributes = f' xmlns="{space}" xmlns:ijw="{write.BASE}"'
    for _ in range(entropy.few(5)):
        entropy.one(CHANGES)(entropy, root)
    start = entropy.one(BEFORE) if entropy.once_in(8) else ""
    body = (start + _written(root)).encode("utf-8", "surrogatepass")
    while entropy.once_in(6):
        body = _enveloped(entropy, body)
    return body
