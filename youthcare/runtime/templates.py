"""Templates filled in with everything escaped; a value that is missing is an error and no gap."""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined


@cache
def _environment(folder: Path) -> Environment:
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def filled_in(folder: Path, template: str, **values: object) -> str:
    """The text of a template with its values; a value that is missing is an error."""
    return _environment(folder).get_template(template).render(values)
