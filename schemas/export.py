"""The schema files as they must stand beside the models: one JSON Schema per topic and one AsyncAPI document.

One rule: files are made from the models and never edited; a test compares them.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from schemas.asyncapi import document
from schemas.facts import facts_schema
from schemas.heartbeat import CARE_ALERT
from schemas.incoming import INCOMING_EVENT
from schemas.refusals import Refusal
from schemas.statements import CANONICAL_EVENT

FOLDER = Path(__file__).resolve().parent
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def topic_schemas() -> dict[str, dict[str, Any]]:
    """The JSON Schema of the values on each topic."""
    return {
        "intake": INCOMING_EVENT.json_schema(mode="validation"),
        "indication-events": CANONICAL_EVENT.json_schema(mode="validation"),
        "trajectory-facts": facts_schema(),
        "care-alerts": CARE_ALERT.json_schema(),
        "refusals": Refusal.model_json_schema(),
    }


def files() -> dict[str, str]:
    """File name to content of all that is exported."""
    exported = {f"{topic}.schema.json": _json(topic, schema) for topic, schema in topic_schemas().items()}
    return exported | {"asyncapi.yaml": yaml.safe_dump(document(), sort_keys=False, allow_unicode=True, width=110)}


def _json(topic: str, schema: Mapping[str, Any]) -> str:
    named = {"$schema": _DIALECT, "$id": f"urn:trajectwacht:{topic}"} | dict(schema)
    return json.dumps(named, indent=2, ensure_ascii=False) + "\n"


def write(folder: Path = FOLDER) -> list[Path]:
    """Write all files; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files().items():
        (folder / name).write_text(content, encoding="utf-8")
    return [folder / name for name in files()]
