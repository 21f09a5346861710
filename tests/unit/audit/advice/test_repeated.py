"""What is used once only: trace IDs and tokens; and what is remembered of them."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import pytest
from support import setup, tokens

from ssp_emulator.audit.advice import Adviser
from ssp_emulator.audit.advice.memory import Memory, digest
from ssp_emulator.audit.advice.past import Past

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssp_emulator.clock import Clock
    from ssp_emulator.exchange import Exchange

    Advised = Callable[..., dict[str, str]]

TRACE_ID = "9c2a4f0e-3b1d-4e57-8a60-5d1f7b2c9e34"


@pytest.mark.parametrize("again", [TRACE_ID, TRACE_ID.upper()], ids=["as it was", "in upper case"])
@pytest.mark.parametrize("sender", [setup.CONSUMER, setup.OTHER_CONSUMER], ids=["the same sender", "another"])
def test_a_trace_id_is_used_once(advised: Advised, again: str, sender: str) -> None:
    assert advised(100.0, headers={"Ssp-TraceID": TRACE_ID}) == {}
    said = advised(102.5, headers={"Ssp-TraceID": again, "Ssp-From": sender})
    assert said["trace-id-repeated"] == f"{again}, used 2.500 s before"


def test_how_long_ago_is_told_from_the_last_time(advised: Advised) -> None:
    found = [
        advised(at, headers={"Ssp-TraceID": TRACE_ID}).get("trace-id-repeated", "").rpartition(", ")[2]
        for at in (0, 10, 11, 11)
    ]
    assert found == ["", "used 10.000 s before", "used 1.000 s before", "used 0.000 s before"]


def test_of_two_at_a_time_the_later_may_be_over_first(advised: Advised, clock: Clock) -> None:
    headers = {
        "Ssp-TraceID": TRACE_ID,
        "Authorization": tokens.bearer(tokens.gp_connect_1(clock.now().timestamp())),
    }
    assert advised(102.5, took=0.1, headers=headers) == {}
    assert advised(100.0, took=5.0, headers=headers) == {
        "trace-id-repeated": f"{TRACE_ID}, used 2.500 s before",
        "token-repeated": "the same token, first used 2.500 s before",
    }


def test_trace_ids_that_differ_are_not_repeated(advised: Advised) -> None:
    assert [advised(at) for at in range(20)] == [{}] * 20


def test_a_token_is_used_once(advised: Advised, clock: Clock) -> None:
    token = tokens.bearer(tokens.gp_connect_1(clock.now().timestamp()))
    said = [advised(at, headers={"Authorization": token}) for at in (0, 2.5, 3)]
    assert said == [
        {},
        {"token-repeated": "the same token, first used 2.500 s before"},
        {"token-repeated": "the same token, first used 3.000 s before"},
    ]


def test_two_tokens_of_the_same_second_may_be_alike(advised: Advised, clock: Clock) -> None:
    token = tokens.bearer(tokens.gp_connect_1(clock.now().timestamp()))
    said = [advised(at, headers={"Authorization": token}) for at in (0, 0.5, 1.0, 1.5, 1.99, 2.0)]
    assert [list(each) for each in said] == [[], [], [], [], [], ["token-repeated"]]


def test_a_scheme_in_other_letters_makes_no_other_token(advised: Advised, clock: Clock) -> None:
    token = tokens.bearer(tokens.gp_connect_1(clock.now().timestamp()))
    advised(headers={"Authorization": token})
    assert "token-repeated" in advised(5.0, headers={"Authorization": token.replace("Bearer ", "bearer ")})


@pytest.mark.parametrize("value", [None, "", "Basic dTpw", "Bearer no-token"])
def test_what_is_no_token_is_not_repeated(advised: Advised, value: str | None) -> None:
    assert [advised(at, headers={"Authorization": value}) for at in (0, 5)] == [{}, {}]


def test_a_token_itself_is_not_remembered(adviser: Adviser, over: Callable[..., Exchange]) -> None:
    exchange = over()
    adviser.advise(exchange)

    token = (exchange.sole("Authorization") or "").partition(" ")[2]
    held = pickle.dumps(adviser)
    assert all(part.encode() not in held for part in token.split(".") if part)
    assert (exchange.trace_id or "").encode() in held  # so that the line above can fail


def test_without_the_key_a_digest_says_nothing() -> None:
    assert digest("a", b"k") == digest("a", b"k")
    assert len({digest("a", b"k"), digest("b", b"k"), digest("a", b"l")}) == 3


def test_the_oldest_is_forgotten_where_there_is_no_room() -> None:
    memory: Memory[str, int] = Memory(2)
    assert [memory.put(key, number) for number, key in enumerate("aba")] == [None, None, 0]
    memory.put("c", 3)
    assert (len(memory), memory.get("a"), memory.get("b"), memory.get("c")) == (2, 2, None, 3)
    memory.forget("a")
    memory.forget("never there")
    assert (len(memory), memory.get("a")) == (1, None)


def test_no_memory_grows_without_end(over: Callable[..., Exchange]) -> None:
    past = Past(b"key", room=50)
    for number in range(300):
        past.meet(over(number, status=503, raw_target=f"/{setup.ROOT}/Binary/{number}"))
    assert len(past) == 50


def test_what_was_forgotten_is_not_repeated(over: Callable[..., Exchange]) -> None:
    adviser = Adviser(b"key", room=5)
    for at in range(10):
        assert adviser.advise(over(at, headers={"Ssp-TraceID": TRACE_ID} if at in (0, 9) else {})) == ()
