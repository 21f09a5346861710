"""The sieve: it loses no rule that a request matches, keeps their order, and holds back what it can."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.clocks import MovableClock
from support.rules import fired, rule

from ssp_emulator.faults.engine import Engine
from ssp_emulator.faults.sieve import Sieve

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssp_emulator.exchange import Exchange

KEYS = ("from", "to", "method", "organisation", "sni")
PATTERNS = st.sampled_from(["*", "**", "", "GET", "2000*", "*115", "200000000115", "200000000116", "A1001", "A?????"])
FIELDS = st.dictionaries(
    st.sampled_from(["X-Run", "x-run", "X-Team"]), st.sampled_from(["*", "1", "2", "1*"]), max_size=2
)
MATCHES = st.builds(
    lambda facts, fields: {**facts, "header": fields}, st.dictionaries(st.sampled_from(KEYS), PATTERNS), FIELDS
)


def sifted(exchange: Exchange, *matches: dict[str, Any]) -> list[str]:
    """Return the names of the rules that a sieve leaves, each rule's being its number."""
    rules = Engine(MovableClock()).arm(rule(str(number), match=match) for number, match in enumerate(matches))
    return [armed.rule.name for armed in Sieve(tuple(rules.values())).left(exchange)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(MATCHES, max_size=12), st.lists(st.sampled_from(["1", "2", "12"]), max_size=3))
def test_every_rule_that_matches_is_left_in_its_order(
    examined: Callable[..., Exchange], matches: list[dict[str, Any]], runs: list[str]
) -> None:
    exchange = examined(headers={"X-Run": runs} if runs else {})
    armed = Engine(MovableClock()).arm(rule(str(number), match=match) for number, match in enumerate(matches))
    left = sifted(exchange, *matches)

    matching = [name for name, each in armed.items() if all(condition.holds(exchange) for condition in each.conditions)]
    assert [name for name in left if name in matching] == matching
    assert left == sorted(left, key=int)
    assert len(left) == len(set(left))


@pytest.mark.parametrize(
    ("match", "is_left"),
    [
        ({}, True),
        ({"from": "200000000115"}, True),
        ({"from": "200000000116"}, False),
        ({"from": "200000000115", "method": "POST"}, True),  # the rule itself says no
        ({"method": "P*", "from": "200000000115"}, True),  # an exact value goes first
        ({"method": "G*", "from": "200000000116"}, False),
        ({"interaction": "*:documents:*"}, True),
        ({"interaction": "*:structured:*"}, False),
        ({"organisation": "A1001"}, True),
        ({"organisation": "A20047"}, True),
        ({"organisation": "B86022"}, False),
        ({"header": {"X-Run": "42"}}, True),
        ({"header": {"X-Run": "43"}}, False),
        ({"header": {"X-Run": "*"}}, True),
        ({"header": {"X-Team": "*"}}, False),
    ],
)
def test_what_is_left_by_one_condition(examined: Callable[..., Exchange], match: dict[str, Any], is_left: bool) -> None:
    assert sifted(examined(headers={"X-Run": ["1", "42"]}), match) == (["0"] if is_left else [])


def test_a_rule_that_two_values_lead_to_is_left_once(examined: Callable[..., Exchange]) -> None:
    exchange = examined(headers={"X-Run": ["42", "42"]})
    assert sifted(exchange, {"header": {"X-Run": "42"}}, {"header": {"x-run": "42"}}) == ["0", "1"]


def test_rules_with_the_same_pattern_share_one_look(
    examined: Callable[..., Exchange], monkeypatch: pytest.MonkeyPatch
) -> None:
    from ssp_emulator.faults import matching

    looks = []
    plain = matching._FACTS["interaction"]
    monkeypatch.setitem(matching._FACTS, "interaction", lambda exchange: looks.append(1) or plain(exchange))

    assert sifted(examined(), *[{"interaction": "*:structured:*"}] * 50) == []
    assert len(looks) == 1


def test_a_rule_that_is_asked_for_fires_though_it_would_be_held_back(
    engine: Engine, asking: Callable[..., Exchange]
) -> None:
    engine.put([rule("a"), rule("b", match={"method": "POST"}), rule("c")])
    assert fired(engine.choose(asking("b"))) == [("a", 1), ("b", 1), ("c", 1)]
