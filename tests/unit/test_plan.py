"""The plan's fault rules: each name once, whether a rule or a scenario has it; and how its registry is read."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, NoReturn

import pytest
from support import setup

from ssp_emulator.directory import loading
from ssp_emulator.located import InvalidFileError
from ssp_emulator.plan import read_plan

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ssp_emulator.pki.folder import CertificateFolder

SLOW = {"kind": "latency", "delay_ms": 1}


def scenario(folder: Path, name: str, *rules: str) -> None:
    """Write a scenario with rules of these names."""
    (folder / "scenarios").mkdir(exist_ok=True)
    lines = "".join(f"  - {{name: {rule}, effect: {{kind: latency, delay_ms: 1}}}}\n" for rule in rules)
    (folder / "scenarios" / f"{name}.yaml").write_text(f"name: {name}\ndescription: d\nrules:\n{lines}")


def written(folder: Path, certificates: CertificateFolder, rules: list[str], scenarios: list[str]) -> Path:
    faults = {"rules": [{"name": name, "effect": SLOW} for name in rules], "scenarios": scenarios}
    return setup.write(folder, certificates, 9, faults=faults)


def test_rules_come_before_scenarios_and_these_in_their_order(tmp_path: Path, certificates: CertificateFolder) -> None:
    scenario(tmp_path, "one", "b", "c")
    scenario(tmp_path, "two", "d")

    plan = read_plan(written(tmp_path, certificates, ["a"], ["two", "one"]))

    assert [(each.scenario, [rule.name for rule in each.rules]) for each in plan.faults] == [
        (None, ["a"]),
        ("two", ["d"]),
        ("one", ["b", "c"]),
    ]


@pytest.mark.parametrize(
    ("rules", "scenarios", "key", "line"),
    [
        (["x", "y"], ["one"], "faults.scenarios[0]", "  - one"),
        (["y"], ["two", "one"], "faults.scenarios[1]", "  - one"),
        ([], ["one", "same"], "faults.scenarios[1]", "  - same"),
        (["x"], ["one", "two"], "faults.scenarios[0]", "  - one"),
    ],
    ids=["a rule and a scenario", "a rule and the second scenario", "two scenarios", "the first of two scenarios"],
)
def test_a_name_that_stands_twice_is_refused_with_its_line_and_key(
    tmp_path: Path, certificates: CertificateFolder, rules: list[str], scenarios: list[str], key: str, line: str
) -> None:
    scenario(tmp_path, "one", "a", "x")
    scenario(tmp_path, "two", "z")
    scenario(tmp_path, "same", "x")
    if rules == ["y"]:
        scenario(tmp_path, "one", "y")
    path = written(tmp_path, certificates, rules, scenarios)
    name = "y" if rules == ["y"] else "x"

    with pytest.raises(InvalidFileError) as refused:
        read_plan(path)

    where = path.read_text().splitlines().index(line) + 1
    assert refused.value.lines == (f"{path}:{where}: {key}: there are two rules named '{name}'",)


def test_a_name_that_stands_twice_among_the_rules_is_refused(tmp_path: Path, certificates: CertificateFolder) -> None:
    path = written(tmp_path, certificates, ["x", "y", "x"], [])

    with pytest.raises(InvalidFileError) as refused:
        read_plan(path)

    where = path.read_text().splitlines().index("  rules:") + 1
    (said,) = refused.value.lines
    assert said.startswith(f"{path}:{where}: faults.rules: ")
    assert "x" in said.removeprefix(f"{path}:{where}: faults.rules: ").replace("'", " ").split()


def test_a_scenario_that_there_is_not_is_refused_with_its_line(tmp_path: Path, certificates: CertificateFolder) -> None:
    scenario(tmp_path, "one", "a")
    path = written(tmp_path, certificates, [], ["one", "other"])

    with pytest.raises(InvalidFileError) as refused:
        read_plan(path)

    where = path.read_text().splitlines().index("  - other") + 1
    (said,) = refused.value.lines
    assert said.startswith(f"{path}:{where}: faults.scenarios[1]: there is no scenario 'other' in ")
    assert said.endswith("; these are: one")


@pytest.fixture
def collector() -> Iterator[None]:
    """Python's garbage collector, on as it was."""
    assert gc.isenabled()
    yield
    gc.enable()


@pytest.mark.parametrize("enabled", [True, False])
def test_garbage_collection_waits_until_the_registry_is_read_or_refused(
    collector: None, tmp_path: Path, certificates: CertificateFolder, monkeypatch: pytest.MonkeyPatch, enabled: bool
) -> None:
    path, read = written(tmp_path, certificates, [], []), loading.load
    seen = []

    def watched(text: str, file: str) -> loading.Registry:
        seen.append(gc.isenabled())
        return read(text, file)

    def refused(text: str, file: str) -> NoReturn:
        raise InvalidFileError([])

    if not enabled:
        gc.disable()
    monkeypatch.setattr(loading, "load", watched)
    read_plan(path)
    assert gc.isenabled() is enabled
    monkeypatch.setattr(loading, "load", refused)
    with pytest.raises(InvalidFileError):
        read_plan(path)
    assert gc.isenabled() is enabled
    assert seen == [False]
