"""Reference data as files: what is entered, what is refused and where, and that writing and reading agree."""

from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from services.indicators.population import PopulationRow, read_population
from services.indicators.reference import (
    LINES_MAX,
    REFUSALS_MAX,
    ReferenceFile,
    Refusals,
    read,
    refused_withdrawals,
    write,
)
from services.indicators.reference_kinds import (
    FORMS,
    SERIES,
    WITHDRAWN,
    DecreedDay,
    Direction,
    ExternalRow,
    ReferenceKind,
    TargetRow,
    Unit,
    decreed_day,
    external_row,
    target_row,
)
from services.indicators.reference_refusals import GUIDANCE_NL, TEXT_LENGTH_MAX, Wrong
from youthcare.runtime.settings import shipped

OWN = "0153"
POPULATION = "municipality,quarter,group_kind,group,youths\n"
TARGETS = "municipality,indicator,period,group_kind,group,target,direction\n"
EXTERNAL = "municipality,series,period,value,unit,target\n"
HOLIDAYS = "day,label\n"
EXAMPLE = Path(str(shipped("reference"))) / "enschede"
Place = tuple[int, str, str]


def entered(kind: ReferenceKind, text: str) -> ReferenceFile:
    """A file in which nothing is wrong."""
    found = read(kind, text.encode(), OWN)
    assert isinstance(found, ReferenceFile), found
    return found


def places(kind: ReferenceKind, content: str | bytes) -> list[Place]:
    """Line, column and code of all that is wrong with a file."""
    found = read(kind, content.encode() if isinstance(content, str) else content, OWN)
    assert isinstance(found, Refusals), found
    return [(row.line, row.column, row.wrong.value) for row in found.listed]


def cells_of(file: ReferenceFile) -> list[dict[str, str]]:
    """The rows of a file as the store gives them back."""
    form = FORMS[file.kind]
    return [
        {"municipality": OWN, **dict(zip((*form.keys, *form.values), (*entry.key, *(entry.values or ())), strict=True))}
        for entry in file.entries
    ]


def test_the_group_of_the_municipality_is_its_code() -> None:
    """Whatever the file calls it, empty included."""
    file = entered(ReferenceKind.POPULATION, f"{POPULATION}0153,2024Q1,municipality,,600\n0153,2024Q2,municipality,x,9")

    assert [entry.key for entry in file.entries] == [
        ("2024Q1", "municipality", "0153"),
        ("2024Q2", "municipality", "0153"),
    ]


def test_a_target_is_an_exact_number_and_says_on_which_side_to_be() -> None:
    """No decimal is rounded; on the target itself it is met."""
    text = f"{TARGETS}0153,inflow_rate,2024Q3,team,noord,0.008,at-most\n"
    (row,) = map(target_row, cells_of(entered(ReferenceKind.TARGETS, text)))

    assert row == TargetRow(
        municipality="0153",
        indicator="inflow_rate",
        period="2024Q3",
        group_kind="team",
        group="noord",
        target=Fraction(1, 125),
        direction=Direction.AT_MOST,
    )
    assert [row.is_met_by(Fraction(value, 1000)) for value in (7, 8, 9)] == [True, True, False]


def test_at_least_is_met_from_the_target_upwards() -> None:
    """The other direction."""
    text = f"{TARGETS}0153,at_home_rate,2024Q3,municipality,,0.985,at-least\n"
    (row,) = map(target_row, cells_of(entered(ReferenceKind.TARGETS, text)))

    assert [row.is_met_by(Fraction(value, 1000)) for value in (984, 985, 986)] == [False, True, True]


@pytest.mark.parametrize(
    ("indicator", "period", "is_right"),
    [
        ("stacking_share", "2024-09", True),
        ("stacking_share", "2024", True),
        ("stacking_share", "2024Q3", False),
        ("inflow_rate", "2024Q3", True),
        ("inflow_rate", "2024", False),
        ("inflow_rate", "2024Q5", False),
        ("timeliness", "2024-13", False),
    ],
)
def test_a_target_is_of_a_period_that_its_indicator_has(indicator: str, period: str, is_right: bool) -> None:
    """Stacking is per month and per year, a rate per quarter (domain.md §6)."""
    found = read(ReferenceKind.TARGETS, f"{TARGETS}0153,{indicator},{period},municipality,,1,at-most".encode(), OWN)

    assert isinstance(found, ReferenceFile) is is_right


