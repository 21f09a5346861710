"""A fault: what several rules do to one request, in one order whatever order they are in."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING, Any, cast

from pydantic import TypeAdapter

from ssp_emulator.faults.effects import AnyEffect
from ssp_emulator.faults.effects.effect import Effect, Imitation, Passing, Stage
from ssp_emulator.faults.fault import NOTHING, Fault, Fired
from ssp_emulator.faults.firing import Firing
from ssp_emulator.message import Head
from ssp_emulator.outcome import Denial

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    import pytest

    from ssp_emulator.exchange import Exchange
    from ssp_emulator.faults.effects.effect import Delivery, Door, Wire

WIRE = cast("Wire", None)


class Marker:
    """An effect that writes down when it acts, at any stage; the body and the answer get its letter."""

    def __init__(self, letter: str, log: list[str], *stages: Stage, answers: Imitation | None = None) -> None:
        self.letter = letter
        self.log = log
        self.stages = stages
        self._answers = answers

    async def wait(self, firing: Firing) -> None:
        self.log.append(f"wait {self.letter}")

    async def instead(self, exchange: Exchange, wire: Wire, firing: Firing) -> Imitation | None:
        self.log.append(f"instead {self.letter}")
        return self._answers

    async def upload(self, body: AsyncIterator[bytes], firing: Firing) -> AsyncIterator[bytes]:
        async for piece in body:
            yield piece + self.letter.encode()

    def around(self, following: Delivery, wire: Wire, firing: Firing) -> Delivery:
        return _Marked(self, following, wire, firing)

    async def greet(self, door: Door, firing: Firing) -> None:
        self.log.append(f"greet {self.letter}")


class _Marked(Passing):
    def __init__(self, marker: Marker, following: Delivery, wire: Wire, firing: Firing) -> None:
        super().__init__(following, wire, firing)
        self._marker = marker

    async def begin(self, head: Head, *, closes: bool = False) -> None:
        self._marker.log.append(f"head {self._marker.letter}")
        await super().begin(head, closes=closes)

    async def write(self, piece: bytes, *, last: bool) -> None:
        await super().write(piece + self._marker.letter.encode(), last=last)


class Kept:
    """The end of an answer's way."""

    def __init__(self) -> None:
        self.closes = False
        self.body = b""

    async def begin(self, head: Head, *, closes: bool = False) -> None:
        self.closes = closes

    async def write(self, piece: bytes, *, last: bool) -> None:
        self.body += piece


def fired(effect: object, rule: str = "rule") -> Fired:
    return Fired(cast("Effect", effect), Firing(rule, "marker", 1))


def real(**effect: Any) -> Fired:
    made: Effect = TypeAdapter(AnyEffect).validate_python(effect)
    return Fired(made, Firing(f"{made.kind}-rule", made.kind, 1))


def test_nothing_is_nothing() -> None:
    assert not NOTHING
    assert NOTHING.firings == []
    kept = Kept()
    assert NOTHING.delivery(kept, WIRE) is kept


async def test_nothing_answers_nothing(request_for: Callable[..., Exchange]) -> None:
    await NOTHING.wait()
    assert await NOTHING.instead(request_for(), WIRE) is None


async def test_an_answer_goes_by_the_stages_and_not_by_the_rules() -> None:
    stages = {"c": Stage.CONTENT, "d": Stage.DELAY, "p": Stage.PACE, "x": Stage.CUT}
    for order in permutations(stages):
        log: list[str] = []
        kept = Kept()
        way = Fault([fired(Marker(letter, log, stages[letter])) for letter in order]).delivery(kept, WIRE)
        await way.begin(Head(), closes=True)
        await way.write(b"body:", last=True)
        assert log == ["head c", "head d", "head p", "head x"], order
        assert kept.body == b"body:cdpx", order
        assert kept.closes


async def test_within_a_stage_the_order_is_that_of_the_rules() -> None:
    for order in permutations("abc"):
        log: list[str] = []
        fault = Fault([fired(Marker(letter, log, Stage.CONTENT, Stage.UPLOAD)) for letter in order])
        kept = Kept()
        await fault.delivery(kept, WIRE).write(b"", last=True)
        assert kept.body == "".join(order).encode()
        assert [piece async for piece in fault.upload(_body())] == ["".join(order).encode()]


