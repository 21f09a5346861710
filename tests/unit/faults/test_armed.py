"""An armed rule: which of its matches are hit, and what it counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.clocks import MovableClock

from ssp_emulator.faults import chance
from ssp_emulator.faults.armed import Armed
from ssp_emulator.faults.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssp_emulator.exchange import Exchange
    from ssp_emulator.faults.firing import Firing

SEED = 42


def armed(when: dict[str, Any] | None = None, seed: int = SEED, **changes: Any) -> Armed:
    rule = Rule.model_validate(
        {"name": "slow", "effect": {"kind": "latency", "delay_ms": 1}, "when": when or {}, **changes}
    )
    return Armed(rule, seed, MovableClock().now())


@pytest.fixture
def hit(request_for: Callable[..., Exchange]) -> Callable[..., list[int]]:
    """Put so many requests to a rule, and return which of them, from 1, were hit."""
    exchange, clock = request_for(), MovableClock()

    def hit(rule: Armed, requests: int) -> list[int]:
        return [n for n in range(1, requests + 1) if rule.try_on(exchange, clock.now()) is not None]

    return hit


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ({}, [1, 2, 3, 4, 5, 6, 7, 8]),
        ({"skip": 3}, [4, 5, 6, 7, 8]),
        ({"skip": 8}, []),
        ({"times": 2}, [1, 2]),
        ({"skip": 3, "times": 2}, [4, 5]),
        ({"probability": 0.0}, []),
        ({"sequence": ["apply", "pass", "apply"]}, [1, 3]),
        ({"sequence": ["apply", "pass", "apply"], "repeat": True}, [1, 3, 4, 6, 7]),
        ({"sequence": ["pass"], "repeat": True}, []),
        ({"sequence": ["pass", "apply"], "repeat": True}, [2, 4, 6, 8]),
    ],
)
def test_which_matches_are_hit(hit: Callable[..., list[int]], when: dict[str, Any], expected: list[int]) -> None:
    rule = armed(when)
    assert hit(rule, 8) == expected
    assert (rule.counts.matched, rule.counts.fired, rule.counts.asked) == (8, len(expected), 0)


def test_probability_skip_and_times_together(hit: Callable[..., list[int]]) -> None:
    likely = [count for count in range(1, 101) if chance.happens(0.3, SEED, "slow", count)]
    assert hit(armed({"probability": 0.3}), 100) == likely
    # A match that is skipped has taken its number; `times` counts hits and not matches.
    assert hit(armed({"probability": 0.3, "skip": 10, "times": 4}), 100) == [n for n in likely if n > 10][:4]


def test_the_seed_is_the_engine_s_unless_the_rule_has_its_own(hit: Callable[..., list[int]]) -> None:
    as_said = {"probability": 0.3}
    assert hit(armed(as_said, seed=1), 60) != hit(armed(as_said, seed=2), 60)
    assert hit(armed({**as_said, "seed": 2}, seed=1), 60) == hit(armed(as_said, seed=2), 60)
    assert hit(armed({**as_said, "seed": 0}, seed=1), 60) == hit(armed(as_said, seed=0), 60)


def test_a_request_that_does_not_match_takes_no_number(request_for: Callable[..., Exchange]) -> None:
    rule, now = armed({"times": 1}, match={"method": "GET"}), MovableClock().now()
    assert rule.try_on(request_for(method="POST"), now) is None
    assert rule.counts.matched == 0
    assert rule.try_on(request_for(), now) is not None


def test_requests_that_ask_disturb_no_other(
    hit: Callable[..., list[int]], request_for: Callable[..., Exchange]
) -> None:
    when = {"probability": 0.5, "skip": 2, "times": 5}
    undisturbed = hit(armed(when), 40)
    rule, exchange, now = armed(when), request_for(), MovableClock().now()
    found = []
    for count in range(1, 41):
        rule.ask()
        if rule.try_on(exchange, now) is not None:
            found.append(count)
        rule.ask()
    assert found == undisturbed
    assert (rule.counts.matched, rule.counts.fired, rule.counts.asked) == (40, 80 + len(found), 80)


def test_a_firing_tells_its_rule_and_its_count(request_for: Callable[..., Exchange]) -> None:
    rule, now = armed({"skip": 1}), MovableClock().now()
    rule.try_on(request_for(), now)
    by_itself, asked = rule.try_on(request_for(), now), rule.ask()
    assert by_itself is not None
    assert by_itself.record() == {"rule": "slow", "kind": "latency", "count": 2, "asked": False, "did": None}
    assert asked.record() == {"rule": "slow", "kind": "latency", "count": 1, "asked": True, "did": None}
    asked.note("waited")
    asked.note("waited")
    asked.note("and went on")
    assert asked.record()["did"] == "waited; and went on"


def test_what_a_firing_draws_depends_on_seed_rule_count_and_on_whether_it_was_asked(
    request_for: Callable[..., Exchange],
) -> None:
    def firings(seed: int, name: str) -> list[Firing]:
        rule, now = armed(seed=seed, name=name), MovableClock().now()
        found = [rule.try_on(request_for(), now), rule.try_on(request_for(), now), rule.ask()]
        return [firing for firing in found if firing is not None]

    def drawn(seed: int, name: str) -> list[float]:
        return [firing.draws.random() for firing in firings(seed, name)]

    assert drawn(1, "slow") == drawn(1, "slow")
    assert len({*drawn(1, "slow"), *drawn(2, "slow"), *drawn(1, "late")}) == 9


class TestWindow:
    def test_outside_of_it_nothing_matches(self, request_for: Callable[..., Exchange]) -> None:
        clock = MovableClock()
        begin = clock.now().isoformat()
        clock.elapse(60)
        window = {"from": begin, "until": clock.now().isoformat()}
        rule, exchange = armed({"window": window, "times": 2}), request_for()
        assert rule.try_on(exchange, clock.now()) is None
        assert rule.counts.matched == 0
        clock.elapse(-0.001)
        assert rule.try_on(exchange, clock.now()) is not None
        clock.elapse(-60)
        assert rule.try_on(exchange, clock.now()) is None
        assert rule.counts.matched == 1

    def test_who_asks_for_a_rule_asks_whatever_the_time(self) -> None:
        rule = armed({"window": {"until": "2001-01-01T00:00:00Z"}})
        assert rule.ask().asked


class TestShown:
    def test_a_rule_with_its_counts(self, hit: Callable[..., list[int]]) -> None:
        rule = armed({"times": 2}, description="in words")
        hit(rule, 3)
        rule.ask()
        assert rule.shown(0.0) == {
            "name": "slow",
            "description": "in words",
            "when": {"times": 2},
            "effect": {"kind": "latency", "delay_ms": 1.0},
            "scenario": None,
            "since": rule.since.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "expires_in_s": None,
            "counts": {"matched": 3, "fired": 3, "asked": 1},
        }

    @pytest.mark.parametrize(("monotonic", "left_s"), [(100.0, 30.0), (129.9996, 0.0), (131.0, 0.0)])
    def test_what_is_left_of_its_time(self, monotonic: float, left_s: float) -> None:
        rule = armed({"ttl_s": 30})
        rule.expires = 130.0
        assert rule.shown(monotonic)["expires_in_s"] == left_s
