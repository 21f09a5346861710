"""Scenarios: a file each, named as the scenario is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ssp_emulator.faults.effects.effect import Context
from ssp_emulator.faults.scenario import NoScenarioError, Scenario, read_all, read_named
from ssp_emulator.located import InvalidFileError

if TYPE_CHECKING:
    from pathlib import Path

RULES = "rules:\n  - {name: slow, effect: {kind: latency, delay_ms: 1}}\n"


def write(folder: Path, file: str, text: str) -> Path:
    path = folder / f"{file}.yaml"
    path.write_text(text)
    return path


def test_a_scenario_is_read_by_its_name(tmp_path: Path) -> None:
    write(tmp_path, "outage", f"name: outage\ndescription: All is slow\n{RULES}")

    found = read_named("outage", Context(tmp_path))

    assert (found.name, found.description, [rule.name for rule in found.rules]) == ("outage", "All is slow", ["slow"])


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f"name: brownout\ndescription: d\n{RULES}", 1),
        (f"# As it was in May\ndescription: d\n{RULES}name: brownout\n", 5),
    ],
    ids=["first", "last"],
)
def test_a_scenario_whose_name_is_not_its_files_is_refused_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    path = write(tmp_path, "outage", text)
    said = f"{path}:{line}: name: should be that of its file, 'outage', found 'brownout'"

    with pytest.raises(InvalidFileError) as refused:
        read_named("outage", Context(tmp_path))
    (listed,) = read_all(Context(tmp_path))

    assert refused.value.lines == (said,)
    assert isinstance(listed, InvalidFileError)
    assert listed.lines == (said,)


def test_one_that_there_is_not_is_refused_with_those_that_there_are(tmp_path: Path) -> None:
    for name in ("b", "a"):
        write(tmp_path, name, f"name: {name}\ndescription: d\n{RULES}")

    with pytest.raises(NoScenarioError, match=r"^there is no scenario 'c' in .*; these are: a, b$"):
        read_named("c", Context(tmp_path))


def test_all_are_listed_by_name_with_what_is_wrong_in_its_place(tmp_path: Path) -> None:
    for name in ("c", "a"):
        write(tmp_path, name, f"name: {name}\ndescription: d\n{RULES}")
    bad = write(tmp_path, "b", "name: b\ndescription: d\nrules: []\n")

    one, wrong, other = read_all(Context(tmp_path))

    assert isinstance(one, Scenario)
    assert isinstance(other, Scenario)
    assert isinstance(wrong, InvalidFileError)
    assert (one.name, other.name) == ("a", "c")
    assert wrong.lines[0].startswith(f"{bad}:3: rules: should have at least 1 item")
