"""The style of the house, as a test: what is pure stays pure, what is long is cut, nothing is left unfinished.

Review never discusses what stands here (after TigerBeetle's `tidy`).
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.conftest import REPOSITORY
from youthcare.outcome import GUIDANCE_NL, Reason
from youthcare.runtime.settings import Settings

SHELLS = {"app", "api", "store", "outbox"}
PURE_OUTSIDE = {"services/indication/ijw.py": {"lxml"}}
FUNCTION_LINES_MAX = 40
MODULE_LINES_MAX = 300
TEST_LINES_MAX = 600


def tracked() -> list[Path]:
    """The files of the project: what git tracks and what is new and not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    return [REPOSITORY / name for name in listed.stdout.splitlines() if (REPOSITORY / name).is_file()]


def named(path: Path) -> str:
    """The path within the repository."""
    return path.relative_to(REPOSITORY).as_posix()


PYTHON_FILES = [path for path in tracked() if path.suffix == ".py"]
PRODUCT_FILES = [path for path in PYTHON_FILES if not named(path).startswith("tests/")]


def is_pure(path: Path) -> bool:
    """A file is pure unless it is a shell, under `runtime/`, or a command."""
    parts = path.relative_to(REPOSITORY).parts
    if parts[0] == "services":
        return not SHELLS & {part.removesuffix(".py") for part in parts[2:]}
    return parts[0] == "youthcare" and parts[1] != "runtime" and not parts[1].startswith("cli")


PURE_FILES = [path for path in PRODUCT_FILES if is_pure(path)]


def imported(tree: ast.AST) -> Iterator[str]:
    """The modules that a file imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "."


@pytest.mark.parametrize("path", PURE_FILES, ids=named)
def test_pure_files_import_the_standard_library_and_pure_siblings_only(path: Path) -> None:
    """Kafka, HTTP and Postgres live only in shells and runtime (design.md §8)."""
    own = ".".join(path.relative_to(REPOSITORY).parts[:2])
    allowed = PURE_OUTSIDE.get(named(path), set())

    for module in imported(ast.parse(path.read_text())):
        top = module.split(".")[0]
        pure_shared = top == "youthcare" and "runtime" not in module and ".cli" not in module
        sibling = module.startswith(own) and not SHELLS & set(module.split(".")[2:])
        assert top in sys.stdlib_module_names or pure_shared or sibling or top in allowed, module


@pytest.mark.parametrize("path", PURE_FILES, ids=named)
def test_pure_files_do_not_ask_what_day_it_is(path: Path) -> None:
    """Time is an argument or a message, never looked up in the core."""
    calls = re.findall(
        r"\b(?:date\.today|datetime\.now|datetime\.utcnow|time\.time|time\.monotonic)\(", path.read_text()
    )

    assert calls == []


@pytest.mark.parametrize("path", PYTHON_FILES, ids=named)
def test_modules_and_functions_fit_a_reader(path: Path) -> None:
    """Functions never above 40 lines, modules never above 300; tests never above 600."""
    text = path.read_text()
    limit = TEST_LINES_MAX if named(path).startswith("tests/") else MODULE_LINES_MAX
    assert len(text.splitlines()) <= limit

    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= FUNCTION_LINES_MAX, f"{node.name} has {length} lines"


@pytest.mark.parametrize("path", PYTHON_FILES, ids=named)
def test_every_module_says_what_it_decides(path: Path) -> None:
    """Each module opens with a docstring; each test's docstring is its rule."""
    tree = ast.parse(path.read_text())
    if path.read_text().strip():
        assert ast.get_docstring(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            assert ast.get_docstring(node), node.name


@pytest.mark.parametrize("path", PRODUCT_FILES, ids=named)
def test_public_functions_say_what_they_mean(path: Path) -> None:
    """Public functions have docstrings that give meaning."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), node.name


def test_nothing_is_left_unfinished() -> None:
    """No mark of unfinished work on main."""
    marks = re.compile("|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X"]))

    found = [
        named(path)
        for path in tracked()
        if path.suffix in {".py", ".md", ".yml", ".sh"} and marks.search(text_of(path))
    ]

    assert found == []


def text_of(path: Path) -> str:
    """The text of a file; bytes that are no text count as none."""
    return path.read_text(errors="replace")


def test_no_file_names_a_machine() -> None:
    """No machine path and no place of work anywhere in the project."""
    here = re.compile(re.escape(str(REPOSITORY)) + r"\b|/" + r"root/|/home/[a-z]")

    found = [named(path) for path in tracked() if path.suffix != ".lock" and here.search(text_of(path))]

    assert found == []


def test_the_standard_is_read_where_it_lies_and_never_copied() -> None:
    """The official schemas are not part of this repository."""
    assert [named(path) for path in tracked() if path.suffix == ".xsd"] == []


def test_every_reason_tells_the_sender_what_to_mend() -> None:
    """Reasons are a closed list, each with guidance in Dutch, each in the service's manual."""
    manual = text_of(REPOSITORY / "services/indication/README.md")

    assert set(GUIDANCE_NL) == set(Reason)
    assert [reason for reason in Reason if f"`{reason.value}`" not in manual] == []


@pytest.mark.parametrize("service", ["indication", "trajectory", "indicators", "alerts"])
def test_every_service_has_a_manual_of_one_screen(service: str) -> None:
    """Service READMEs share five headings: Consumes, Decides, Publishes, Keeps, Refuses."""
    text = text_of(REPOSITORY / f"services/{service}/README.md")

    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Consumes", "Decides", "Publishes", "Keeps", "Refuses"]


def test_every_decision_has_one_title_and_a_date() -> None:
    """A decision is one page: context, decision, consequences, what would change our mind."""
    for path in sorted((REPOSITORY / "docs/decisions").glob("[0-9]*.md")):
        text = text_of(path)
        assert len(re.findall(r"^# ", text, re.MULTILINE)) == 1, path.name
        assert re.search(r"\b20\d\d-\d\d-\d\d\b", text), path.name


def test_care_forms_are_named_in_the_glossary() -> None:
    """One idea, one word: the glossary knows every care form."""
    forms = yaml.safe_load((REPOSITORY / "deploy/care-forms.yml").read_text())["forms"]
    glossary = text_of(REPOSITORY / "docs/glossary.md")

    assert [name for name in forms if f"`{name}`" not in glossary] == []


def test_replay_has_no_rule_of_its_own() -> None:
    """It calls the services' pure functions: no arithmetic, no periods, no shells (design.md §5)."""
    tree = ast.parse(text_of(REPOSITORY / "youthcare/cli_replay.py"))
    pure = {named(path).removesuffix(".py").replace("/", ".") for path in PURE_FILES}

    from_services = {module for module in imported(tree) if module.startswith("services.")}

    assert from_services
    assert from_services <= pure
    assert "youthcare.period" not in set(imported(tree))
    computing = (ast.Mult, ast.Sub, ast.FloorDiv, ast.Mod)
    assert not any(isinstance(node, ast.BinOp) and isinstance(node.op, computing) for node in ast.walk(tree))


def test_every_setting_stands_in_the_readme() -> None:
    """A variable that nobody can look up is none (style.md §8, drift)."""
    readme = text_of(REPOSITORY / "README.md")

    assert [name for name in Settings.model_fields if f"`{name.upper()}`" not in readme] == []