def test_an_external_value_may_lack_a_target() -> None:
    """Measures started: 14 of 47 in 2024Q3; a deficit can be below nought."""
    text = f"{EXTERNAL}0153,measures_started,2024Q3,14,count,47\n0153,deficit,2024,-12.50,euro,\n"
    rows = [external_row(cells) for cells in cells_of(entered(ReferenceKind.EXTERNAL, text))]

    assert rows == [
        ExternalRow(
            municipality="0153",
            series="measures_started",
            period="2024Q3",
            value=Fraction(14),
            unit=Unit.COUNT,
            target=Fraction(47),
        ),
        ExternalRow(
            municipality="0153",
            series="deficit",
            period="2024",
            value=Fraction(-25, 2),
            unit=Unit.EURO,
            target=None,
        ),
    ]


def test_a_decreed_day_has_a_label_and_names_no_municipality() -> None:
    """The municipality is that of whoever enters it."""
    text = f'{HOLIDAYS}2024-05-10,"Dag na Hemelvaart, aangewezen"\n'
    rows = [decreed_day(cells) for cells in cells_of(entered(ReferenceKind.HOLIDAYS, text))]

    assert rows == [DecreedDay(municipality="0153", day=date(2024, 5, 10), label="Dag na Hemelvaart, aangewezen")]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_files_of_spreadsheets_are_read(ending: str) -> None:
    """A byte order mark, any line ending, empty lines and lines of empty cells."""
    text = "\ufeff" + ending.join([POPULATION.strip(), "", ",,,,", '0153,2024Q1,team,"noord",600', ""])

    (entry,) = entered(ReferenceKind.POPULATION, text).entries
    assert (entry.key, entry.values) == (("2024Q1", "team", "noord"), ("600",))


@pytest.mark.parametrize(
    ("line", "column", "code"),
    [
        ("153,2024Q1,municipality,,600", "municipality", "municipality-invalid"),
        ("0164,2024Q1,municipality,,600", "municipality", "other-municipality"),
        ("0153,2024Q5,municipality,,600", "quarter", "period-invalid"),
        ("0153,2024,municipality,,600", "quarter", "period-invalid"),
        ("0153,2024Q1,street,a,600", "group_kind", "group-kind-unknown"),
        ("0153,2024Q1,team,,600", "group", "cell-missing"),
        ("0153,2024Q1,team,=1+1,600", "group", "formula"),
        ("0153,2024Q1,team,+noord,600", "group", "formula"),
        ("0153,2024Q1,team,-noord,600", "group", "formula"),
        ("0153,2024Q1,team,@noord,600", "group", "formula"),
        ("0153,2024Q1,team, noord,600", "group", "stray-space"),
        ("0153,2024Q1,team,no\tord,600", "group", "forbidden-character"),
        ('0153,2024Q1,team,"no\nord",600', "group", "forbidden-character"),
        ("0153,2024Q1,team,no/ord,600", "group", "group-invalid"),
        ("0153,2024Q1,team,team 999900006,600", "group", "personal-number"),
        ("0153,2024Q1,age_band,18-22,600", "group", "age-band-unknown"),
        ("0153,2024Q1,team,noord,", "youths", "cell-missing"),
        ("0153,2024Q1,team,noord,-1", "youths", "count-invalid"),
        ("0153,2024Q1,team,noord,10000000", "youths", "count-invalid"),
        ("0153,2024Q1,team,noord,1.5", "youths", "count-invalid"),
        ("0153,2024Q1,team,noord,=5", "youths", "count-invalid"),
        ("0153,2024Q1,team,noord,٣", "youths", "count-invalid"),
        ("0153,2024Q1,team,noord", "", "cell-count"),
        ("0153,2024Q1,team,noord,600,", "", "cell-count"),
    ],
)
def test_what_is_wrong_with_population_names_line_and_column(line: str, column: str, code: str) -> None:
    """Each refusal has a place and a code."""
    assert places(ReferenceKind.POPULATION, POPULATION + line) == [(2, column, code)]


