"""Which rules are worth having, for supervisors: what became of the alerts of the past year, by rule and team."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import FastAPI, Query

from services.alerts.api.bearing import Bearer, Clock, session
from services.alerts.finding import Rule
from services.alerts.rules import LABEL_NL
from services.alerts.store.learning import lives_since
from services.alerts.usefulness import Usefulness, usefulness
from youthcare.period import add_months, civil_day
from youthcare.runtime.postgres import Pool
from youthcare.runtime.security import require


def add_usefulness(app: FastAPI, pools: Sequence[Pool], now: Clock) -> None:
    """Add the door; the first of `pools` is there once the app runs, `now` gives an instant in UTC."""

    @app.get("/v1/alerts/usefulness")
    async def rules(
        bearer: Bearer,
        months: Annotated[int, Query(ge=1, le=60, description="Alerts that first opened in so many past months")] = 12,
    ) -> dict[str, Any]:
        """Per rule, all teams (`team` empty) and each team: opened, time to acknowledge, outcomes, withdrawn."""
        require(bearer.is_supervisor())
        since = add_months(civil_day(now()), -months)
        async with session(pools, bearer) as connection:
            lives = await lives_since(connection, bearer.municipality, since)
        return {"since": since, "rules": [_shown(row) for row in usefulness(lives)]}


def _shown(row: Usefulness) -> dict[str, Any]:
    return {
        "rule": row.rule,
        "label_nl": LABEL_NL[Rule(row.rule)],
        "team": row.team,
        "opened": row.opened,
        "acknowledged": row.acknowledged,
        "seconds_to_acknowledge": row.seconds_to_acknowledge,
        "outcomes": row.outcomes,
        "withdrawn": row.withdrawn,
        "mostly_known": row.mostly_known,
    }
