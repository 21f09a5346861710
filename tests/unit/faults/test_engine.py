"""The engine: rules that come and go, and the choice that it makes among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.rules import counts, fired, rule

from ssp_emulator.faults.engine import Engine, UnknownRuleError
from ssp_emulator.faults.fault import NOTHING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.clocks import MovableClock

    from ssp_emulator.exchange import Exchange
    from ssp_emulator.faults.rule import Rule

STALL = {"kind": "handshake-stall"}


def names(engine: Engine) -> list[str]:
    return [armed.rule.name for armed in engine]


class TestRules:
    def test_none_choose_nothing(self, engine: Engine, request_for: Callable[..., Exchange]) -> None:
        assert engine.choose(request_for()) is NOTHING
        assert names(engine) == []

    def test_their_order_is_that_in_which_they_came(self, engine: Engine, request_for: Callable[..., Exchange]) -> None:
        engine.put([rule("b"), rule("c")])
        engine.put([rule("a")])
        assert names(engine) == ["b", "c", "a"]
        assert fired(engine.choose(request_for())) == [("b", 1), ("c", 1), ("a", 1)]

    def test_one_that_is_replaced_keeps_its_place_and_counts_anew(
        self, engine: Engine, request_for: Callable[..., Exchange]
    ) -> None:
        engine.put([rule("a"), rule("b"), rule("c")])
        engine.choose(request_for())
        engine.put([rule("b", description="anew")])
        assert names(engine) == ["a", "b", "c"]
        assert counts(engine, "b") == (0, 0, 0)
        assert counts(engine, "a") == (1, 1, 0)
        assert fired(engine.choose(request_for())) == [("a", 2), ("b", 1), ("c", 2)]

    def test_what_matches_not_and_what_hits_not_has_no_part(
        self, engine: Engine, request_for: Callable[..., Exchange]
    ) -> None:
        engine.put([rule("a", match={"method": "POST"}), rule("b", when={"skip": 1}), rule("c")])
        assert fired(engine.choose(request_for())) == [("c", 1)]
        assert counts(engine, "a") == (0, 0, 0)
        assert counts(engine, "b") == (1, 0, 0)

    def test_where_none_fires_nothing_is_chosen(self, engine: Engine, request_for: Callable[..., Exchange]) -> None:
        engine.put([rule("a", when={"skip": 1})])
        assert engine.choose(request_for()) is NOTHING

    def test_many_come_together_or_not_at_all(self, engine: Engine, request_for: Callable[..., Exchange]) -> None:
        engine.put([rule("a"), rule("b")])
        engine.choose(request_for())

        def unfinished() -> Iterator[Rule]:
            yield rule("a", description="anew")
            yield rule("new")
            raise LookupError("no third")

        for only in (False, True):
            with pytest.raises(LookupError, match="no third"):
                engine.put(unfinished(), only=only)
        assert names(engine) == ["a", "b"]
        assert counts(engine, "a") == (1, 1, 0)

    def test_only_these(self, engine: Engine) -> None:
        engine.put([rule("a"), rule("b")])
        engine.put([rule("c"), rule("b")], only=True, scenario="spine-outage")
        assert names(engine) == ["c", "b"]
        assert [armed.scenario for armed in engine] == ["spine-outage"] * 2

    def test_one_is_removed(self, engine: Engine, request_for: Callable[..., Exchange]) -> None:
        engine.put([rule("a"), rule("b")])
        assert engine.remove("a") is True
        assert engine.remove("a") is False
        assert engine.get("a") is None
        assert fired(engine.choose(request_for())) == [("b", 1)]

    def test_all_are_removed(self, engine: Engine, request_for: Callable[..., Exchange]) -> None:
        engine.put([rule("a"), rule("b")])
        assert engine.clear() == 2
        assert engine.clear() == 0
        assert engine.choose(request_for()) is NOTHING

    def test_rules_may_go_while_they_are_looked_at(self, engine: Engine) -> None:
        engine.put([rule("a"), rule("b"), rule("c")])
        assert [engine.remove(armed.rule.name) for armed in engine] == [True] * 3

    def test_no_rule_for_requests_is_about_connections(self, engine: Engine) -> None:
        engine.put([rule("a")])
        assert engine.watches_connections is False
        assert fired(engine.meet("192.0.2.7", "localhost")) == []
        assert counts(engine, "a") == (0, 0, 0)


class TestConnections:
    def test_a_rule_about_connections_meets_these_and_no_request(
        self, engine: Engine, request_for: Callable[..., Exchange]
    ) -> None:
        engine.put([rule("a", effect=STALL, when={"skip": 1}), rule("b")])
        assert engine.watches_connections is True
        assert fired(engine.choose(request_for())) == [("b", 1)]
        assert not engine.meet("192.0.2.7", None)
        assert fired(engine.meet("192.0.2.7", None)) == [("a", 2)]
        assert counts(engine, "a") == (2, 1, 0)
        assert counts(engine, "b") == (1, 1, 0)
        engine.remove("a")
        assert engine.watches_connections is False

    def test_by_whom_they_come_from_and_what_they_ask_for(self, engine: Engine) -> None:
        engine.put([rule("a", effect=STALL, match={"client": "192.0.2.*", "sni": "ssp.*"})])
        met = [engine.meet(client, sni) for client in ("192.0.2.7", "192.0.3.7") for sni in ("ssp.nhs.uk", "x", None)]
        assert [fired(fault) for fault in met] == [[("a", 1)], [], [], [], [], []]

    def test_no_request_can_ask_for_one(self, engine: Engine, asking: Callable[..., Exchange]) -> None:
        engine.put([rule("a", effect=STALL), rule("b")])
        with pytest.raises(UnknownRuleError, match=r"which are: b; found a$"):
            engine.choose(asking("a"))


class TestTimeToLive:
    @pytest.mark.parametrize(("elapsed_s", "there"), [(0.0, True), (29.999, True), (30.0, False), (3600.0, False)])
    def test_a_rule_lifts_itself(
        self,
        engine: Engine,
        clock: MovableClock,
        request_for: Callable[..., Exchange],
        elapsed_s: float,
        there: bool,
    ) -> None:
        engine.put([rule("a", when={"ttl_s": 30.0}), rule("b")])
        clock.elapse(elapsed_s)
        assert fired(engine.choose(request_for())) == ([("a", 1), ("b", 1)] if there else [("b", 1)])
        assert names(engine) == (["a", "b"] if there else ["b"])

    @pytest.mark.parametrize(
        "look",
        [
            lambda engine: engine.get("a"),
            lambda engine: engine.remove("a"),
            lambda engine: engine.clear(),
            lambda engine: bool(list(engine)),
        ],
        ids=["get", "remove", "clear", "list"],
    )
    def test_nobody_meets_it_afterwards(
        self, engine: Engine, clock: MovableClock, look: Callable[[Engine], object]
    ) -> None:
        engine.put([rule("a", when={"ttl_s": 30})])
        clock.elapse(30)
        assert not look(engine)

    @pytest.mark.parametrize(("elapsed_s", "there"), [(29.999, True), (30.0, False)])
    def test_no_connection_meets_it_afterwards(
        self, engine: Engine, clock: MovableClock, elapsed_s: float, there: bool
    ) -> None:
        engine.put([rule("a", effect=STALL, when={"ttl_s": 30})])
        clock.elapse(elapsed_s)
        assert fired(engine.meet("192.0.2.7", None)) == ([("a", 1)] if there else [])
        assert engine.watches_connections is there

    def test_a_rule_that_is_replaced_begins_its_time_anew(self, engine: Engine, clock: MovableClock) -> None:
        engine.put([rule("a", when={"ttl_s": 30})])
        clock.elapse(20)
        engine.put([rule("a", when={"ttl_s": 30})])
        clock.elapse(20)
        assert names(engine) == ["a"]
        clock.elapse(10)
        assert names(engine) == []

    def test_one_that_comes_back_after_its_time_comes_last(self, engine: Engine, clock: MovableClock) -> None:
        engine.put([rule("a", when={"ttl_s": 30}), rule("b")])
        clock.elapse(30)
        engine.put([rule("a")])
        assert names(engine) == ["b", "a"]


class TestChanges:
    async def test_what_was_chosen_stays_when_its_rule_changes(
        self, engine: Engine, examined: Callable[..., Exchange]
    ) -> None:
        engine.put([rule("a", effect={"kind": "unavailable"})])
        exchange = examined()
        before = engine.choose(exchange)
        engine.put([rule("a", effect={"kind": "bad-gateway"})])
        after = engine.choose(exchange)
        engine.clear()
        answers = [await fault.instead(exchange, None) for fault in (before, after)]
        assert [answer.form.status for answer in answers] == [503, 502]
        assert [firing.kind for fault in (before, after) for firing in fault.firings] == ["unavailable", "bad-gateway"]

    def test_other_rules_and_other_traffic_do_not_disturb_a_rule(
        self, clock: MovableClock, request_for: Callable[..., Exchange]
    ) -> None:
        half = rule("half", match={"method": "GET"}, when={"probability": 0.5})

        def hit(engine: Engine, disturb: Callable[[int], object]) -> list[int]:
            found = []
            for n in range(1, 51):
                disturb(n)
                found += [count for name, count in fired(engine.choose(request_for())) if name == "half"]
            return found

        alone = Engine(clock, seed=7)
        alone.put([half])
        undisturbed = hit(alone, lambda n: None)
        beside = Engine(clock, seed=7)
        beside.put([rule("first", when={"probability": 0.5}), half])

        def disturb(n: int) -> None:
            for _ in range(n % 3):
                beside.choose(request_for(method="POST"))
            if n % 10 == 0:
                beside.put([rule(f"more-{n}")])

        assert hit(beside, disturb) == undisturbed
        assert 10 < len(undisturbed) < 40

    @pytest.mark.parametrize(("seed", "same"), [(7, True), (8, False)])
    def test_the_seed_settles_every_decision(
        self, clock: MovableClock, request_for: Callable[..., Exchange], seed: int, same: bool
    ) -> None:
        def run(seed: int) -> list[list[tuple[str, int]]]:
            engine = Engine(clock, seed=seed)
            engine.put([rule("a", when={"probability": 0.3}), rule("b", when={"probability": 0.3})])
            return [fired(engine.choose(request_for())) for _ in range(100)]

        assert (run(seed) == run(7)) is same
