"""What the project is built on is known: each dependency has a licence, a hash and one place that it comes from."""

import json
import re
import subprocess
import sys
import tomllib
from typing import Any

import pytest

from tests.conftest import REPOSITORY

DOCUMENTED = REPOSITORY / "docs" / "dependencies.md"
BILL = REPOSITORY / "deploy" / "bill_of_materials.py"
LINE = re.compile(r"^\| `([^`]+)` \| ([^|]+) \| (product|development) \|$", re.MULTILINE)
# What may be distributed with the product under EUPL-1.2 as it is used here.
ALLOWED = {
    *("MIT", "MIT-0", "MIT-CMU", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "0BSD", "ISC", "PSF-2.0", "Zlib"),
    *("CC0-1.0", "MPL-1.1", "MPL-2.0", "LGPL-2.1-or-later", "BSD-3-Clause-Modification"),
}


def locked() -> list[dict[str, Any]]:
    """The packages of the lock but for our own."""
    content = tomllib.loads((REPOSITORY / "uv.lock").read_text(encoding="utf-8"))
    return [package for package in content["package"] if package["name"] != "trajectwacht"]


def licences() -> dict[str, tuple[str, str]]:
    """Licence and use per dependency, as documented."""
    return {name: (licence, use) for name, licence, use in LINE.findall(DOCUMENTED.read_text(encoding="utf-8"))}


def bill(*names: str) -> subprocess.CompletedProcess[str]:
    """The SBOM of these packages."""
    listed = {"bomFormat": "CycloneDX", "components": [{"name": name, "version": "1"} for name in names]}
    command = [sys.executable, str(BILL), str(DOCUMENTED)]
    return subprocess.run(command, input=json.dumps(listed), capture_output=True, text=True, check=False)


def test_every_dependency_has_a_licence_line() -> None:
    """No package comes in without its licence, and none that went keeps a line."""
    assert set(licences()) == {package["name"] for package in locked()}


def test_every_licence_of_the_product_may_be_distributed_with_it() -> None:
    """An expression is right when one side of each OR and every part of each AND is allowed."""
    for name, (licence, use) in licences().items():
        parts = [part.strip("() ") for part in licence.split(" AND ")]
        fits = all(any(choice.strip("() ") in ALLOWED for choice in part.split(" OR ")) for part in parts)
        assert fits or use == "development", name


def test_every_file_of_the_lock_has_a_hash_and_one_origin() -> None:
    """What is installed is what was reviewed."""
    for package in locked():
        assert package["source"] == {"registry": "https://pypi.org/simple"}, package["name"]
        files = [*package.get("wheels", []), *([package["sdist"]] if "sdist" in package else [])]
        assert files, package["name"]
        assert all(file["hash"].startswith("sha256:") for file in files), package["name"]


def test_the_bill_of_materials_names_a_licence_for_each() -> None:
    """`make audit` writes it; our own package is no dependency of ours."""
    told = json.loads(bill("lxml", "pyphen", "trajectwacht").stdout)

    assert [(each["name"], each["licenses"][0]["expression"]) for each in told["components"]] == [
        ("lxml", "BSD-3-Clause"),
        ("pyphen", "GPL-2.0-or-later OR LGPL-2.1-or-later OR MPL-1.1"),
    ]


@pytest.mark.parametrize("name", ["not-in-the-table"])
def test_a_dependency_without_a_licence_fails_the_audit(name: str) -> None:
    """Nobody finds out later."""
    ended = bill("lxml", name)

    assert ended.returncode == 1
    assert name in ended.stderr
    assert ended.stdout == ""
