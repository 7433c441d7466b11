"""The mail of the morning: that there are new alerts, how many, and where to read them; nothing of any person.

Three rules. A team has one mail a day, and none when nothing is new. The supervisor has one a week, that somebody
looked beyond the own team, and none when nobody did. The same mail sent twice carries the same identity.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from hashlib import sha256

from youthcare.period import AMSTERDAM, civil_day

SUPERVISOR = "*"
"""What stands in the place of a team for the supervisor's mail of the week."""
SUBJECT_NL = "Er zijn nieuwe meldingen"
WEEK_SUBJECT_NL = "Noodinzage van de afgelopen week"
BEYOND = "/noodinzage"
_BODY_NL = """\
Goedemorgen,

{count}

U leest ze in het overzicht:
{inbox}

In deze mail staan geen gegevens van jeugdigen. U krijgt hem hooguit eens per dag,
omdat dit adres voor uw team is opgegeven. De toezichthouder van uw gemeente kan het adres weghalen.
"""


_WEEK_BODY_NL = """\
Goedemorgen,

{count}

U leest wie, waarom en bij welk dossier in het overzicht:
{inbox}

In deze mail staan geen gegevens van jeugdigen of medewerkers. U krijgt hem hooguit eens per week,
omdat dit adres voor de toezichthouder is opgegeven.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """One mail: of a team and a day, to one address; `alerts` is how many are new.

    For the supervisor `day` is the Monday after the week, and `alerts` how often a reason was stated in it.
    """

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


def monday_of(day: date) -> date:
    """The Monday of the week of a day: on it the mail about the week before is due."""
    return day - timedelta(days=day.weekday())


def stated_nl(count: int) -> str:
    """How often somebody looked beyond the own team, as a sentence."""
    times = "1 keer" if count == 1 else f"{count} keer"
    return f"In de afgelopen week is {times} een jeugdige van een ander team ingezien."


def message(digest: Digest, *, sender: str, inbox: str, now: datetime) -> EmailMessage:
    """The mail itself; `now` is when it is sent."""
    made = EmailMessage()
    made["From"] = sender
    made["To"] = digest.address
    made["Subject"] = WEEK_SUBJECT_NL if digest.team == SUPERVISOR else SUBJECT_NL
    made["Date"] = format_datetime(now)
    made["Message-ID"] = f"<{digest.identity}@{sender.rpartition('@')[2].rstrip('>') or 'trajectwacht'}>"
    made["Auto-Submitted"] = "auto-generated"
    made["Content-Language"] = "nl"
    made.set_content(_body(digest, inbox))
    return made


def _body(digest: Digest, inbox: str) -> str:
    if digest.team == SUPERVISOR:
        return _WEEK_BODY_NL.format(count=stated_nl(digest.alerts), inbox=inbox.rstrip("/") + BEYOND)
    return _BODY_NL.format(count=count_nl(digest.alerts), inbox=inbox)
