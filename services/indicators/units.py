"""Which figures must be at hand to decide whether one is withheld."""

from services.indicators.catalogue import FLOW_TERMS, REPORTED
from services.indicators.definitions import Per
from services.indicators.relations import ENDED, EQUATIONS, STARTED, months_of, per_of

RATIO_OF_YEARS, USERS = "inflow_outflow_ratio", "care_days_mean"


def unit_of(indicator: str, period: str) -> tuple[tuple[str, str], ...]:
    """The indicators and periods of which all rows must be at hand to decide on a figure; itself among them."""
    family = _family(indicator, per_of(period))
    unit = {(name, period) for name in family}
    flows = {(term, month) for term in FLOW_TERMS for month in months_of(period)} if len(period) < 7 else set()
    if family & set(ENDED):
        unit |= flows
    if family & set(STARTED):
        unit |= flows | {(name, f"{period}Q{number}") for name in ENDED for number in range(1, 5)}
    if indicator == RATIO_OF_YEARS:
        unit |= {
            (name, f"{int(period) + step:04}")
            for name in {RATIO_OF_YEARS, *_family(USERS, Per.YEAR)}
            for step in (-1, 0, 1)
        }
    return tuple(sorted(unit))


def _family(indicator: str, per: Per) -> set[str]:
    """The indicators of the same period that relations link to one."""
    family = {indicator}
    told = {row.id for row in REPORTED if row.per is per}
    while True:
        linked = [{name for _, name, _ in row.terms} for row in EQUATIONS if row.per is per]
        wider = family.union(*(names & told for names in linked if names & family))
        if wider == family:
            return family
        family = wider
