"""The chapters of the council report, in the order of the municipality's own: four goals, stacking and duration."""

from services.indicators.definitions import Per
from services.indicators.report.goals import (
    AT_HOME,
    CLIENT_EXPERIENCE,
    DEFICIT,
    IN_CARE,
    INFLOW,
    INVESTMENTS,
    LIVING_DAYS,
    MEASURES,
    RESIDENTIAL_DAYS,
    RESIDENTIAL_INFLOW,
    STAY_DAYS,
    SUSTAINABLE_EXIT,
    SWITCHES,
)
from services.indicators.report.specials import (
    CARE_DAYS,
    DURATION,
    ENDED,
    STACKING_PEAK,
    STACKING_SHARE,
    mean_topic,
    share_topic,
)
from services.indicators.report.topics import Chapter

CHAPTERS = (
    Chapter(
        anchor="doel-1",
        title_nl="Doel 1. Minder kinderen hebben jeugdhulp nodig",
        intro_nl="Hoeveel jeugdigen jeugdhulp krijgen en hoeveel er nieuw bij komen.",
        topics=(INFLOW, IN_CARE),
    ),
    Chapter(
        anchor="doel-2",
        title_nl="Doel 2. Hulp is passend en kort waar het kan",
        intro_nl="Hoe vaak hulp wisselt, hoe lang wonen en verblijf duren, en of jeugdigen na afloop terugkomen.",
        topics=(SWITCHES, LIVING_DAYS, STAY_DAYS, RESIDENTIAL_DAYS, SUSTAINABLE_EXIT, CLIENT_EXPERIENCE),
    ),
    Chapter(
        anchor="doel-3",
        title_nl="Doel 3. Kinderen groeien zo thuis mogelijk op",
        intro_nl="Hoeveel jeugdigen thuis wonen en hoeveel er met wonen of verblijf beginnen.",
        topics=(AT_HOME, RESIDENTIAL_INFLOW),
    ),
    Chapter(
        anchor="doel-4",
        title_nl="Doel 4. Financieel houdbaar",
        intro_nl="Cijfers die de gemeente zelf aanlevert; zij volgen niet uit de berichten over zorg.",
        topics=(DEFICIT, MEASURES, INVESTMENTS),
    ),
    Chapter(
        anchor="stapeling-en-zorgduur",
        title_nl="Stapeling en zorgduur",
        intro_nl="Hoeveel jeugdigen meer dan één voorziening hebben, en hoe lang de zorg duurt.",
        topics=(
            STACKING_SHARE,
            mean_topic(Per.MONTH, "maand"),
            share_topic(Per.YEAR, "jaar"),
            mean_topic(Per.YEAR, "jaar"),
            STACKING_PEAK,
            DURATION,
            ENDED,
            CARE_DAYS,
        ),
    ),
)

TOPICS = tuple(topic for chapter in CHAPTERS for topic in chapter.topics)
"""Every topic of the chapters, in their order."""

KEY_TOPICS = (INFLOW, IN_CARE, SUSTAINABLE_EXIT, AT_HOME, RESIDENTIAL_INFLOW, DEFICIT, STACKING_SHARE, DURATION)
"""The figures of page 1."""

TEAM_TOPICS = (INFLOW, IN_CARE, SUSTAINABLE_EXIT, AT_HOME, STACKING_SHARE)
"""The figures told per team."""
