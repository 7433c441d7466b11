"""The mail of the morning: that there are new alerts, how many, and where to read them; nothing of any person.

Two rules. A team has one mail a day, and none when nothing is new. The same mail sent twice carries the same identity.
"""

from dataclasses import dataclass
from datetime import date, datetime, time
from email.message import EmailMessage
from email.utils import format_datetime
from hashlib import sha256

from youthcare.period import AMSTERDAM, civil_day

SUBJECT_NL = "Er zijn nieuwe meldingen"
_BODY_NL = """\
Goedemorgen,

{count}

U leest ze in het overzicht:
{inbox}

In deze mail staan geen gegevens van jeugdigen. U krijgt hem hooguit eens per dag,
omdat dit adres voor uw team is opgegeven. De toezichthouder van uw gemeente kan het adres weghalen.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """One mail: of a team and a day, to one address; `alerts` is how many are new."""

    municipality: str
    team: str
    day: date
    address: str
    alerts: int

    @property
    def identity(self) -> str:
        """The same for the same mail, and tells nothing to who reads it."""
        key = "\x1f".join((self.municipality, self.team, self.day.isoformat(), self.address))
        return sha256(key.encode()).hexdigest()[:40]


def day_of(now: datetime, digest_at: time) -> date | None:
    """The civil day whose mail is due; None before the time of the day in Amsterdam."""
    return civil_day(now) if now.astimezone(AMSTERDAM).time() >= digest_at else None


def count_nl(alerts: int) -> str:
    """How many alerts are new, as a sentence."""
    if alerts == 1:
        return "Er is 1 nieuwe melding voor uw team."
    return f"Er zijn {alerts} nieuwe meldingen voor uw team."


def message(digest: Digest, *, sender: str, inbox: str, now: datetime) -> EmailMessage:
    """The mail itself; `now` is when it is sent."""
    made = EmailMessage()
    made["From"] = sender
    made["To"] = digest.address
    made["Subject"] = SUBJECT_NL
    made["Date"] = format_datetime(now)
    made["Message-ID"] = f"<{digest.identity}@{sender.rpartition('@')[2].rstrip('>') or 'trajectwacht'}>"
    made["Auto-Submitted"] = "auto-generated"
    made["Content-Language"] = "nl"
    made.set_content(_BODY_NL.format(count=count_nl(digest.alerts), inbox=inbox))
    return made
