"""The figures of the special on stacking and duration, and of the notes (domain.md §4 to §6)."""

from services.indicators.definitions import Per
from services.indicators.report.model import CARE_FORM
from services.indicators.report.numbers import COUNT, DAYS, MEAN, MEAN_DAYS, PERCENT
from services.indicators.report.topics import Topic

_STACKED_NL = (
    "Een voorziening is een zorgvorm bij een aanbieder; een verlenging van dezelfde voorziening telt één keer. "
    "Ambulante hulp van de aanbieder waar een jeugdige ook verblijft, telt niet als tweede voorziening."
)


def share_topic(per: Per, noun: str) -> Topic:
    """The share of stacked youths per month or per year."""
    return Topic(
        id="stacking_share",
        per=per,
        title_nl=f"Aandeel met zorgstapeling per {noun}",
        unit=PERCENT,
        sentence_nl="In {period} [had|hadden] {numerator} van de {denominator} jeugdigen met jeugdhulp twee of meer "
        "voorzieningen: {value}.",
        meaning_nl=f"Het deel van de jeugdigen met jeugdhulp dat in het tijdvak (een {noun}) twee of meer "
        f"voorzieningen had. {_STACKED_NL}",
    )


def mean_topic(per: Per, noun: str) -> Topic:
    """The mean number of provisions of stacked youths per month or per year."""
    return Topic(
        id="stacking_mean",
        per=per,
        title_nl=f"Voorzieningen bij stapeling per {noun}",
        unit=MEAN,
        sentence_nl="De {denominator} jeugdigen met zorgstapeling hadden in {period} gemiddeld {value} voorzieningen.",
        meaning_nl=f"Het gemiddelde aantal voorzieningen in het tijdvak (een {noun}) van de jeugdigen die er twee of "
        f"meer hadden; wie er één had, telt niet mee. {_STACKED_NL}",
    )


STACKING_SHARE = share_topic(Per.MONTH, "maand")
STACKING_PEAK = Topic(
    id="stacking_peak",
    per=Per.MONTH,
    title_nl="Drie of meer voorzieningen op één dag",
    unit=COUNT,
    sentence_nl="In {period} [had|hadden] {value} [jeugdige|jeugdigen] op ten minste één dag drie of meer "
    "voorzieningen.",
    meaning_nl="Het aantal jeugdigen met op ten minste één dag van de maand drie of meer voorzieningen tegelijk.",
)
DURATION = Topic(
    id="duration_median.running",
    per=Per.QUARTER,
    title_nl="Zorgduur van lopende trajecten",
    own_title_nl="helft duurt tot dan zo lang of korter",
    value_name_nl="mediaan",
    beside="duration_p90.running",
    beside_title_nl="negen van de tien duren zo lang of korter",
    unit=DAYS,
    sentence_nl="Van de {denominator} zorgtrajecten die aan het eind van {period} liepen, duurde de helft tot dan toe "
    "{value} of korter; van elke tien duurden er negen {beside} of korter.",
    meaning_nl="De dagen vanaf het begin van een zorgtraject tot en met het eind van het kwartaal, van de trajecten "
    "die dan lopen. Een zorgtraject bestaat uit zorgperioden die elkaar opvolgen binnen de {window}; de dagen "
    "daartussen tellen mee.",
)
ENDED = Topic(
    id="duration_median.ended",
    per=Per.QUARTER,
    title_nl="Zorgduur van beëindigde zorgperioden",
    own_title_nl="helft duurde zo lang of korter",
    value_name_nl="mediaan",
    beside="duration_p90.ended",
    beside_title_nl="negen van de tien duurden zo lang of korter",
    unit=DAYS,
    sentence_nl="Van de {denominator} zorgperioden die in {period} eindigden, had de helft {value} of korter geduurd; "
    "van elke tien hadden er negen {beside} of korter geduurd.",
    meaning_nl="De dagen van de eerste tot en met de laatste dag van een zorgperiode: de langste reeks dagen waarop "
    "jeugdhulp liep, onderbrekingen meegeteld.",
)
CARE_DAYS = Topic(
    id="care_days_mean",
    per=Per.YEAR,
    title_nl="Dagen jeugdhulp per zorgvorm",
    unit=MEAN_DAYS,
    group_kind=CARE_FORM,
    sentence_nl="In {period} hadden jeugdigen het langst {highest} ({value} gemiddeld) en het kortst {lowest} "
    "({lowest_value} gemiddeld).",
    meaning_nl="Het aantal dagen jeugdhulp van die zorgvorm in het jaar, gedeeld door het aantal jeugdigen met ten "
    "minste één zo'n dag. Een dag met twee indicaties van dezelfde zorgvorm telt één keer.",
)
TIMELINESS = Topic(
    id="timeliness",
    per=Per.MONTH,
    title_nl="Tijdig gemelde starts en stops",
    unit=PERCENT,
    sentence_nl="Van de {denominator} starts en stops van {period} [is|zijn] er {numerator} tijdig gemeld: {value}.",
    meaning_nl="Het deel van de starts en stops van jeugdhulp in de maand dat binnen vijf werkdagen is gemeld, "
    "gerekend vanaf de dag zelf of vanaf de ontvangst van de eerste toewijzing als die later was.",
)