@pytest.mark.parametrize(
    ("kind", "text", "column", "code"),
    [
        (ReferenceKind.TARGETS, f"{TARGETS}0153,growth,2024Q1,team,a,1,at-most", "indicator", "indicator-unknown"),
        (
            ReferenceKind.TARGETS,
            f"{TARGETS}0153,in_care_today,2024-01-01,team,a,1,at-most",
            "indicator",
            "indicator-unknown",
        ),
        (
            ReferenceKind.TARGETS,
            f"{TARGETS}0153,inflow_rate,2024Q1,street,a,1,at-most",
            "group_kind",
            "group-kind-unknown",
        ),
        (
            ReferenceKind.TARGETS,
            f"{TARGETS}0153,inflow_rate,2024Q1,age_band,9-9,1,at-most",
            "group",
            "age-band-unknown",
        ),
        (ReferenceKind.TARGETS, f'{TARGETS}0153,inflow_rate,2024Q1,team,a,"0,5",at-most', "target", "number-invalid"),
        (ReferenceKind.TARGETS, f"{TARGETS}0153,inflow_rate,2024Q1,team,a,1e9,at-most", "target", "number-invalid"),
        (ReferenceKind.TARGETS, f"{TARGETS}0153,inflow_rate,2024Q1,team,a,NaN,at-most", "target", "number-invalid"),
        (ReferenceKind.TARGETS, f"{TARGETS}0153,inflow_rate,2024Q1,team,a,1,above", "direction", "direction-unknown"),
        (ReferenceKind.EXTERNAL, f"{EXTERNAL}0153,weather,2024,1,score,", "series", "series-unknown"),
        (ReferenceKind.EXTERNAL, f"{EXTERNAL}0153,deficit,2024-09,1,euro,", "period", "period-invalid"),
        (ReferenceKind.EXTERNAL, f"{EXTERNAL}0153,deficit,2024,1,dollar,", "unit", "unit-unknown"),
        (ReferenceKind.EXTERNAL, f"{EXTERNAL}0153,measures_started,2024,1.5,count,", "value", "count-invalid"),
        (ReferenceKind.EXTERNAL, f"{EXTERNAL}0153,deficit,2024,,euro,", "value", "cell-missing"),
        (ReferenceKind.EXTERNAL, f"{EXTERNAL}0153,deficit,2024,1,euro,x", "target", "number-invalid"),
        (ReferenceKind.HOLIDAYS, f"{HOLIDAYS}2024-02-30,Schrikkel", "day", "day-invalid"),
        (ReferenceKind.HOLIDAYS, f"{HOLIDAYS}10-05-2024,Hemelvaart", "day", "day-invalid"),
        (ReferenceKind.HOLIDAYS, f"{HOLIDAYS}2024-05-10,", "label", "cell-missing"),
        (ReferenceKind.HOLIDAYS, f"{HOLIDAYS}2024-05-10,=HYPERLINK()", "label", "formula"),
        (ReferenceKind.HOLIDAYS, f"{HOLIDAYS}2024-05-10,{'a' * (TEXT_LENGTH_MAX + 1)}", "label", "cell-too-long"),
    ],
)
def test_what_is_wrong_with_the_other_kinds_names_line_and_column(
    kind: ReferenceKind, text: str, column: str, code: str
) -> None:
    """Ids against the catalogue and the closed lists, periods against the calendar, numbers against their form."""
    assert places(kind, text) == [(2, column, code)]


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"", (1, POPULATION.strip(), "wrong-header")),
        (b"municipality,quarter,youths\n", (1, POPULATION.strip(), "wrong-header")),
        (b"municipality;quarter;group_kind;group;youths\n", (1, POPULATION.strip(), "wrong-separator")),
        (POPULATION.encode(), (1, "", "no-rows")),
        (POPULATION.encode() + b"0153,2024Q1,team,caf\xe9,1\n", (2, "", "not-utf8")),
        (POPULATION.encode() + b'0153,2024Q1,team,"noord,1\n', (2, "", "not-csv")),
        (b'"municipality', (1, "", "not-csv")),
    ],
)
def test_a_file_of_another_form_is_refused_as_such(content: bytes, place: Place) -> None:
    """The first line, the separator, the encoding and the quotation marks."""
    assert places(ReferenceKind.POPULATION, content) == [place]


