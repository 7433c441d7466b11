"""The messages of iJw 3.2: their codes, who sends them, and which message a return answers.

Rules. A return ("retourbericht") copies the header of the message it answers, so its direction cannot be read from
that header; this table says it. Claims (323, 325) say nothing about the course of care and are set aside.
Source: ijw/reference.md §1.1.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class MessageKind(StrEnum):
    """A message of the standard."""

    JW301 = "JW301"  # Toewijzing
    JW302 = "JW302"
    JW305 = "JW305"  # Start
    JW306 = "JW306"
    JW307 = "JW307"  # Stop
    JW308 = "JW308"
    JW315 = "JW315"  # Verzoek om toewijzing
    JW316 = "JW316"
    JW317 = "JW317"  # Verzoek om wijziging
    JW318 = "JW318"
    JW319 = "JW319"  # Antwoord
    JW320 = "JW320"
    JW323 = "JW323"  # Declaratie
    JW325 = "JW325"  # Declaratie-antwoord


SET_ASIDE = frozenset({MessageKind.JW323, MessageKind.JW325})


@dataclass(frozen=True, slots=True)
class Traits:
    """The code in the header, whether the municipality stands there as sender, and what is answered."""

    code: str
    municipality_first: bool
    answers: MessageKind | None = None

    @property
    def sent_by_municipality(self) -> bool:
        """Who really sends it: of a return the receiver named in the copied header."""
        return self.municipality_first != (self.answers is not None)


TRAITS: Mapping[MessageKind, Traits] = {
    MessageKind.JW301: Traits("436", True),
    MessageKind.JW302: Traits("437", True, MessageKind.JW301),
    MessageKind.JW305: Traits("438", False),
    MessageKind.JW306: Traits("439", False, MessageKind.JW305),
    MessageKind.JW307: Traits("440", False),
    MessageKind.JW308: Traits("441", False, MessageKind.JW307),
    MessageKind.JW315: Traits("446", False),
    MessageKind.JW316: Traits("447", False, MessageKind.JW315),
    MessageKind.JW317: Traits("486", False),
    MessageKind.JW318: Traits("487", False, MessageKind.JW317),
    MessageKind.JW319: Traits("488", True),
    MessageKind.JW320: Traits("489", True, MessageKind.JW319),
}
