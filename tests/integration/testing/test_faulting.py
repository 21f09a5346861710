"""Faults are in force for as long as their block lasts, and say how often they fired."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ssp_emulator.testing.errors import AskingError
from ssp_emulator.testing.ssp import Ssp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import requests

    from ssp_emulator.testing.emulated import Emulated

ONCE = {"when": {"times": 1}, "effect": {"kind": "bad-gateway"}}


def test_a_rule_is_in_force_inside_and_not_after(ssp: Ssp, retrieve: Callable[..., requests.Response]) -> None:
    with ssp.fault(effect={"kind": "bad-gateway"}) as down:
        inside = [retrieve().status_code, retrieve().status_code]
        assert (down.fired, down.matched) == (2, 2)
    after = retrieve().status_code

    assert (inside, after) == ([502, 502], 200)
    assert down.fired == 2
    ssp.assert_exchanged(times=2, fault=down, status=502)


def test_a_rule_may_have_a_name_and_be_whole(ssp: Ssp, retrieve: Callable[..., requests.Response]) -> None:
    with ssp.fault({"name": "once", **ONCE}) as fault:
        assert [retrieve().status_code, retrieve().status_code] == [502, 200]
        assert (fault.name, fault.fired, fault.matched) == ("once", 1, 2)

    (exchange,) = ssp.assert_exchanged(fault="once")
    assert exchange.faults == ("once",)


def test_several_rules_stand_beside_each_other(ssp: Ssp, retrieve: Callable[..., requests.Response]) -> None:
    slow = {"effect": {"kind": "latency", "delay_ms": 1}}
    with ssp.fault(slow) as first, ssp.fault(slow) as second:
        assert retrieve().status_code == 200

    assert (first.fired, second.fired) == (1, 1)
    assert first.name != second.name


def test_a_rule_is_lifted_when_the_block_raises(ssp: Ssp, retrieve: Callable[..., requests.Response]) -> None:
    with pytest.raises(ZeroDivisionError), ssp.fault(effect={"kind": "bad-gateway"}):
        raise ZeroDivisionError

    assert retrieve().status_code == 200


def test_one_that_lifts_itself_keeps_what_it_had_counted(ssp: Ssp, retrieve: Callable[..., requests.Response]) -> None:
    with ssp.fault(name="soon-over", effect={"kind": "bad-gateway"}) as fault:
        retrieve()
        assert fault.fired == 1
        ssp._emulated.api.asked("DELETE", "/faults/soon-over")

    assert fault.fired == 1


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"effect": {"kind": "nothing"}}, r"the rule is refused:\neffect.kind: there is no 'nothing'"),
        ({}, r"the rule is refused:\neffect"),
        ({**ONCE, "name": "Not A Name"}, r"the rule is refused:\nname: should be 1 to 64 lower-case letters"),
        ({**ONCE, "when": {"times": 0}}, r"the rule is refused:\nwhen.times"),
        ({**ONCE, "match": {"to": object()}}, "the rule should have only what JSON has"),
        ({**ONCE, "scenario": "x"}, "fault should have a rule, or a scenario, and not both"),
        ({"rule": "reset"}, "fault should have a rule, such as .*, or scenario=, found 'reset'"),
        ({"scenario": "nowhere"}, "the scenario is refused: there is no scenario 'nowhere'"),
    ],
)
def test_a_rule_that_is_not_valid_is_refused_with_what_would_be_right(ssp: Ssp, said: dict[str, Any], why: str) -> None:
    with pytest.raises(AskingError, match=why), ssp.fault(**said):
        pytest.fail("it is in force")


def test_a_name_that_is_taken_is_refused(ssp: Ssp) -> None:
    with (
        ssp.fault(name="mine", **ONCE),
        pytest.raises(AskingError, match="in force already: mine"),
        ssp.fault(name="mine", **ONCE),
    ):
        pytest.fail("it is in force")


def test_a_block_that_is_left_open_lifts_no_other_test_s_rule(
    ssp: Ssp, ssp_emulator: Emulated, retrieve: Callable[..., requests.Response]
) -> None:
    """Python closes it some time after the test, when the next may have a rule of the same name."""
    before = Ssp(ssp_emulator, "before")
    before.begin()
    left = before.fault(name="mine", **ONCE)
    left.__enter__()
    before.end()
    with ssp.fault(name="mine", **ONCE):
        left.__exit__(None, None, None)

        assert retrieve().status_code == 502


@pytest.fixture
def scenario(ssp: Ssp) -> Iterator[str]:
    """Return the name of a scenario that the emulator has, of one rule that fires once."""
    path = ssp.certificates.folder.root.parent / "scenarios" / "one-failure.yaml"
    path.write_text(json.dumps({"name": path.stem, "description": "One.", "rules": [{"name": "one-failure", **ONCE}]}))
    yield path.stem
    path.unlink()


def test_a_scenario_whose_rules_are_in_force_is_refused(
    ssp: Ssp, retrieve: Callable[..., requests.Response], scenario: str
) -> None:
    with ssp.fault(scenario=scenario) as first:
        with pytest.raises(AskingError, match="in force already: one-failure"), ssp.fault(scenario=scenario):
            pytest.fail("it is in force twice")
        statuses = [retrieve().status_code, retrieve().status_code]

        assert (statuses, first.fired) == ([502, 200], 1)


def test_a_scenario_of_several_rules_is_found_by_any_of_them(
    ssp: Ssp, retrieve: Callable[..., requests.Response]
) -> None:
    path = ssp.certificates.folder.root.parent / "scenarios" / "two-failures.yaml"
    rules = [{"name": "first-failure", **ONCE}, {"name": "second-failure", **ONCE, "when": {"skip": 1, "times": 1}}]
    path.write_text(json.dumps({"name": path.stem, "description": "Two.", "rules": rules}))
    with ssp.fault(scenario=path.stem) as failures:
        statuses = [retrieve().status_code for _ in range(3)]
    path.unlink()

    assert (statuses, failures.fired) == ([502, 502, 200], 2)
    exchanges = ssp.assert_exchanged(fault=failures, times=2)
    assert [each.faults for each in exchanges] == [("first-failure",), ("second-failure",)]
