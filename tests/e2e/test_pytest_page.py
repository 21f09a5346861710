"""docs/pytest.md: its code is run, and what it lists is what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ssp_emulator.testing import options
from ssp_emulator.testing.ssp import Ssp
from ssp_emulator.testing.trail import Filters

PAGE = (Path(__file__).parents[2] / "docs" / "pytest.md").read_text(encoding="utf-8")
PROGRAMS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
SHELLS = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
CONFTEST = "# conftest.py\n"
PATIENCE_S = 120


def test_every_program_of_the_page_runs(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PYTEST_XDIST_WORKER", "PYTEST_ADDOPTS", options.TOKEN_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\nfilterwarnings = error\n")
    pytester.makeconftest("".join(program for program in PROGRAMS if program.startswith(CONFTEST)))
    suites = [program for program in PROGRAMS if not program.startswith(CONFTEST)]
    for number, program in enumerate(suites):
        pytester.makepyfile(**{f"test_{number}": program})

    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", timeout=PATIENCE_S)

    result.assert_outcomes(passed=sum(program.count("def test_") for program in suites))
    assert [program for program in suites if "def test_" not in program] == []


def test_what_is_not_run_is_marked_as_an_example() -> None:
    assert [shell for shell in SHELLS if not shell.startswith("# an example")] == []


def test_the_options_are_those_that_there_are(pytester: pytest.Pytester) -> None:
    parser = pytest.Parser(_ispytest=True)
    options.add_to(parser)
    flags = {name for option in parser.getgroup("ssp-emulator").options for name in option.names()}

    assert set(re.findall(r"^\| `(--ssp-emulator-[a-z-]+)", PAGE, re.MULTILINE)) == flags
    assert set(re.findall(r"^\| `--ssp.*? \| `(ssp_emulator_[a-z_]+)` \|", PAGE, re.MULTILINE)) == {
        f"ssp_emulator_{name.removeprefix('--ssp-emulator-').replace('-', '_')}"
        for name in flags - {"--ssp-emulator-clear-faults"}
    }


def test_what_ssp_has_is_what_it_has() -> None:
    (table,) = re.findall(r"^## What `ssp` has\n(.*?)^## ", PAGE, re.MULTILINE | re.DOTALL)
    first_cells = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    named = {name for cell in first_cells for name in re.findall(r"`([a-z_]+)", cell)}

    assert named == {name for name in vars(Ssp) if not name.startswith("_")} - {"begin", "end"}


def test_the_filters_are_those_that_there_are() -> None:
    (told,) = re.findall(r"filters: (.*?)\.\n", PAGE, re.DOTALL)

    assert set(re.findall(r"`([a-z_]+)`", told)) == set(Filters.__annotations__)