async def _body() -> AsyncIterator[bytes]:
    yield b""


async def test_an_effect_acts_at_its_own_stages_only(request_for: Callable[..., Exchange]) -> None:
    log: list[str] = []
    fault = Fault([fired(Marker("a", log, Stage.UPLOAD)), fired(Marker("b", log, Stage.WAIT, Stage.INSTEAD))])
    await fault.wait()
    await fault.instead(request_for(), WIRE)
    await fault.greet(cast("Door", None))
    assert log == ["wait b", "instead b"]
    kept = Kept()
    assert fault.delivery(kept, WIRE) is kept


async def test_all_waits_are_waited_in_the_order_of_the_rules() -> None:
    log: list[str] = []
    await Fault([fired(Marker(letter, log, Stage.WAIT)) for letter in "bac"]).wait()
    assert log == ["wait b", "wait a", "wait c"]


async def test_all_that_greet_a_connection_do_so_in_the_order_of_the_rules() -> None:
    log: list[str] = []
    await Fault([fired(Marker(letter, log, Stage.CONNECTION)) for letter in "bac"]).greet(cast("Door", None))
    assert log == ["greet b", "greet a", "greet c"]


async def test_real_waits_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr("asyncio.sleep", sleep)
    fault = Fault(
        [
            real(kind="latency", delay_ms=40),
            real(kind="unavailable"),
            real(kind="latency", delay_ms=30, at="answer"),
            real(kind="latency", delay_ms=2),
        ]
    )
    await fault.wait()
    assert slept == [0.04, 0.002]
    way = fault.delivery(Kept(), WIRE)
    assert slept == [0.04, 0.002]
    await way.begin(Head())
    await way.begin(Head())  # anew, as where the provider broke off
    assert slept == [0.04, 0.002, 0.03]
    assert [firing.did for firing in fault.firings] == [
        ["waited 40 ms before the request"],
        [],
        ["waited 30 ms before the answer"],
        ["waited 2 ms before the request"],
    ]


async def test_the_first_that_answers_wins_and_the_others_say_so(examined: Callable[..., Exchange]) -> None:
    fault = Fault(
        [real(kind="bad-gateway"), real(kind="provider-error", code="PATIENT_NOT_FOUND"), real(kind="rate-limited")]
    )
    answer = await fault.instead(examined(), WIRE)
    assert isinstance(answer, Denial)
    assert answer.form.status == 502
    assert [firing.did for firing in fault.firings] == [
        ["refused with 502"],
        ["nothing: bad-gateway-rule came first"],
        ["nothing: bad-gateway-rule came first"],
    ]


async def test_one_that_has_nothing_to_say_wins_nothing(examined: Callable[..., Exchange]) -> None:
    exchange = examined(headers={"Ssp-From": "200000000999"})
    assert exchange.denial is not None
    fault = Fault(
        [real(kind="provider-error", code="PATIENT_NOT_FOUND"), real(kind="unavailable"), real(kind="bad-gateway")]
    )
    answer = await fault.instead(exchange, WIRE)
    assert isinstance(answer, Denial)
    assert answer.form.status == 503
    assert [firing.did for firing in fault.firings] == [
        ["nothing: the provider would not have been asked"],
        ["refused with 503"],
        ["nothing: unavailable-rule came first"],
    ]


async def test_where_all_have_nothing_to_say_the_request_goes_on(examined: Callable[..., Exchange]) -> None:
    log: list[str] = []
    fault = Fault([fired(Marker("a", log, Stage.INSTEAD)), fired(Marker("b", log, Stage.INSTEAD))])
    assert await fault.instead(examined(), WIRE) is None
    assert log == ["instead a", "instead b"]


def test_firings_are_told_in_the_order_of_the_rules() -> None:
    fault = Fault([real(kind="truncate", after_bytes=1), real(kind="latency", delay_ms=1), real(kind="unavailable")])
    assert [firing.kind for firing in fault.firings] == ["truncate", "latency", "unavailable"]
    assert fault
