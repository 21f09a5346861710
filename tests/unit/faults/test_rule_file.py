from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ssp_emulator.faults.effects.effect import Context
from ssp_emulator.faults.rule_file import RuleFile
from ssp_emulator.located import InvalidFileError

if TYPE_CHECKING:
    from pathlib import Path

SLOW = {"kind": "latency", "delay_ms": 1}
ONE = "name: a\neffect: {kind: latency, delay_ms: 1}\n"
LIST = "- name: a\n  effect: {kind: latency, delay_ms: 1}\n"
SCENARIO = f"name: s\ndescription: d\nrules:\n{LIST}"


@pytest.mark.parametrize(
    "text",
    [
        ONE,
        LIST,
        SCENARIO,
        f"rules:\n{LIST}",
        '{"name": "a",\n\t"effect": {"kind": "latency", "delay_ms": 1}}',
        '[{"name": "a", "effect": {"kind": "latency", "delay_ms": 1}}]',
    ],
    ids=["one", "list", "scenario", "rules", "JSON with tabs", "JSON list"],
)
def test_rules_come_in_three_forms(tmp_path: Path, text: str) -> None:
    read = RuleFile(text, "r.yaml")

    read.validate(Context(tmp_path))
    assert read.rules == [{"name": "a", "effect": SLOW}]


def problems(text: str, file: str, folder: Path) -> list[str]:
    with pytest.raises(InvalidFileError) as refused:
        RuleFile(text, file).validate(Context(folder))
    return [str(problem) for problem in refused.value.problems]


NEGATIVE = "effect.delay_ms: should be greater than or equal to 0, found -1"


@pytest.mark.parametrize(
    ("text", "file", "said"),
    [
        (ONE.replace("ms: 1", "ms: -1"), "r.yaml", f"r.yaml:2: {NEGATIVE}"),
        (LIST + LIST.replace(": a", ": b").replace("ms: 1", "ms: -1"), "r.yaml", f"r.yaml:4: [1].{NEGATIVE}"),
        (SCENARIO.replace("ms: 1", "ms: -1"), "r.yaml", f"r.yaml:5: rules[0].{NEGATIVE}"),
        (SCENARIO.replace("name: s", "nam: s"), "r.yaml", "r.yaml:1: nam: is not a key here; did you mean name?"),
        (
            '{"name": "a",\n\t"effect":\n\t{"kind": "latency", "delay_ms": -1}}',
            "r.json",
            f"r.json:3: {NEGATIVE}",
        ),
        ("", "r.yaml", "r.yaml: should be keys with their values, found None"),
        ("slow", "r.yaml", "r.yaml:1: should be keys with their values, found 'slow'"),
        ("[]", "r.yaml", "r.yaml:1: should have at least 1 item after validation, not 0, found []"),
        (LIST + LIST, "r.yaml", "r.yaml:1: should have each rule once, found a more than once"),
    ],
)
def test_a_problem_has_its_line_and_its_key_as_it_stands_in_the_file(
    tmp_path: Path, text: str, file: str, said: str
) -> None:
    assert problems(text, file, tmp_path) == [said]


@pytest.mark.parametrize(
    ("text", "file", "said"),
    [
        ("name: [", "r.yaml", "r.yaml:2: not YAML: "),
        ("name: a\nname: b\n", "r.yaml", "r.yaml:2: name: stands twice; keep one"),
        ('{"name": "a",\n"name": "b"}', "r.yaml", "r.yaml:2: name: stands twice; keep one"),
        ('{"name": "a",\n"name": "b"}', "r.json", "r.json: not JSON: the key 'name' stands twice; keep one"),
        ('{"name":\n}', "r.json", "r.json:2: not JSON: Expecting value, at line 2, column 1"),
        (ONE, "r.json", "r.json:1: not JSON: Expecting value, at line 1, column 1"),
    ],
)
def test_a_document_that_cannot_be_read(tmp_path: Path, text: str, file: str, said: str) -> None:
    (problem,) = problems(text, file, tmp_path)

    assert problem.startswith(said)


@pytest.mark.parametrize(
    ("text", "key", "line", "shown"),
    [
        (ONE, "rules[0].effect.delay_ms", 2, "effect.delay_ms"),
        (LIST, "rules[0].effect.delay_ms", 2, "[0].effect.delay_ms"),
        (SCENARIO, "rules[0].effect.delay_ms", 5, "rules[0].effect.delay_ms"),
        (ONE, "rules[0].match.header.X-A.B", 1, "match.header.X-A.B"),
        (ONE, "", 1, ""),
    ],
)
def test_what_an_emulator_finds_wrong_has_its_line_too(text: str, key: str, line: int, shown: str) -> None:
    problem = RuleFile(text, "r.yaml").problem(key, "is wrong")

    assert (problem.line, problem.key) == (line, shown)


def test_in_json_a_number_is_a_number(tmp_path: Path) -> None:
    read = RuleFile('{"name": "a", "effect": {"kind": "latency", "delay_ms": 1e3}}', "-")

    read.validate(Context(tmp_path))
    assert read.rules[0]["effect"]["delay_ms"] == 1000.0


def test_a_moment_of_yaml_goes_on_as_text() -> None:
    read = RuleFile("when: {window: {from: 2026-11-22T22:30:00Z, until: 2026-11-23}}", "r.yaml")

    assert read.rules == [{"when": {"window": {"from": "2026-11-22T22:30:00+00:00", "until": "2026-11-23"}}}]


@pytest.mark.parametrize("value", ["!!binary aGk=", ".nan", "!!set {a, b}"])
def test_what_json_does_not_have_is_refused(value: Any) -> None:
    with pytest.raises(InvalidFileError, match=r"\Ar.yaml:1: should have only what JSON has: "):
        RuleFile(f"name: {value}", "r.yaml").rules  # noqa: B018 - to read it is the point
