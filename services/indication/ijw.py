"""From bytes to a document of the iJw standard: size, encoding, safe XML, envelope, message kind, official schema.

Rules. Everything comes from outside: no DTD, no entity, no network, limits on size and number of elements, all
checked before anything is built. The kind is the namespace, never the direction in the header. A refusal names an
element by its path, with names of the standard only. Source: ijw/reference.md §1.2, §9, §10.3.
"""

import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, cast

from lxml import etree

from services.indication.elements import BLANKS, Element, below
from services.indication.kinds import SET_ASIDE, MessageKind
from youthcare.outcome import Reason, Refused

BYTES_MAX = 25 * 1024 * 1024
# A message about one youth has some thousands of tags; a million small ones would need gigabytes of memory.
MARKUP_MAX = 400_000
CHUNK_BYTES = 64 * 1024
ROOT_BYTES_MAX = 256 * 1024  # within which the root must have begun; a longer start is an attack

BASE_NAMESPACE = "http://www.istandaarden.nl/ijw/3_2/basisschema/schema"
ENVELOPE_NAMESPACE = "http://www.stufstandaarden.nl/koppelvlak/ggk0210"
ENVELOPES = frozenset({"envelopHeenbericht-ggk_Di01", "envelopRetourbericht-ggk_Du01"})
PAYLOAD_PLACE = "parameters/bericht/xmlBestand"

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_PROLOGUE = re.compile(rb"(?:[ \t\r\n]++|<\?.*?\?>|<!--.*?-->)*+", re.DOTALL)
_ENCODING = re.compile(rb"<\?xml[^>]*?\sencoding\s*=\s*[\"']([^\"']*)[\"']")
_NAMESPACE = re.compile(r"http://www\.istandaarden\.nl/ijw/([0-9]+_[0-9]+)/(\w+)/schema(?:/\w+)?")
_STEP = re.compile(r"(?:([^:\[\]]+):)?([^:\[\]]*)(?:\[([0-9]+)\])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A well-formed message of a known kind; its content is never part of its text form."""

    kind: MessageKind
    root: Element = field(repr=False)
    tree: "etree._ElementTree" = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """A message that is recognised and says nothing about the course of care (JW323, JW325)."""

    kind: MessageKind


@dataclass(frozen=True, slots=True)
class _Opened:
    body: bytes
    namespace: str
    name: str


def read(body: bytes) -> Document | SetAside | Refused:
    """The message in a body, bare or in its StUF-GGk envelope; an envelope inside an envelope is no message."""
    opened = _open(body)
    if isinstance(opened, _Opened) and opened.namespace == ENVELOPE_NAMESPACE and opened.name in ENVELOPES:
        payload = _payload(opened.body)
        opened = payload if isinstance(payload, Refused) else _open(payload)
    return opened if isinstance(opened, Refused) else _document(opened)


def _open(body: bytes) -> _Opened | Refused:
    """The body without its byte order mark, and what its root is, before anything is built from it."""
    if len(body) > BYTES_MAX:
        return Refused(reason=Reason.TOO_LARGE)
    bare = body.removeprefix(_BYTE_ORDER_MARK)
    declared = _ENCODING.match(bare)
    if declared and declared[1].lower() not in (b"utf-8", b"utf8"):
        return Refused(reason=Reason.NOT_XML)
    prologue = _PROLOGUE.match(bare)
    assert prologue, "a prologue may be empty"
    if bare.startswith(b"<!DOCTYPE", prologue.end()):
        return Refused(reason=Reason.FORBIDDEN_CONTENT)
    return _root(bare)


def _root(body: bytes) -> _Opened | Refused:
    parser = etree.XMLPullParser(events=("start",), **_HARDENED)  # type: ignore[arg-type]
    try:
        for at in range(0, min(len(body), ROOT_BYTES_MAX), CHUNK_BYTES):
            parser.feed(body[at : at + CHUNK_BYTES])
            for event in parser.read_events():
                space, _, name = str(cast(etree._Element, event[1]).tag).removeprefix("{").rpartition("}")
                # A prefix that nobody declared; the parser tells only at the end.
                return Refused(reason=Reason.NOT_XML) if ":" in name else _Opened(body, space, name)
    except etree.XMLSyntaxError as error:
        return _unreadable(error)
    return Refused(reason=Reason.NOT_XML)


_HARDENED: Mapping[str, object] = {
    "encoding": "utf-8",
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "huge_tree": False,
    "remove_comments": True,  # or a comment inside a value would cut it in two
    "remove_pis": True,
}


def _parsed(body: bytes) -> "etree._Element | Refused":
    if body.count(b"<") + body.count(b"=") > MARKUP_MAX:
        return Refused(reason=Reason.TOO_LARGE)
    try:
        return etree.fromstring(body, etree.XMLParser(**_HARDENED))  # type: ignore[arg-type]
    except etree.XMLSyntaxError as error:
        return _unreadable(error)


def _unreadable(error: etree.XMLSyntaxError) -> Refused:
    # The parser has limits of its own (10 MB in one text, 256 levels); its message may quote the text.
    large = getattr(error, "code", None) == etree.ErrorTypes.ERR_RESOURCE_LIMIT
    return Refused(reason=Reason.TOO_LARGE if large else Reason.NOT_XML)


def _payload(body: bytes) -> bytes | Refused:
    root = _parsed(body)
    if isinstance(root, Refused):
        return root
    found = root.findall("/".join(f"{{{ENVELOPE_NAMESPACE}}}{name}" for name in PAYLOAD_PLACE.split("/")))
    if not found:
        return Refused(reason=Reason.FIELD_MISSING, field=PAYLOAD_PLACE)
    text = (found[0].text or "").translate(str.maketrans("", "", BLANKS))
    try:
        return b64decode(text, validate=True)
    except ValueError:
        return Refused(reason=Reason.FIELD_INVALID, field=PAYLOAD_PLACE)


def _document(opened: _Opened) -> Document | SetAside | Refused:
    kind = _kind(opened.namespace, opened.name)
    if isinstance(kind, Refused):
        return kind
    if kind in SET_ASIDE:
        return SetAside(kind=kind)
    root = _parsed(opened.body)
    if isinstance(root, Refused):
        return root
    spaces = {f"{{{opened.namespace}}}", f"{{{BASE_NAMESPACE}}}"}
    return Document(kind=kind, root=_element(root, "", spaces), tree=root.getroottree())


def _kind(namespace: str, name: str) -> MessageKind | Refused:
    match = _NAMESPACE.fullmatch(namespace)
    if match is None or name != "Bericht":
        return Refused(reason=Reason.UNKNOWN_MESSAGE)
    if match[1] != "3_2":
        return Refused(reason=Reason.WRONG_VERSION)
    kind = match[2].upper()
    return MessageKind(kind) if kind in MessageKind.__members__ else Refused(reason=Reason.UNKNOWN_MESSAGE)


def _element(node: "etree._Element", path: str, spaces: set[str]) -> Element:
    """The element without namespaces; what stands in a foreign one keeps it, and so is nobody's field."""
    names = [_local_name(child, spaces) for child in node]
    labels = _labels(names)
    children = tuple(_element(child, below(path, label), spaces) for child, label in zip(node, labels, strict=True))
    return Element(name=_local_name(node, spaces), path=path, text=node.text or "", children=children)


def _local_name(node: "etree._Element", spaces: set[str]) -> str:
    space, _, name = str(node.tag).rpartition("}")
    return name if f"{space}}}" in spaces else str(node.tag)


def _labels(names: list[str]) -> list[str]:
    """Names, numbered from 1 where a name occurs more than once."""
    seen: dict[str, int] = {}
    totals = dict.fromkeys(names, 0)
    for name in names:
        totals[name] += 1
    labels = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        labels.append(f"{name}[{seen[name]}]" if totals[name] > 1 else name)
    return labels


@dataclass(frozen=True, slots=True)
class Schemas:
    """The official schemas, compiled once; a municipality points at its own copy."""

    compiled: Mapping[MessageKind, etree.XMLSchema]
    names: frozenset[str]
    turn: Lock = field(default_factory=Lock, compare=False, repr=False)

    @classmethod
    def load(cls, folder: Path) -> "Schemas":
        """The schemas in a folder (`JW301.xsd` … and `basisschema.xsd`); a missing file is an error of set-up."""
        kinds = [kind for kind in MessageKind if kind not in SET_ASIDE]
        compiled = {kind: etree.XMLSchema(file=str(folder / f"{kind}.xsd")) for kind in kinds}
        names = {name for path in sorted(folder.glob("*.xsd")) for name in _declared(path)}
        return cls(compiled, frozenset(names))

    def check(self, document: Document) -> Refused | None:
        """None when the message obeys its schema; else a refusal that names the first wrong element."""
        schema = self.compiled[document.kind]
        # Doors read in threads, and a schema keeps the errors of its last validation only.
        with self.turn:
            if schema.validate(document.tree):
                return None
            place = str(cast(Any, schema.error_log)[0].path)
        return Refused(reason=Reason.SCHEMA_INVALID, field=self._path(document.tree, place))

    def _path(self, tree: "etree._ElementTree", place: str) -> str:
        """The path of an error; a name that is not of the standard may be anything, even a person's."""
        node, path = tree.getroot(), ""
        for step in place.split("/")[2:]:
            for child in _children_at(node, step):
                names = [_known(etree.QName(one).localname, self.names) for one in node]
                path = below(path, _labels(names)[node.index(child)])
                node = child
        return path or "Bericht"


def _declared(path: Path) -> list[str]:
    tree = etree.parse(str(path), etree.XMLParser(**_HARDENED))  # type: ignore[arg-type]
    return [str(node.get("name")) for node in tree.iter("{http://www.w3.org/2001/XMLSchema}element")]


def _known(name: str, names: frozenset[str]) -> str:
    return name if name in names else "*"


def _children_at(node: "etree._Element", step: str) -> "list[etree._Element]":
    """The child a step of libxml2's path means, if any: `*[2]` counts all children, `p:name[2]` those so named."""
    match = _STEP.match(step)
    assert match, "every part of a step may be absent"
    prefix, name, number = match.groups()
    found = [child for child in node if name == "*" or (child.prefix, etree.QName(child).localname) == (prefix, name)]
    at = int(number or 1) - 1
    return found[at : at + 1]
