"""What can be granted, by whom, and how often: the care forms, products and providers of the simulated region.

Two rules. Product codes are national ones (ijw/productcodes.csv); category 54 has none there and is granted by
category alone. Provider codes are invented, in a block that no provider holds.
"""

from dataclasses import dataclass
from random import Random

from youthcare.codes import Product


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One care form as it is granted: products, unit, usual length of care ("zorgvorm")."""

    form: str
    category: str
    codes: tuple[str, ...] = ()
    unit: str = "01"
    amount_per_week: int = 120
    total: bool = False  # granted as a total for the period; such an amount cannot be extended (OP380)
    median_days: int = 240
    spread: float = 0.7  # standard deviation of the logarithm of the length
    residential: bool = False
    counts: bool = True

    def product(self, rng: Random) -> Product:
        """One of the products of this form."""
        return Product(category=self.category, code=rng.choice(self.codes) if self.codes else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A care provider ("aanbieder"): code, forms, and whether it is a certified institution."""

    code: str
    forms: tuple[str, ...]
    institution: bool = False


REGULAR = ("45A04", "45A05", "45A48", "45A49", "45A51", "45A53", "45A56", "45A65")
OFFERS = {
    offer.form: offer
    for offer in (
        Offer(form="ambulatory", category="45", codes=REGULAR, median_days=290),
        Offer(form="diagnostics", category="45", codes=("45A06", "45A03"), median_days=75, spread=0.4),
        Offer(
            form="day-treatment",
            category="41",
            codes=("41A03", "41A04", "41A18"),
            unit="16",
            amount_per_week=4,
            median_days=330,
        ),
        Offer(form="personal-care", category="40", codes=("40A03", "40A04"), median_days=400),
        Offer(
            form="basic-mental-health",
            category="51",
            codes=("51A01", "51A02", "51A03"),
            unit="82",
            amount_per_week=1,
            total=True,
            median_days=180,
            spread=0.5,
        ),
        Offer(form="mental-health", category="54", median_days=310),
        Offer(
            form="paediatric",
            category="53",
            codes=("53A02", "53A04"),
            unit="82",
            amount_per_week=1,
            total=True,
            median_days=120,
            spread=0.4,
        ),
        Offer(
            form="tailored",
            category="50",
            codes=("50A03", "50A04", "50A08", "50A09", "50A10"),
            unit="82",
            amount_per_week=1,
            total=True,
            median_days=460,
        ),
        Offer(form="team-care", category="31", median_days=240),
        Offer(form="crisis", category="46", codes=("46A01",), median_days=32, spread=0.3),
        Offer(
            form="crisis-residence",
            category="46",
            codes=("46A02", "46A03", "46A05"),
            unit="14",
            amount_per_week=7,
            median_days=36,
            spread=0.4,
            residential=True,
        ),
        Offer(
            form="foster-care",
            category="44",
            codes=("44A07", "44A19"),
            unit="14",
            amount_per_week=7,
            median_days=1150,
            spread=0.8,
            residential=True,
        ),
        Offer(
            form="family-home",
            category="43",
            codes=("43A10", "43A04"),
            unit="14",
            amount_per_week=7,
            median_days=800,
            spread=0.7,
            residential=True,
        ),
        Offer(
            form="residence",
            category="43",
            codes=("43A07", "43A36", "43A38"),
            unit="14",
            amount_per_week=7,
            median_days=260,
            spread=0.6,
            residential=True,
        ),
        Offer(
            form="secure-residence",
            category="43",
            codes=("43A12",),
            unit="14",
            amount_per_week=7,
            median_days=170,
            spread=0.4,
            residential=True,
        ),
        Offer(
            form="protection",
            category="48",
            codes=("48A04", "48A05"),
            unit="14",
            amount_per_week=7,
            median_days=600,
            counts=False,
        ),
        Offer(
            form="probation",
            category="47",
            codes=("47A02",),
            unit="14",
            amount_per_week=7,
            median_days=240,
            counts=False,
        ),
        Offer(
            form="transport",
            category="42",
            codes=("42A03",),
            unit="84",
            amount_per_week=4,
            median_days=300,
            counts=False,
        ),
    )
}

_FORMS = (
    ("ambulatory", "diagnostics", "day-treatment", "personal-care", "residence"),
    ("ambulatory", "tailored", "day-treatment", "residence", "crisis", "crisis-residence"),
    ("ambulatory", "tailored", "family-home", "foster-care", "crisis-residence"),
    ("mental-health", "basic-mental-health", "diagnostics"),
    ("mental-health", "basic-mental-health", "diagnostics", "ambulatory"),
    ("ambulatory", "personal-care", "day-treatment", "transport"),
    ("foster-care", "ambulatory"),
    ("tailored", "day-treatment"),
    ("ambulatory", "diagnostics", "tailored"),
    ("mental-health", "day-treatment", "residence"),
    ("paediatric", "basic-mental-health"),
    ("family-home",),
    ("secure-residence", "residence", "crisis-residence"),
    ("ambulatory", "basic-mental-health"),
    ("tailored", "ambulatory", "personal-care"),
    ("mental-health", "ambulatory", "crisis"),
    ("transport",),
    ("ambulatory",),
    ("tailored",),
    ("mental-health",),
)
_INSTITUTIONS = (("protection", "probation"), ("protection", "probation", "ambulatory"))
PROVIDERS = tuple(
    [Provider(code=f"9990{number:04d}", forms=forms) for number, forms in enumerate(_FORMS, start=1)]
    + [
        Provider(code=f"9991{number:04d}", forms=forms, institution=True)
        for number, forms in enumerate(_INSTITUTIONS, start=1)
    ]
)
PROVIDERS_OF = {form: tuple(one for one in PROVIDERS if form in one.forms) for form in OFFERS}
INSTITUTIONS = frozenset(one.code for one in PROVIDERS if one.institution)

# Care that begins without residence, with residence, and what comes beside running care.
MAIN_MIX = {
    "ambulatory": 40,
    "mental-health": 21,
    "basic-mental-health": 11,
    "tailored": 12,
    "diagnostics": 5,
    "day-treatment": 5,
    "team-care": 3,
    "personal-care": 2,
    "paediatric": 1,
}
RESIDENTIAL_MIX = {"foster-care": 47, "residence": 34, "family-home": 14, "secure-residence": 5}
EXTRA_MIX = {
    "ambulatory": 34,
    "mental-health": 16,
    "team-care": 20,
    "tailored": 12,
    "day-treatment": 8,
    "basic-mental-health": 4,
    "personal-care": 3,
    "diagnostics": 3,
}


def drawn(rng: Random, mix: dict[str, int]) -> str:
    """One key, as likely as its weight says."""
    return rng.choices(tuple(mix), weights=tuple(mix.values()))[0]
