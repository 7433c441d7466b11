"""The SBOM with licences: what uv lists from the lock (CycloneDX, standard input), each with its line in the docs.

    uv export --format cyclonedx1.5 … | python deploy/bill_of_materials.py docs/dependencies.md > sbom.cdx.json

One rule: the licence of a dependency is written down once, in `docs/dependencies.md`; what has no line there fails.
"""

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_LINE = re.compile(r"^\| `([a-z0-9._-]+)` \| ([^|]+) \| (product|development) \|", re.MULTILINE)


def licences(text: str) -> Mapping[str, str]:
    """Licence (an SPDX expression) per dependency, from the table in the documentation."""
    return {name: licence.strip() for name, licence, _ in _LINE.findall(text)}


def with_licences(listed: dict[str, Any], known: Mapping[str, str]) -> dict[str, Any]:
    """The list with a licence for each component; raises KeyError for one without."""
    components = [
        {**component, "licenses": [{"expression": known[component["name"]]}]}
        for component in listed["components"]
        if component["name"] != "trajectwacht"
    ]
    return {**listed, "components": components}


def main() -> int:
    """The command."""
    known = licences(Path(sys.argv[1]).read_text(encoding="utf-8"))
    listed = json.load(sys.stdin)
    missing = sorted({each["name"] for each in listed["components"]} - set(known) - {"trajectwacht"})
    if missing:
        sys.stderr.write(f"No licence in {sys.argv[1]} for: {', '.join(missing)}\n")
        return 1
    sys.stdout.write(json.dumps(with_licences(listed, known), indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