def test_all_that_is_wrong_is_listed_at_once_and_nothing_is_entered() -> None:
    """Whoever mends a file mends it in one go; a right line does not save the others."""
    text = f"{POPULATION}0153,2024Q1,team,noord,600\n0164,2024Q9,street,x,y\n\n0153,2024Q1,team,zuid,z\n"

    assert places(ReferenceKind.POPULATION, text) == [
        (3, "municipality", "other-municipality"),
        (3, "quarter", "period-invalid"),
        (3, "group_kind", "group-kind-unknown"),
        (3, "youths", "count-invalid"),
        (5, "youths", "count-invalid"),
    ]


def test_two_lines_about_the_same_are_refused() -> None:
    """The refusal names the earlier line; the municipality under two names is one group."""
    text = f"{POPULATION}0153,2024Q1,municipality,,600\n0153,2024Q1,municipality,0153,601\n"
    found = read(ReferenceKind.POPULATION, text.encode(), OWN)

    assert isinstance(found, Refusals)
    assert [row.sentence for row in found.listed] == [
        "regel 3: Deze regel gaat over hetzelfde als een eerdere regel. Laat er één staan. (zie regel 2)"
        " [duplicate-key]"
    ]


def test_a_sentence_names_line_column_and_what_to_mend() -> None:
    """What a Dutch user reads on the terminal."""
    found = read(ReferenceKind.HOLIDAYS, f"{HOLIDAYS}morgen,Feest".encode(), OWN)

    assert isinstance(found, Refusals)
    assert found.listed[0].sentence == (
        "regel 2, kolom day: Deze dag bestaat niet. Schrijf een dag als 2024-12-24. [day-invalid]"
    )


def test_there_is_an_end_to_lines_and_to_refusals() -> None:
    """A limit on everything; the count says how many refusals there are beyond those listed."""
    wrong = read(ReferenceKind.HOLIDAYS, (HOLIDAYS + "x,x\n" * (REFUSALS_MAX + 5)).encode(), OWN)
    days = "".join(f"{date.fromordinal(700_000 + number)},dag\n" for number in range(LINES_MAX))

    assert isinstance(wrong, Refusals)
    assert (len(wrong.listed), wrong.count) == (REFUSALS_MAX, REFUSALS_MAX + 5)
    assert places(ReferenceKind.HOLIDAYS, HOLIDAYS + days) == [(LINES_MAX + 1, "", "too-many-lines")]


def test_a_withdrawal_takes_the_key_and_no_value() -> None:
    """The first value column says `ingetrokken`; the others are not looked at."""
    text = f"{TARGETS}0153,inflow_rate,2024Q3,team,noord,ingetrokken,\n"
    file = entered(ReferenceKind.TARGETS, text)

    assert [entry.values for entry in file.entries] == [None]
    assert refused_withdrawals(file, {("inflow_rate", "2024Q3", "team", "noord")}) is None


def test_withdrawing_what_does_not_hold_is_refused() -> None:
    """A typing error in a name would otherwise withdraw nothing, unseen."""
    file = entered(ReferenceKind.POPULATION, f"{POPULATION}0153,2024Q3,team,nord,ingetrokken\n")

    found = refused_withdrawals(file, {("2024Q3", "team", "noord")})

    assert found is not None
    assert [(row.line, row.column, row.wrong) for row in found.listed] == [(2, "youths", Wrong.NOTHING_TO_WITHDRAW)]


@pytest.mark.parametrize("kind", ["population", "targets", "external"])
def test_the_example_of_enschede_is_entered_and_written_back_byte_for_byte(kind: str) -> None:
    """What is shipped passes its own checks; what is written is what was read."""
    content = (EXAMPLE / f"{kind}.csv").read_bytes()

    file = read(ReferenceKind(kind), content, OWN)

    assert isinstance(file, ReferenceFile)
    assert write(ReferenceKind(kind), cells_of(file)).encode() == content


