"""The whole report as plain texts in reading order: page 1, the goals, stacking and duration, the teams, the notes."""

from services.indicators.report.content import CHAPTERS
from services.indicators.report.model import Report
from services.indicators.report.notes import notes_of
from services.indicators.report.periods import day_nl, in_words
from services.indicators.report.readings import readings_of
from services.indicators.report.sections import chapter_view
from services.indicators.report.summary import summary_of
from services.indicators.report.tables import team_table
from services.indicators.report.views import Page


def page_of(report: Report) -> Page:
    """The page of a report; it holds no more than the report does."""
    readings = readings_of(report)
    period = in_words(report.quarter)
    return Page(
        title=f"Voortgang jeugdhulp {report.municipality_name}: {period}",
        municipality=report.municipality_name,
        period=period,
        stand=_stand(report),
        summary=summary_of(readings),
        chapters=tuple(chapter_view(chapter, readings) for chapter in CHAPTERS),
        teams=team_table(readings),
        notes=notes_of(readings),
    )


def _stand(report: Report) -> tuple[tuple[str, str], ...]:
    """What the report is a report of: the day asked, what was known, and whether it is frozen."""
    facts = [
        ("Peildatum", day_nl(report.as_of)),
        ("Bekend op", day_nl(report.known_on)),
        ("Definities", report.definition),
    ]
    if report.published_on is not None:
        facts.append(("Gepubliceerd", day_nl(report.published_on)))
    if report.digest is not None:
        facts.append(("Controlegetal", report.digest))
    return tuple(facts)
