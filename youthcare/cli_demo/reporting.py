"""What a municipality does with its figures: enter what they are divided by and held against, and read the report."""

import ssl
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx

from youthcare.period import ONE_DAY, quarter_of
from youthcare.runtime.local_issuer import LocalIssuer
from youthcare.runtime.settings import shipped

KINDS = ("population", "targets", "external")
ENSCHEDE = "0153"
TOKEN_LIFE = timedelta(hours=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A supervisor of one municipality, before the indicators API."""

    url: str
    issuer: LocalIssuer
    municipality: str
    trust: ssl.SSLContext | None = None

    def enter_reference(self) -> list[str]:
        """Enter the example reference data over HTTP, written for this municipality; what was refused."""
        refused = []
        for kind in KINDS:
            text = shipped(f"reference/enschede/{kind}.csv").read_text(encoding="utf-8")
            own = text.replace(f"{ENSCHEDE},", f"{self.municipality},")
            answer = httpx.put(
                f"{self.url}/v1/reference/{kind}",
                content=own.encode(),
                headers={**self._headers(), "Content-Type": "text/csv"},
                timeout=60,
                verify=self.trust or True,
            )
            refused += [] if answer.status_code == httpx.codes.OK else [f"{kind}: {answer.text[:300]}"]
        return refused

    def save_report(self, quarter: str, folder: Path) -> tuple[Path, ...]:
        """Read the council report of a quarter as a page and as a PDF, and keep both."""
        return tuple(self._saved(quarter, form, folder) for form in ("html", "pdf"))

    def _saved(self, quarter: str, form: str, folder: Path) -> Path:
        answer = httpx.get(
            f"{self.url}/v1/reports/{quarter}",
            params={"format": form},
            headers=self._headers(),
            timeout=300,
            verify=self.trust or True,
        )
        answer.raise_for_status()
        path = folder / f"rapport-{quarter}.{form}"
        path.write_bytes(answer.content)
        return path

    def _headers(self) -> dict[str, str]:
        token = self.issuer.token(self.municipality, ["supervisor"], datetime.now(UTC), TOKEN_LIFE)
        return {"Authorization": f"Bearer {token}"}


def last_quarter(today: date) -> str:
    """The last quarter that is over on a day."""
    first_day = date(today.year, (today.month - 1) // 3 * 3 + 1, 1)
    return quarter_of(first_day - ONE_DAY)
