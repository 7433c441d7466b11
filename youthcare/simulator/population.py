"""Who lives in the simulated municipality: teams, citizen numbers, youths.

Three rules. Citizen numbers pass the 11-check; the first come from the test range of the care chain, later ones
are invented and recognisable as such. Teams weigh by the youths in care that Enschede published. Names mean
nothing: they are there to be dropped at the door.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain
from random import Random

REAL_YOUTHS_IN_CARE = 4500  # in a year, of the populations below
TEST_RANGE = (999900006, 999999990)  # ijw/reference.md §10.2
HAND_WRITTEN = 2000
_AGE_WEIGHTS = (1, 1, 2, 3, 5, 6, 7, 8, 8, 8, 8, 7, 7, 7, 7, 6, 5, 4)  # ages 0–17 when care begins
_SURNAMES = ("Voorbeeld", "Proefman", "Testink", "Oefening", "Fictief", "Denkbeeld", "Modelaar", "Schijn")


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """One neighbourhood team ("wijkteam"): its postcodes, youths 0–17 and share of them in care in a year."""

    id: str
    postcodes: tuple[int, ...]
    youths: int
    care_share: float


# Postcodes: as in deploy/teams.yml. Shares in care: published. Youths: invented, together almost 30,000.
TEAMS = (
    Team(id="boswinkel-boekelo", postcodes=(7547, 7548), youths=3100, care_share=0.12),
    Team(id="centrum", postcodes=(7511, 7512, 7513, 7514), youths=2100, care_share=0.16),
    Team(id="noord", postcodes=(7521, 7522, 7523, 7524), youths=4300, care_share=0.14),
    Team(id="oost-binnen", postcodes=(7531, 7532, 7533, 7534), youths=2500, care_share=0.17),
    Team(id="oost-buiten", postcodes=(7535, 7536, 7537), youths=4600, care_share=0.14),
    Team(id="pathmos-stadsveld", postcodes=(7538, 7539, 7540), youths=3500, care_share=0.18),
    Team(id="stroinkslanden-helmerhoek", postcodes=(7515, 7516, 7517), youths=4000, care_share=0.14),
    Team(id="twekkelerveld", postcodes=(7525, 7526, 7527), youths=2400, care_share=0.17),
    Team(id="wesselerbrink", postcodes=(7541, 7542, 7543, 7544, 7545, 7546), youths=3300, care_share=0.14),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Youth:
    """A made-up youth, with what only messages say of him or her."""

    number: int
    bsn: str
    birth_date: date
    sex: str
    surname: str
    homes: tuple[tuple[date, str, str], ...]  # from a day: team, postcode

    def home(self, day: date) -> tuple[str, str]:
        """Team and postcode on a day."""
        return next((team, postcode) for since, team, postcode in reversed(self.homes) if since <= day)


def youths_living(team: Team, youths_per_year: int) -> int:
    """Youths 0–17 living in the area of a team, in a municipality of this many youths in care in a year."""
    return round(team.youths * youths_per_year / REAL_YOUTHS_IN_CARE)


def citizen_numbers() -> Iterator[str]:
    """Valid citizen numbers without end: the test range first, then invented ones beginning with 9."""
    low, high = TEST_RANGE
    # The first numbers are left to cases written by hand, so that both can be fed to one system.
    low += HAND_WRITTEN
    test = (number for number in _valid(range(low // 10, high // 10 + 1)) if low <= int(number) <= high)
    return chain(test, (number for number in _valid(range(90000000, 99990000))))


def is_invented(bsn: str) -> bool:
    """Whether a number lies outside the test range of the care chain."""
    return not TEST_RANGE[0] <= int(bsn) <= TEST_RANGE[1]


def _valid(stems: range) -> Iterator[str]:
    for stem in stems:
        check = sum(weight * int(digit) for weight, digit in zip(range(9, 1, -1), str(stem), strict=True)) % 11
        if check < 10:
            yield f"{stem}{check}"


def birth_date(rng: Random, opens_on: date) -> date:
    """The birth date of a youth whose care begins on a day."""
    age = rng.choices(range(18), weights=_AGE_WEIGHTS)[0]
    return opens_on - timedelta(days=age * 365 + rng.randrange(110, 360))


def settled(rng: Random, *, number: int, bsn: str, born: date) -> Youth:
    """A youth with a home, and now and then a second one in another part of town."""
    homes = [(date.min, *_home(rng))]
    if rng.random() < 0.06:
        homes.append((born + timedelta(days=rng.randrange(400, 6500)), *_home(rng)))
    return Youth(
        number=number,
        bsn=bsn,
        birth_date=born,
        sex=rng.choice("12"),
        surname=rng.choice(_SURNAMES),
        homes=tuple(homes),
    )


def _home(rng: Random) -> tuple[str, str]:
    team = rng.choices(TEAMS, weights=[one.youths * one.care_share for one in TEAMS])[0]
    letters = "".join(rng.choice("ABCDEGHJKLNPRSTVWXZ") for _ in range(2))
    return team.id, f"{rng.choice(team.postcodes)}{letters}"
