"""Asking for rules by name, in a header field of the request."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.rules import counts, fired, rule

from ssp_emulator.faults.engine import Engine, UnknownRuleError
from ssp_emulator.faults.fault import NOTHING

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.clocks import MovableClock

    from ssp_emulator.exchange import Exchange

NEVER = {"match": {"from": "nobody"}, "when": {"probability": 0.0}}


def test_a_rule_that_is_asked_for_fires_whatever_it_matches_and_when(
    engine: Engine, asking: Callable[..., Exchange]
) -> None:
    engine.put([rule("a", **NEVER), rule("b", **NEVER)])
    fault = engine.choose(asking("b"))
    assert [firing.record() for firing in fault.firings] == [
        {"rule": "b", "kind": "unavailable", "count": 1, "asked": True, "did": None}
    ]
    assert counts(engine, "b") == (0, 1, 1)
    assert counts(engine, "a") == (0, 0, 0)


@pytest.mark.parametrize(
    "lines",
    [("c,a",), ("c, a",), (" c ,\ta",), ("a", "c"), ("c", "a"), ("a,c,a", "c"), (",a,,c,",)],
    ids=repr,
)
def test_several_fire_once_each_in_the_order_of_the_rules(
    engine: Engine, asking: Callable[..., Exchange], lines: tuple[str, ...]
) -> None:
    engine.put([rule(name, **NEVER) for name in "abc"])
    assert fired(engine.choose(asking(*lines))) == [("a", 1), ("c", 1)]


def test_the_others_are_tried_as_ever(engine: Engine, asking: Callable[..., Exchange]) -> None:
    engine.put([rule("a", when={"times": 1}), rule("b")])
    assert [(firing.rule, firing.asked) for firing in engine.choose(asking("b")).firings] == [
        ("a", False),
        ("b", True),
    ]


def test_one_that_is_asked_for_does_not_count_the_request_as_a_match(
    engine: Engine, asking: Callable[..., Exchange], request_for: Callable[..., Exchange]
) -> None:
    engine.put([rule("a", when={"times": 1})])
    for _ in range(3):
        engine.choose(asking("a"))
    assert counts(engine, "a") == (0, 3, 3)
    assert fired(engine.choose(request_for())) == [("a", 1)]
    assert engine.choose(request_for()) is NOTHING


@pytest.mark.parametrize("lines", [("",), (",",), (" , ",), ("", "")], ids=repr)
def test_who_names_none_asks_for_none(engine: Engine, asking: Callable[..., Exchange], lines: tuple[str, ...]) -> None:
    assert engine.choose(asking(*lines)) is NOTHING
    engine.put([rule("a", **NEVER)])
    assert engine.choose(asking(*lines)) is NOTHING


@pytest.mark.parametrize(
    ("there", "lines", "said"),
    [
        ([], ["slow"], "which are: none; found slow"),
        (["b", "a"], ["slow"], "which are: a, b; found slow"),
        (["a"], ["a, z", "slow"], "which are: a; found slow, z"),
        (["a"], ["A"], "which are: a; found A"),
        (["a"], ["a b"], "which are: a; found a b"),
    ],
)
def test_an_unknown_one_is_refused_and_nothing_is_counted(
    engine: Engine, asking: Callable[..., Exchange], there: list[str], lines: list[str], said: str
) -> None:
    engine.put([rule(name) for name in there])
    with pytest.raises(UnknownRuleError, match=rf"^X-Ssp-Emulator-Fault should name .*{said}$"):
        engine.choose(asking(*lines))
    assert [counts(engine, name) for name in there] == [(0, 0, 0)] * len(there)


def test_an_unknown_one_of_a_request_that_is_refused_already_is_noted_and_the_others_fire(
    engine: Engine, asking: Callable[..., Exchange], examined: Callable[..., Exchange]
) -> None:
    engine.put([rule("a", **NEVER), rule("b", **NEVER)])
    exchange = asking("b, z")
    exchange.denial = examined(method="BREW").denial
    assert exchange.denial is not None
    assert fired(engine.choose(exchange)) == [("b", 1)]
    assert exchange.notes == [
        "X-Ssp-Emulator-Fault should name fault rules that are in force and act on requests, which are: a, b; found z"
    ]


@pytest.mark.parametrize("there", [[], ["slow"]])
def test_where_it_is_not_allowed_it_is_not_heeded_and_the_exchange_says_so(
    clock: MovableClock, asking: Callable[..., Exchange], there: list[str]
) -> None:
    engine = Engine(clock, by_header=False)
    engine.put([rule(name, **NEVER) for name in there])
    exchange = asking("slow", "unknown")
    assert engine.choose(exchange) is NOTHING
    assert exchange.notes == ["X-Ssp-Emulator-Fault was not heeded: the configuration does not allow it"]


def test_rules_still_match_where_it_is_not_allowed(clock: MovableClock, asking: Callable[..., Exchange]) -> None:
    engine = Engine(clock, by_header=False)
    engine.put([rule("a")])
    assert [firing.asked for firing in engine.choose(asking("a")).firings] == [False]


def test_it_cannot_be_asked_for_any_more(engine: Engine, clock: MovableClock, asking: Callable[..., Exchange]) -> None:
    engine.put([rule("a", when={"ttl_s": 30})])
    assert fired(engine.choose(asking("a"))) == [("a", 1)]
    clock.elapse(30)
    with pytest.raises(UnknownRuleError, match=r"which are: none; found a$"):
        engine.choose(asking("a"))
