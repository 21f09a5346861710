"""Rules that the admin API refuses: by their key and their value, and nothing has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.api import NOT_VALID, OFF, SLOW, in_force, is_problem

if TYPE_CHECKING:
    from support.caller import Caller
    from support.running import Running


NO_NAME = (
    "should be 1 to 64 lower-case letters, digits, dots, hyphens or underscores, as in \"slow-documents\", found '{}'"
)


BAD_RULES = [
    (
        {"name": "x", "effect": {"kind": "latencey", "delay_ms": 1}},
        "effect.kind",
        "there is no 'latencey'; did you mean latency?",
    ),
    ({"name": "x", "effect": {"delay_ms": 1}}, "effect.kind", "is missing"),
    ({"name": "x"}, "effect", "is missing"),
    (
        {"name": "x", "effect": {"kind": "latency", "delay_ms": -1}},
        "effect.delay_ms",
        "should be greater than or equal to 0, found -1",
    ),
    (
        {"name": "x", "when": {"probability": 1.2}, "effect": SLOW},
        "when.probability",
        "should be less than or equal to 1, found 1.2",
    ),
    ({"name": "x", "wen": {}, "effect": SLOW}, "wen", "is not a key here; did you mean when?"),
    (
        {"name": "x", "effect": {"kind": "body", "file": "nowhere.json"}},
        "effect.file",
        "cannot read nowhere.json: no such file",
    ),
    ({"effect": SLOW}, "name", "is missing"),
    ([], "", "should be keys with their values, found []"),
    ("slow", "", "should be keys with their values, found 'slow'"),
    (None, "", "should be keys with their values, found None"),
]


@pytest.mark.parametrize(("rule", "key", "message"), BAD_RULES)
async def test_a_bad_rule_is_refused_by_key_and_value_and_changes_nothing(
    ssp: Running, api: Caller, rule: Any, key: str, message: str
) -> None:
    await api.ask("POST", "/faults", {"name": "kept", "effect": SLOW})

    refused = await api.ask("POST", "/faults", rule)

    is_problem(refused, 422, "Unprocessable Content", NOT_VALID, errors=[{"key": key, "message": message}])
    assert in_force(ssp) == ["kept"]


@pytest.mark.parametrize(("rule", "key", "message"), BAD_RULES)
async def test_one_bad_rule_among_several_keeps_all_out(
    ssp: Running, api: Caller, rule: Any, key: str, message: str
) -> None:
    refused = await api.ask("POST", "/faults", {"rules": [{"name": "good", "effect": SLOW}, rule]})

    error = {"key": f"rules[1].{key}".rstrip("."), "message": message}
    is_problem(refused, 422, "Unprocessable Content", NOT_VALID, errors=[error])
    assert in_force(ssp) == []


@pytest.mark.parametrize(("rule", "key", "message"), [case for case in BAD_RULES if case[1] != "name"])
async def test_a_bad_replacement_leaves_the_rule_as_it_was_counts_and_all(
    ssp: Running, api: Caller, rule: Any, key: str, message: str
) -> None:
    await api.ask("PUT", "/faults/x", {"effect": SLOW})
    await ssp.ask()
    before = (await api.ask("GET", "/faults/x")).json()

    refused = await api.ask("PUT", "/faults/x", rule)

    is_problem(refused, 422, "Unprocessable Content", NOT_VALID, errors=[{"key": key, "message": message}])
    assert (await api.ask("GET", "/faults/x")).json() == before
    assert before["counts"]["fired"] == 1


@pytest.mark.parametrize(
    ("path", "value", "key", "message"),
    [
        ("/faults/x", {"name": "y", "effect": SLOW}, "name", "should be that of the path, 'x', or left out, found 'y'"),
        ("/faults/x", {"name": 1, "effect": SLOW}, "name", "should be that of the path, 'x', or left out, found 1"),
        (
            "/faults/X%2F..",
            {"effect": SLOW},
            "name",
            NO_NAME.format("X/.."),
        ),
    ],
)
async def test_a_name_that_is_not_that_of_the_path(
    ssp: Running, api: Caller, path: str, value: Any, key: str, message: str
) -> None:
    refused = await api.ask("PUT", path, value)

    is_problem(refused, 422, "Unprocessable Content", NOT_VALID, errors=[{"key": key, "message": message}])
    assert in_force(ssp) == []


@pytest.mark.parametrize(
    ("value", "key", "message"),
    [
        ({"rules": []}, "rules", "should have at least 1 item after validation, not 0, found []"),
        ({"rules": {}}, "rules", "should be a valid list, found {}"),
        (
            {"rules": [{"name": "a", "effect": SLOW}], "name": "b"},
            "name",
            "is not a key here; these are: replace, rules",
        ),
        (
            {"rules": [{"name": "a", "effect": SLOW}, {"name": "a", "effect": OFF}]},
            "",
            "should have each rule once, found a more than once",
        ),
        ({"rules": [{"name": "a", "effect": SLOW}], "replace": 1}, "replace", "should be a valid boolean, found 1"),
    ],
)
async def test_several_rules_in_a_wrong_form(ssp: Running, api: Caller, value: Any, key: str, message: str) -> None:
    refused = await api.ask("POST", "/faults", value)

    is_problem(refused, 422, "Unprocessable Content", NOT_VALID, errors=[{"key": key, "message": message}])
