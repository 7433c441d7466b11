"""The figures of the four goals, with their meaning in the words of domain.md §4 to §6."""

from services.indicators.definitions import Per
from services.indicators.report.numbers import COUNT, GRADE, MEAN, MEAN_DAYS, MILLIONS, PERCENT
from services.indicators.report.topics import Aim, Topic

_UNKNOWN_NL = "[jeugdige|jeugdigen] van wie niet bekend is of zij in de {window} daarvoor al jeugdhulp hadden"
_RESIDENTIAL_NL = (
    "Wonen is een pleeggezin of gezinshuis; verblijf is elke andere plaats waar een jeugdige met jeugdhulp overnacht. "
    "De laatste dag van de zorg telt mee."
)

INFLOW = Topic(
    id="inflow_rate",
    per=Per.QUARTER,
    title_nl="Instroom",
    unit=PERCENT,
    aim=Aim.AT_MOST,
    sentence_nl="In {period} [stroomde|stroomden] {numerator} [jeugdige|jeugdigen] in: {value} van de {denominator} "
    "jeugdigen van 0 tot en met 17 jaar.",
    meaning_nl="Het aantal jeugdigen van 0 tot en met 17 jaar bij wie in het kwartaal jeugdhulp begon en die in de "
    "{window} daarvoor geen jeugdhulp hadden, gedeeld door alle jeugdigen van die leeftijd in de gemeente.",
    pending_nl=_UNKNOWN_NL,
)
IN_CARE = Topic(
    id="in_care_rate",
    per=Per.QUARTER,
    title_nl="Jeugdigen met jeugdhulp",
    unit=PERCENT,
    aim=Aim.AT_MOST,
    sentence_nl="In {period} [had|hadden] {numerator} [jeugdige|jeugdigen] jeugdhulp: {value} van de {denominator} "
    "jeugdigen van 0 tot en met 17 jaar.",
    meaning_nl="Het aantal jeugdigen van 0 tot en met 17 jaar met ten minste één dag jeugdhulp in het kwartaal, "
    "gedeeld door alle jeugdigen van die leeftijd in de gemeente. Een toewijzing zonder start telt niet mee.",
)
SWITCHES = Topic(
    id="switches_mean",
    per=Per.QUARTER,
    title_nl="Wisselingen per zorgtraject",
    unit=MEAN,
    aim=Aim.AT_MOST,
    sentence_nl="In de {denominator} zorgtrajecten die aan het eind van {period} liepen, was er tot dan toe gemiddeld "
    "{value} keer een wisseling.",
    meaning_nl="Hoe vaak in een lopend zorgtraject een voorziening de plaats innam van een andere: van een andere "
    "aanbieder, van een andere zorgvorm of van beide. Geteld vanaf het begin van het traject, gedeeld door het aantal "
    "trajecten dat aan het eind van het kwartaal liep.",
)
RESIDENTIAL_DAYS = Topic(
    id="residential_days_mean",
    per=Per.QUARTER,
    title_nl="Dagen wonen en verblijf samen",
    unit=MEAN_DAYS,
    aim=Aim.AT_MOST,
    sentence_nl="De {denominator} jeugdigen met wonen of verblijf in {period} hadden er gemiddeld {value} van.",
    meaning_nl="Het aantal dagen wonen of verblijf in het kwartaal, gedeeld door het aantal jeugdigen met ten minste "
    "één zo'n dag. " + _RESIDENTIAL_NL,
)
LIVING_DAYS = Topic(
    id="residential_days_mean.living",
    per=Per.QUARTER,
    title_nl="Dagen wonen",
    unit=MEAN_DAYS,
    aim=Aim.AT_MOST,
    sentence_nl="De {denominator} jeugdigen in een pleeggezin of gezinshuis hadden in {period} gemiddeld {value} "
    "wonen.",
    meaning_nl="Het aantal dagen wonen (pleegzorg of gezinshuis) in het kwartaal, gedeeld door het aantal jeugdigen "
    "met ten minste één zo'n dag. De laatste dag van de zorg telt mee.",
)
STAY_DAYS = Topic(
    id="residential_days_mean.stay",
    per=Per.QUARTER,
    title_nl="Dagen verblijf",
    unit=MEAN_DAYS,
    aim=Aim.AT_MOST,
    sentence_nl="De {denominator} jeugdigen met verblijf hadden in {period} gemiddeld {value} verblijf.",
    meaning_nl="Het aantal dagen verblijf in het kwartaal (jeugdhulp met overnachting, geen pleegzorg of gezinshuis), "
    "gedeeld door het aantal jeugdigen met ten minste één zo'n dag. De laatste dag van de zorg telt mee.",
)
SUSTAINABLE_EXIT = Topic(
    id="sustainable_exit_rate",
    per=Per.QUARTER,
    title_nl="Duurzame uitstroom",
    unit=PERCENT,
    aim=Aim.AT_LEAST,
    sentence_nl="Van de {denominator} jeugdigen bij wie in {period} de termijn na het einde van hun jeugdhulp afliep, "
    "[kwam|kwamen] er {numerator} niet terug: {value}.",
    meaning_nl="Het deel van de jeugdigen dat na het einde van de jeugdhulp binnen de {window} niet opnieuw jeugdhulp "
    "kreeg. Een jeugdige telt in het kwartaal waarin die termijn afloopt; bij meer dan één einde telt het laatste. "
    "Overlijden en verhuizing tellen niet mee.",
    pending_nl="[jeugdige|jeugdigen] bij wie de termijn na het einde nog loopt",
)
CLIENT_EXPERIENCE = Topic(
    id="client_experience",
    per=Per.QUARTER,
    title_nl="Cliëntervaring",
    unit=GRADE,
    aim=Aim.AT_LEAST,
    sentence_nl="Jeugdigen en ouders gaven de jeugdhulp over {period} gemiddeld het cijfer {value}.",
    meaning_nl="Het gemiddelde rapportcijfer (1 tot en met 10) uit het onderzoek onder jeugdigen en ouders. De "
    "gemeente levert dit cijfer aan; het volgt niet uit de berichten over zorg.",
    is_external=True,
)
AT_HOME = Topic(
    id="at_home_rate",
    per=Per.QUARTER,
    title_nl="Thuis opgroeien",
    unit=PERCENT,
    aim=Aim.AT_LEAST,
    sentence_nl="In {period} [groeide|groeiden] {numerator} van de {denominator} jeugdigen van 0 tot en met 17 jaar "
    "thuis op: {value}.",
    meaning_nl="Alle jeugdigen van 0 tot en met 17 jaar in de gemeente zonder hen die in het kwartaal ten minste één "
    "dag wonen of verblijf hadden, gedeeld door alle jeugdigen van die leeftijd. " + _RESIDENTIAL_NL,
)
RESIDENTIAL_INFLOW = Topic(
    id="residential_inflow",
    per=Per.QUARTER,
    title_nl="Instroom in wonen en verblijf",
    unit=COUNT,
    aim=Aim.AT_MOST,
    sentence_nl="In {period} [begon|begonnen] {value} [jeugdige|jeugdigen] met wonen of verblijf.",
    meaning_nl="Het aantal jeugdigen van 0 tot en met 17 jaar bij wie in het kwartaal wonen of verblijf begon en die "
    "in de {window} daarvoor geen wonen of verblijf hadden.",
    pending_nl="[jeugdige|jeugdigen] van wie niet bekend is of zij in de {window} daarvoor al wonen of verblijf hadden",
)
DEFICIT = Topic(
    id="deficit",
    per=Per.QUARTER,
    title_nl="Tekort op jeugdhulp",
    unit=MILLIONS,
    aim=Aim.AT_MOST,
    sentence_nl="Het tekort op jeugdhulp was over {period} {value}.",
    meaning_nl="De uitgaven aan jeugdhulp min het budget, zoals de financiële administratie van de gemeente die geeft.",
    is_external=True,
)
MEASURES = Topic(
    id="measures_started",
    per=Per.QUARTER,
    title_nl="Gestarte maatregelen",
    unit=COUNT,
    aim=Aim.AT_LEAST,
    sentence_nl="Aan het eind van {period} waren {value} maatregelen gestart.",
    meaning_nl="Het aantal maatregelen uit het plan van de gemeente dat aan het eind van de periode gestart was, "
    "opgeteld vanaf het begin. De gemeente levert dit cijfer aan.",
    is_external=True,
)
INVESTMENTS = Topic(
    id="investments",
    per=Per.QUARTER,
    title_nl="Investeringen",
    unit=MILLIONS,
    aim=Aim.AT_LEAST,
    sentence_nl="Over {period} was {value} geïnvesteerd in de maatregelen.",
    meaning_nl="Wat de gemeente uitgaf om de maatregelen uit te voeren. De gemeente levert dit cijfer aan.",
    is_external=True,
)
