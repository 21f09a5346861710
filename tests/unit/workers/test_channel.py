"""The channel: requests and answers either way, of any size and in any order, and its end."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs
from support.waiting import PATIENCE_S

from ssp_emulator.workers.channel import Channel, ChannelClosedError, Message

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    Answer = Callable[[str, Message], Awaitable[Message]]


async def echo(what: str, asked: Message) -> Message:
    return Message({"to": what, **asked.said}, asked.data[::-1])


@asynccontextmanager
async def connected(here: Answer = echo, there: Answer = echo) -> AsyncIterator[tuple[Channel, Channel]]:
    """Two channels that speak to each other, each with what answers there."""
    ends = Channel(here), Channel(there)
    for channel, end in zip(ends, socket.socketpair(), strict=True):
        await channel.open(end)
    try:
        async with asyncio.timeout(PATIENCE_S):
            yield ends
    finally:
        for channel in ends:
            await channel.close()


@pytest.mark.parametrize("data", [b"", b"\0\xff", bytes(range(256)) * 40_000], ids=["none", "a few", "10 MB"])
async def test_a_request_is_answered_either_way(data: bytes) -> None:
    async with connected() as ends:
        for channel in ends:
            assert await channel.ask("it", {"text": "ünï\n"}, data) == ({"to": "it", "text": "ünï\n"}, data[::-1])


async def test_answers_come_to_who_asked_in_whatever_order_they_are_made() -> None:
    go_on = asyncio.Event()

    async def slow_first(what: str, asked: Message) -> Message:
        if what == "first":
            await go_on.wait()
        else:
            go_on.set()
        return Message({"to": what})

    async with connected(there=slow_first) as (here, _):
        answers = await asyncio.gather(here.ask("first"), here.ask("second"))

    assert [answer.said["to"] for answer in answers] == ["first", "second"]


async def test_who_waits_for_an_answer_is_told_when_the_other_end_is_gone() -> None:
    never = asyncio.Event()

    async def not_at_all(what: str, asked: Message) -> Message:
        await never.wait()
        return asked

    async with connected(there=not_at_all) as (here, there):
        waiting = asyncio.create_task(here.ask("it"))
        await asyncio.sleep(0)
        await there.close()
        with pytest.raises(ChannelClosedError):
            await waiting
        await here.ended()
        with pytest.raises(ChannelClosedError):
            await here.ask("another")


async def test_who_asks_for_what_fails_does_not_wait_and_the_log_says_what_it_was() -> None:
    async def fail(what: str, asked: Message) -> Message:
        raise ZeroDivisionError(what)

    with capture_logs() as logged:
        async with connected(there=fail) as (here, there):
            with pytest.raises(ChannelClosedError):
                await here.ask("it")
            await there.ended()

    assert [(line["asked"], line["log_level"]) for line in logged] == [("it", "error")]


async def test_who_asks_no_more_loses_nothing_but_its_answer() -> None:
    go_on = asyncio.Event()

    async def later(what: str, asked: Message) -> Message:
        await go_on.wait()
        return Message({"to": what})

    async with connected(there=later) as (here, _):
        impatient = asyncio.create_task(here.ask("impatient"))
        await asyncio.sleep(0)
        impatient.cancel()
        await asyncio.gather(impatient, return_exceptions=True)
        go_on.set()
        assert (await here.ask("patient")).said == {"to": "patient"}
