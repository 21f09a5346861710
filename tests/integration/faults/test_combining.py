"""Several rules on one request: what a consumer sees, what the provider gets, and what the trail tells of it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from support import setup
from support.stub import OK

from ssp_emulator import outcome
from ssp_emulator.faults.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.running import Running
    from support.stub import StubProvider
    from support.wire import Answer, Wire

    from ssp_emulator.exchange import Exchange
    from ssp_emulator.faults.fault import Fault

REFUSED_BEFORE = "nothing: the provider would not have been asked"


def put(ssp: Running, *rules: dict[str, Any]) -> None:
    """Put rules in force, each named as its kind unless it says otherwise."""
    ssp.emulator.faults.put([Rule.model_validate({"name": rule["effect"]["kind"], **rule}) for rule in rules])


def did(ssp: Running) -> list[tuple[str, str | None]]:
    """What each rule did to the last request, in the order of the trail."""
    return [(fault["rule"], fault["did"]) for fault in ssp.record()["faults"]]


def diagnostics(answer: Answer) -> str:
    (issue,) = answer.json()["issue"]
    return issue["diagnostics"]


async def test_a_delay_and_a_refusal_both_happen_whichever_comes_first(ssp: Running, provider: StubProvider) -> None:
    late, refused = {"effect": {"kind": "latency", "delay_ms": 60}}, {"effect": {"kind": "unavailable"}}
    told = {("latency", "waited 60 ms before the request"), ("unavailable", "refused with 503")}
    for rules in ([late, refused], [refused, late]):
        ssp.emulator.faults.clear()
        put(ssp, *rules)
        answer = await ssp.ask()
        assert answer.status == 503
        assert [rule for rule, _ in did(ssp)] == [rule["effect"]["kind"] for rule in rules]
        assert set(did(ssp)) == told
        assert ssp.record()["timings_ms"]["faults"] >= 60
    assert provider.received == []


async def test_delays_add_up_before_the_request_and_before_the_answer(ssp: Running, provider: StubProvider) -> None:
    put(
        ssp,
        {"name": "one", "effect": {"kind": "latency", "delay_ms": 40}},
        {"name": "two", "effect": {"kind": "latency", "delay_ms": 30}},
        {"name": "three", "effect": {"kind": "latency", "delay_ms": 50, "at": "answer"}},
    )
    answer = await ssp.ask()
    assert (answer.status, answer.body) == (200, b"ok")
    timings = ssp.record()["timings_ms"]
    assert timings["faults"] >= 70
    assert timings["total"] - timings["faults"] - timings["checks"] >= 50
    assert len(provider.received) == 1


async def test_of_two_refusals_the_first_rule_s_is_said(ssp: Running, provider: StubProvider) -> None:
    put(ssp, {"effect": {"kind": "asid-check-failed"}}, {"effect": {"kind": "bad-gateway"}})
    answer = await ssp.ask()
    assert answer.status == 403
    assert diagnostics(answer) == outcome.asid_check_failed(setup.CONSUMER).text
    assert did(ssp) == [
        ("asid-check-failed", "refused with 403"),
        ("bad-gateway", "nothing: asid-check-failed came first"),
    ]
    assert ssp.record()["denial"]["reason"] == "asid-check-failed"
    assert provider.received == []


async def test_what_comes_after_an_end_says_so_and_what_comes_after_nothing_acts(ssp: Running) -> None:
    put(ssp, {"effect": {"kind": "close-idle"}}, {"effect": {"kind": "close"}}, {"effect": {"kind": "bad-gateway"}})
    wire = await ssp.wire()
    await wire.send(ssp.request())

    assert await wire.is_closed()
    assert did(ssp) == [
        ("close-idle", "nothing: the connection was new"),
        ("close", "closed the connection before the provider was asked"),
        ("bad-gateway", "nothing: close came first"),
    ]


@pytest.mark.parametrize("turned", [False, True])
async def test_an_imitated_answer_is_cut_off_like_any_other(ssp: Running, provider: StubProvider, turned: bool) -> None:
    rules = [
        {"effect": {"kind": "provider-error", "code": "PATIENT_NOT_FOUND"}},
        {"effect": {"kind": "truncate", "after_bytes": 20}},
    ]
    put(ssp, *(reversed(rules) if turned else rules))
    wire = await ssp.wire()
    await wire.send(ssp.request())
    head = await wire.head()
    body = await asyncio.wait_for(wire.reader.read(), 5)

    assert head.status == 404
    assert int(head.one("Content-Length")) > 20
    assert len(body) == 20
    assert b'{"resourceType":"Operat'.startswith(body)
    assert dict(did(ssp)) == {
        "provider-error": "answered 404 PATIENT_NOT_FOUND in the provider's place",
        "truncate": "closed the connection after 20 bytes of the body",
    }
    record = ssp.record()
    assert (record["status"], record["broken_off"], record["bytes"]["to_consumer"]) == (404, True, 20)
    assert provider.received == []


class TestRealDenials:
    """A request that a check denies: an agreement is missing, and 403 is the answer."""

    @staticmethod
    def verdicts(ssp: Running) -> dict[str, str]:
        return {check["check"]: check["result"] for check in ssp.record()["checks"]}

    async def ask(self, ssp: Running) -> Answer:
        return await ssp.ask(Ssp_From=setup.OTHER_CONSUMER, Ssp_TraceID="9c2a4f0e-3b1d-4e57-8a60-5d1f7b2c9e34")

    async def test_one_stays_where_the_provider_would_have_erred(self, ssp: Running, provider: StubProvider) -> None:
        plain = await self.ask(ssp)
        unharmed = ssp.record()
        put(ssp, {"effect": {"kind": "provider-error", "code": "PATIENT_NOT_FOUND"}})
        answer = await self.ask(ssp)

        assert answer.status == plain.status == 403
        assert diagnostics(answer) == diagnostics(plain)
        assert did(ssp) == [("provider-error", REFUSED_BEFORE)]
        assert ssp.record()["denial"] == unharmed["denial"]
        assert provider.received == []

    async def test_one_is_replaced_by_an_imitated_one_and_the_verdicts_stay(self, ssp: Running) -> None:
        await self.ask(ssp)
        unharmed = ssp.record()["checks"]
        assert self.verdicts(ssp)["agreement"] == "fail"
        put(ssp, {"effect": {"kind": "gateway-timeout"}})
        answer = await self.ask(ssp)

        assert answer.status == 504
        assert did(ssp) == [("gateway-timeout", "refused with 504")]
        assert ssp.record()["denial"]["reason"] == "gateway-timeout"
        assert ssp.record()["checks"] == unharmed

    async def test_the_verdicts_of_a_good_request_stay_too(self, ssp: Running) -> None:
        await ssp.ask()
        unharmed = self.verdicts(ssp)
        put(ssp, {"effect": {"kind": "fot-check-failed"}})
        assert (await ssp.ask()).status == 403
        assert self.verdicts(ssp) == unharmed
        assert "fail" not in unharmed.values()


class Halves:
    """A provider that answers by halves: the second when a test says so."""

    def __init__(self, provider: StubProvider) -> None:
        self.asked, self.go_on = asyncio.Event(), asyncio.Event()
        provider.play = self._play

    async def _play(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            self.asked.set()
            writer.write(OK.replace(b"Length: 2", b"Length: 8")[:-2] + b"half")
            await self.go_on.wait()
            writer.write(b"half")


CUT_AT_6 = {"name": "cut", "effect": {"kind": "truncate", "after_bytes": 6}}
CUT_AT_1 = {"name": "cut", "effect": {"kind": "truncate", "after_bytes": 1}}


@pytest.mark.parametrize(
    ("change", "after"),
    [
        (lambda ssp: put(ssp, CUT_AT_1), b"h"),
        (lambda ssp: ssp.emulator.faults.remove("cut"), b"halfhalf"),
        (lambda ssp: ssp.emulator.faults.clear(), b"halfhalf"),
        (lambda ssp: put(ssp, {"name": "other", "effect": {"kind": "truncate", "after_bytes": 2}}), b"ha"),
    ],
    ids=["replaced", "removed", "cleared", "another added"],
)
async def test_a_request_that_began_before_a_change_is_not_torn(
    ssp: Running, provider: StubProvider, change: Any, after: bytes
) -> None:
    halves = Halves(provider)
    put(ssp, CUT_AT_6)
    first = await ssp.wire()
    await first.send(ssp.request())
    await first.head()
    assert await first.reader.readexactly(4) == b"half"
    change(ssp)
    halves.go_on.set()

    assert await rest(first) == b"ha"
    assert did(ssp) == [("cut", "closed the connection after 6 bytes of the body")]
    second = await ssp.wire()
    await second.send(ssp.request())
    assert int((await second.head()).one("Content-Length")) == 8
    assert await second.reader.readexactly(len(after)) == after
    if after != b"halfhalf":
        assert await rest(second) == b""


async def rest(wire: Wire) -> bytes:
    """What still comes before the connection closes."""
    return await asyncio.wait_for(wire.reader.read(), 5)


async def test_a_request_that_waits_keeps_what_was_chosen_for_it(
    ssp: Running, provider: StubProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults, chosen = ssp.emulator.faults, asyncio.Event()

    def choose(exchange: Exchange, choose: Callable[[Exchange], Fault] = faults.choose) -> Fault:
        chosen.set()
        return choose(exchange)

    monkeypatch.setattr(faults, "choose", choose)
    put(ssp, {"effect": {"kind": "latency", "delay_ms": 150}}, {"effect": {"kind": "unavailable"}})
    first = await ssp.wire()
    await first.send(ssp.request())
    await asyncio.wait_for(chosen.wait(), 5)
    faults.clear()
    assert (await ssp.ask()).status == 200
    assert (await first.answer()).status == 503


async def test_what_was_held_of_an_answer_that_broke_off_is_no_part_of_the_next(
    ssp: Running, provider: StubProvider
) -> None:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"P" * 500)
        await writer.drain()
        writer.transport.abort()

    provider.play = play
    put(ssp, {"effect": {"kind": "dribble", "bytes": 1000, "every_ms": 0}})
    wire = await ssp.wire()

    answers = [await wire.ask(ssp.request()) for _ in range(2)]

    assert [answer.status for answer in answers] == [502, 502]
    assert [diagnostics(answer) for answer in answers] == [outcome.bad_gateway(f"{setup.ROOT}/Binary/1").text] * 2


@pytest.mark.parametrize("kind", ["close", "reset", "garbage"])
async def test_an_interim_answer_is_no_word_of_one_that_is_held_back(
    ssp: Running, provider: StubProvider, kind: str
) -> None:
    provider.answer = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + OK
    put(ssp, {"effect": {"kind": kind, "at": "answer"}})
    wire = await ssp.wire()
    await wire.send(ssp.request())
    received = b""
    with suppress(ConnectionError):
        while piece := await asyncio.wait_for(wire.reader.read(1 << 16), 5):
            received += piece

    assert b"103" not in received
    assert received.startswith(b"HTTP/") is False


async def test_a_request_that_is_refused_stays_so_whatever_it_asks_for(ssp: Running) -> None:
    wire = await ssp.wire(shown=None)

    answer = await wire.ask(ssp.request(fields=(("X-Ssp-Emulator-Fault", "unknown"),)))

    assert answer.status == 496
    assert await wire.is_closed()
    (note,) = ssp.record()["notes"]
    assert note.endswith(
        "should name fault rules that are in force and act on requests, which are: none; found unknown"
    )
