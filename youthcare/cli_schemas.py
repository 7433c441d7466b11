"""`trajectwacht schemas`: write the schema files that are made from the models."""

from pathlib import Path
from typing import Annotated

import typer

from schemas.export import FOLDER, write

app = typer.Typer(help="JSON Schemas and AsyncAPI, exported from the models.")


@app.callback(invoke_without_command=True)
def export(folder: Annotated[Path, typer.Option(help="Where the files go.")] = FOLDER) -> None:
    """Write one JSON Schema per topic and the AsyncAPI document."""
    for path in write(folder):
        print(path)
