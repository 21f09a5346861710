"""The table of clauses in docs/conformance.md names tests that there are, and every test that proves conformance."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType

SCRIPT = Path(__file__).parents[2] / "docs" / "scripts" / "conformance.py"
HEAD = """
| source | is |
| --- | --- |
| IG | a guide |

| clause | what the Spine does | source | what the emulator does | proved by |
| --- | --- | --- | --- | --- |
"""
SOUND = (
    "| ssp-1.1 | It proxies | IG | **met** | `conformance/test_a.py::test_one` |",
    "| ssp-1.2 | `a\\|b` | IG | **met**: or so | `conformance/test_a.py::test_two[x\\|y]`<br>`unit/test_b.py::test`|",
    "| ssp-1.3 | It logs | OURS | **differs**: less of it | `conformance/test_a.py::test_two` |",
    "| ssp-1.4 | It masks | IG | **not met**: not yet | |",
)
TESTS = (
    "conformance/test_a.py::test_one",
    "conformance/test_a.py::test_two[x|y]",
    "conformance/test_a.py::test_two[z]",
    "unit/test_b.py::test",
    "unit/test_b.py::test_that_no_clause_needs",
)
MARKED = """
import pytest

def test_one(): ...

@pytest.mark.parametrize("case", ["good", pytest.param("bad", marks=pytest.mark.xfail)])
def test_two(case): ...

@pytest.mark.skip
def test_three(): ...
"""


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """The script, which is in no package."""
    spec = importlib.util.spec_from_file_location("conformance_script", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = made  # dataclasses look their module up
    spec.loader.exec_module(made)
    return made


# In a process of its own, as it starts pytest in another.
def test_each_clause_is_proved_and_each_proof_is_a_clauses() -> None:
    checked = subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True, timeout=120, check=False)

    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_a_sound_table_has_no_problem(script: ModuleType) -> None:
    assert list(script.problems(HEAD + "\n".join(SOUND) + "\n\nText | with | bars.\n", TESTS)) == []


def test_the_files_to_collect_are_those_that_are_named(script: ModuleType) -> None:
    assert script.named_files(HEAD + "\n".join(SOUND)) == {"conformance/test_a.py", "unit/test_b.py"}


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("| ssp-2.1 | x | IG | **met** | |", "ssp-2.1: met, and no test proves it"),
        ("| ssp-2.1 | x | IG | **differs**: a bit | |", "ssp-2.1: differs, and no test proves it"),
        (
            "| ssp-2.1 | x | IG | **met** | `conformance/test_a.py::test_three` |",
            "ssp-2.1: there is no test conformance/test_a.py::test_three",
        ),
        (
            "| ssp-2.1 | x | IG | **met** | `conformance/test_a.py::test_two[w]` |",
            "ssp-2.1: there is no test conformance/test_a.py::test_two[w]",
        ),
        (
            "| ssp-2.1 | x | IG | **not met**: later | `nowhere/test_c.py::test` |",
            "ssp-2.1: there is no test nowhere/test_c.py::test",
        ),
        ("| ssp-1.1 | x | IG | **met** | `unit/test_b.py::test` |", "ssp-1.1: is there 2 times"),
        (
            "| ssp-2.1 | x | IG | **met** `unit/test_b.py::test` |",
            "line {line}: ssp-2.1 has 4 cells, and should have 5",
        ),
        (
            "| ssp-2.1 | x|y | IG | **met** | `unit/test_b.py::test` |",
            "line {line}: ssp-2.1 has 6 cells, and should have 5",
        ),
        (
            "| ssp-2.1 | x | IG | **met** | `unit/test_b.py::test`",
            "line {line}: ssp-2.1 has 4 cells, and should have 5",
        ),
        (
            "| SSP 2 | x | IG | **met** | `unit/test_b.py::test` |",
            "line {line}: 'SSP 2' should be an id such as ssp-2.3",
        ),
        ("| | x | IG | **met** | `unit/test_b.py::test` |", "line {line}: '' should be an id such as ssp-2.3"),
        (
            "| ssp-2.1 | x | IG | met | `unit/test_b.py::test` |",
            "ssp-2.1: should begin with **met**, **differs**, **not met**",
        ),
        (
            "| ssp-2.1 | x | IG | **nearly** | `unit/test_b.py::test` |",
            "ssp-2.1: should begin with **met**, **differs**, **not met**",
        ),
        ("| ssp-2.1 | x | IG | **not met** | |", "ssp-2.1: not met, and does not say why"),
        ("| ssp-2.1 | x | IG | **not met**: | |", "ssp-2.1: not met, and does not say why"),
        ("| ssp-2.1 | x | IG | **differs** | `unit/test_b.py::test` |", "ssp-2.1: differs, and does not say why"),
    ],
)
def test_each_problem_of_a_row_is_told(script: ModuleType, row: str, problem: str) -> None:
    document = HEAD + "\n".join([*SOUND, row])

    assert list(script.problems(document, TESTS)) == [problem.replace("{line}", str(len(document.splitlines())))]


@pytest.mark.parametrize("first", ["Clause", "clauses", "`clause`"])
def test_a_clause_outside_of_their_tables_is_told(script: ModuleType, first: str) -> None:
    row = "| ssp-2.1 | x | IG | **met** | |"
    document = HEAD + "\n".join([*SOUND, "", HEAD.split("\n\n")[1].strip().replace("clause", first), row])

    told = list(script.problems(document, TESTS))

    assert told == [f"line {len(document.splitlines())}: ssp-2.1 is in no table of clauses"]


def test_a_test_that_is_marked_to_be_skipped_or_to_fail_proves_nothing(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "tests" / "conformance"
    folder.mkdir(parents=True)
    (folder / "test_a.py").write_text(MARKED)
    monkeypatch.setattr(script, "TOP", tmp_path)

    assert script.collected([]) == ["conformance/test_a.py::test_one", "conformance/test_a.py::test_two[good]"]


def test_a_test_of_conformance_that_no_clause_names_is_told(script: ModuleType) -> None:
    added = (*TESTS, "conformance/test_a.py::test_three[x]", "conformance/test_a.py::test_three[y]")

    found = list(script.problems(HEAD + "\n".join(SOUND), added))

    assert found == ["conformance/test_a.py::test_three: no clause names it"]


def test_without_any_row_no_test_is_named(script: ModuleType) -> None:
    told = list(script.problems("", TESTS))

    assert told == [f"conformance/test_a.py::test_{name}: no clause names it" for name in ("one", "two")]


def test_problems_are_a_line_each_and_exit_1(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script, "DOCUMENT", tmp_path / "conformance.md")
    monkeypatch.setattr(script, "collected", lambda _: TESTS)
    script.DOCUMENT.write_text("")

    with pytest.raises(SystemExit) as ended:
        script.main()

    assert str(ended.value).splitlines() == list(script.problems("", TESTS))
