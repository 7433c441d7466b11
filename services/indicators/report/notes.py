"""The notes: what is provisional and why, how complete, definitions, differences, timeliness, what is withheld."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from services.indicators.catalogue import KINDS
from services.indicators.definitions import Kind
from services.indicators.report.comparisons import compared_section
from services.indicators.report.content import TOPICS
from services.indicators.report.differences import differences_note
from services.indicators.report.numbers import PERCENT, counted, shown
from services.indicators.report.periods import titled
from services.indicators.report.readings import Reading, Readings
from services.indicators.report.recent_note import recent_note, recent_table
from services.indicators.report.sentences import WITHHELD_NL, reason_nl, window_nl
from services.indicators.report.specials import TIMELINESS
from services.indicators.report.tables import table_of, team_table
from services.indicators.report.topics import Topic
from services.indicators.report.views import Cell, Note, Row, Table

_DEFINITIONS_NL = {
    "enschede": "De cijfers volgen de definities van de gemeente Enschede. Wie binnen zes maanden terugkomt, is "
    "herinstroom en geen instroom. Een onderbreking van hoogstens 31 dagen na een administratief einde telt niet als "
    "einde.",
    "cbs-statline": "De cijfers volgen CBS StatLine, herhaald beroep: wie binnen vijf jaar terugkomt, is geen "
    "instroom.",
    "cbs-outcome": "De cijfers volgen de outcome-indicator van het CBS: de termijn loopt tot en met het halfjaar na "
    "dat waarin de jeugdhulp eindigde.",
}
_TERMS_NL = (
    (
        "Jeugdige",
        "Iedereen die jeugdhulp krijgt of kan krijgen; in dit rapport tot en met 17 jaar, tenzij anders vermeld.",
    ),
    ("Voorziening", "Een zorgvorm bij een aanbieder: wat een jeugdige daadwerkelijk krijgt."),
    ("Zorgperiode", "De langste reeks aaneengesloten dagen waarop ten minste één indicatie loopt."),
    ("Zorgtraject", "Zorgperioden van één jeugdige die elkaar binnen de terugkeertermijn opvolgen."),
    ("Mediaan", "Het middelste getal: de helft van de gevallen ligt er op of onder."),
)
_BY_NUMERATOR = {Kind.COUNT, Kind.RATE}


def notes_of(readings: Readings) -> tuple[Note, ...]:
    """The notes of a report, in the order in which they stand."""
    return (
        _provisional(readings),
        recent_note(readings.report),
        _definitions(readings),
        differences_note(readings),
        _timeliness(readings),
        _withheld(readings),
        _how_to_read(),
    )


def _shown(readings: Readings) -> Iterator[tuple[Topic, Reading]]:
    """Every reading of the municipality that the report shows."""
    for topic in TOPICS:
        yield from ((topic, reading) for reading in readings.series(topic))


def _provisional(readings: Readings) -> Note:
    rows = tuple(
        Row(
            head=Cell(text=topic.title_nl),
            cells=(
                Cell(text=titled(reading.period)),
                Cell(text=reason_nl(topic, reading, readings)),
                Cell(text=pending_share_nl(topic, reading)),
            ),
        )
        for topic, reading in _shown(readings)
        if reading.is_provisional
    )
    columns = ("Cijfer", "Periode", "Waarom", "Deel dat nog niet zeker is")
    table = Table(caption="Voorlopige cijfers in dit rapport", columns=columns, rows=rows)
    return Note(
        anchor="voorlopige-cijfers",
        title="Welke cijfers voorlopig zijn, en waarom",
        paragraphs=(
            "Een cijfer is definitief als de periode voorbij is en van niemand meer onzeker is hoe hij of zij telt. "
            "Alle andere cijfers zijn voorlopig en staan als zodanig in de grafieken en tabellen. "
            "Ook een definitief cijfer kan later wijzigen, als een bericht te laat komt of wordt verbeterd; dat staat "
            "dan bij de verschillen.",
            *(() if rows else ("In dit rapport is geen cijfer voorlopig.",)),
        ),
        tables=(table,) if rows else (),
    )


def pending_share_nl(topic: Topic, reading: Reading) -> str:
    """How many are pending, as a share of all that counted or may still count; a dash when none are."""
    if reading.pending is None:
        return "te klein om te tonen"
    if reading.pending == 0:
        return "–"
    return f"{counted(reading.pending)}{_of_counted(topic, reading, reading.pending)}"


def _of_counted(topic: Topic, reading: Reading, pending: int) -> str:
    # A rate by population and a count are about those in the numerator; other figures about the denominator.
    counted_already = reading.numerator if KINDS.get(topic.id) in _BY_NUMERATOR else reading.denominator
    return f" ({shown(Fraction(pending, (counted_already or 0) + pending), PERCENT)})"


def _definitions(readings: Readings) -> Note:
    definition = readings.report.definition
    window = window_nl(definition)
    return Note(
        anchor="definities",
        title="Wat de cijfers betekenen",
        paragraphs=(_DEFINITIONS_NL.get(definition, f"De cijfers volgen de definities „{definition}”."),),
        terms=(
            *_TERMS_NL,
            *((topic.title_nl, topic.meaning_nl.format(window=window)) for topic in (*TOPICS, TIMELINESS)),
        ),
    )


def _timeliness(readings: Readings) -> Note:
    rows = readings.series(TIMELINESS)
    return Note(
        anchor="tijdigheid",
        title="Hoe tijdig er gemeld is",
        paragraphs=(
            "Aanbieders melden de start en de stop van jeugdhulp. Wat later gemeld wordt, ontbreekt tot dan in de "
            "cijfers: een daling in de laatste maanden kan daardoor komen.",
            *(() if rows else ("Voor dit rapport is de tijdigheid niet aangeleverd.",)),
        ),
        tables=(table_of(TIMELINESS, readings, rows),) if rows else (),
    )


def _withheld(readings: Readings) -> Note:
    teams = team_table(readings)
    of_municipality = sum(_hidden(table_of(topic, readings, readings.series(topic))) for topic in (*TOPICS, TIMELINESS))
    of_municipality += _hidden(recent_table(readings.report.recent))
    of_forms = sum(_hidden(section.table) for topic in TOPICS if (section := compared_section(topic, readings)))
    of_teams = _hidden(None if teams is None else replace(teams, rows=teams.rows[1:]))
    return Note(
        anchor="niet-getoond",
        title="Wat niet getoond wordt, en waarom",
        paragraphs=(
            "Een cijfer wordt niet getoond als het over 1 tot en met 9 jeugdigen gaat, of als het verschil met het "
            "geheel zo klein is: anders zou het te herleiden zijn tot personen. Zou een verborgen cijfer uit de andere "
            "te berekenen zijn, dan is ook het kleinste van die andere verborgen.",
            f"Niet getoond in dit rapport: {counted(of_municipality)} van de cijfers van de gemeente, "
            f"{counted(of_forms)} van de cijfers per zorgvorm en {counted(of_teams)} van de cijfers per "
            "wijkteam.",
        ),
    )


def _hidden(table: Table | None) -> int:
    """How many figures of a table are not shown."""
    return sum(cell.text == WITHHELD_NL for row in (table.rows if table else ()) for cell in row.cells)


def _how_to_read() -> Note:
    return Note(
        anchor="leeswijzer",
        title="Hoe dit rapport te lezen",
        paragraphs=(
            "In elke grafiek is de dikke grijze lijn de streefwaarde. Een gevuld punt op een doorgetrokken lijn is een "
            "definitief cijfer; een open punt op een stippellijn in een grijs vlak is een voorlopig cijfer. "
            "Onder of naast elke grafiek staan dezelfde getallen in een tabel, de laatste periode bovenaan. "
            "Een haak naast een punt is een schatting van waar een aantal op uitkomt; die staat alleen bij de vraag "
            "hoe volledig de laatste cijfers zijn.",
            "Getallen zijn alleen voor het tonen afgerond. Een verschil is berekend uit de getoonde getallen, zodat "
            "het na te rekenen is. Of een streefwaarde is gehaald, is bepaald met het niet afgeronde getal.",
            "Een procentpunt is het verschil tussen twee percentages: van 1,0 % naar 1,1 % is 0,1 procentpunt.",
            "De zinnen bij de grafieken zijn door het systeem uit de getallen gemaakt. Zij zeggen wat er veranderde, "
            "niet waardoor.",
        ),
    )