def test_the_example_adds_up_over_the_teams_of_teams_yml() -> None:
    """Nine teams and three age bands make the municipality, in each of twenty quarters."""
    rows = list(read_population((EXAMPLE / "population.csv").read_text()))
    teams = yaml.safe_load(shipped("teams.yml").read_text())["municipalities"][OWN][0]["teams"]

    sums: dict[tuple[str, str], int] = {}
    for row in rows:
        sums[row.quarter, row.group_kind] = sums.get((row.quarter, row.group_kind), 0) + row.youths
    assert {row.group for row in rows if row.group_kind == "team"} == set(teams)
    assert {quarter for quarter, _ in sums} == {
        f"{year}Q{number}" for year in range(2022, 2027) for number in (1, 2, 3, 4)
    }
    assert all(youths == sums[quarter, "municipality"] for (quarter, _), youths in sums.items())


def test_population_for_replay_takes_age_bands() -> None:
    """`read_population` reads the same file, of any municipality."""
    rows = list(read_population(f"{POPULATION}0164,2024Q1,age_band,4-11,7\n"))

    assert rows == [PopulationRow(municipality="0164", quarter="2024Q1", group_kind="age_band", group="4-11", youths=7)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("municipality,quarter\n", "line 1 is not municipality,quarter,group_kind,group,youths"),
        (f"{POPULATION}\n0153,2024Q1,team,,600\n", "line 3 is no population of a group in a quarter, see group"),
        (f"{POPULATION}0153,2024Q1,team,noord,1,2\n", "line 2 is no population of a group in a quarter"),
        (f"{POPULATION}0153,2024Q1,team\n", "line 2 is no population of a group in a quarter, see group"),
    ],
)
def test_population_for_replay_names_the_line_that_is_none(text: str, message: str) -> None:
    """The same checks as an import, but the first error ends it."""
    with pytest.raises(ValueError, match=f"^{message}$"):
        list(read_population(text))


def test_a_cell_of_before_versions_cannot_become_a_formula() -> None:
    """Imports refuse it; what was copied from the table of before is written with an apostrophe, numbers are not."""
    old = {"municipality": OWN, "quarter": "2024Q1", "group_kind": "team", "group": "=1+1", "youths": "5"}
    deficit = {"series": "deficit", "period": "2024", "value": "-5", "unit": "euro", "target": ""}

    assert write(ReferenceKind.POPULATION, [old]).splitlines()[1] == "0153,2024Q1,team,'=1+1,5"
    assert write(ReferenceKind.EXTERNAL, [{"municipality": OWN, **deficit}]).splitlines()[1] == (
        "0153,deficit,2024,-5,euro,"
    )


@given(st.binary(max_size=300), st.sampled_from(ReferenceKind))
def test_whatever_is_sent_is_entered_or_refused(content: bytes, kind: ReferenceKind) -> None:
    """No bytes raise; a refusal has at least one place."""
    for sent in (content, ",".join(FORMS[kind].columns).encode() + b"\n" + content):
        found = read(kind, sent, OWN)
        assert isinstance(found, ReferenceFile) or found.count == len(found.listed) >= 1


_LABELS = st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=40)


@given(st.dictionaries(st.dates(), _LABELS, min_size=1, max_size=20))
def test_what_is_written_is_read_again(days: dict[date, str]) -> None:
    """Quotation marks, commas and any letter survive; labels that no import takes are left out here."""
    rows = [{"municipality": OWN, "day": day.isoformat(), "label": label} for day, label in days.items()]
    find_flaw = FORMS[ReferenceKind.HOLIDAYS].checks["label"]
    kept = [row for row in rows if find_flaw(row) is None and row["label"] != WITHDRAWN]

    text = write(ReferenceKind.HOLIDAYS, kept)

    if kept:
        assert write(ReferenceKind.HOLIDAYS, cells_of(entered(ReferenceKind.HOLIDAYS, text))) == text


def test_every_refusal_tells_in_dutch_what_to_mend() -> None:
    """The list is closed; the guidance names the limits and series that the code has."""
    assert set(GUIDANCE_NL) == set(Wrong)
    assert str(TEXT_LENGTH_MAX) in GUIDANCE_NL[Wrong.CELL_TOO_LONG]
    assert f"{LINES_MAX:,}".replace(",", ".") in GUIDANCE_NL[Wrong.TOO_MANY_LINES]
    assert all(series in GUIDANCE_NL[Wrong.SERIES_UNKNOWN] for series in SERIES)
