"""A consumer's connection: one request after the other, each to its end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from support.handling import Held, get, met, post
from support.waiting import until

from ssp_emulator.proxy import connection as module

if TYPE_CHECKING:
    from ssp_emulator.proxy.connection import Connection
    from ssp_emulator.proxy.request import Request


# One after the other.


async def test_requests_that_come_together_are_handled_in_turn_and_read_no_further() -> None:
    async with met() as one:
        one.handling.does = held = Held()
        await one.theirs.send(get("/1") + get("/2") + get("/3"))
        await held.is_reached()
        meanwhile = list(one.handling.came), one.connection.transport.is_reading()  # type: ignore[union-attr]
        held.go_on.set()
        seen = await one.theirs.until(9)

        assert meanwhile == (["/1"], False)
        assert seen.data == b"/1\n/2\n/3\n"
        assert one.connection.transport.is_reading()  # type: ignore[union-attr]
        assert one.connection.requests == 3


async def test_who_asks_and_asks_is_held_back() -> None:
    """Ten megabytes of requests behind one that is under way: few are read at a time."""
    async with met() as one:
        one.handling.does = held = Held()
        sending = asyncio.create_task(one.theirs.send(get() * 300_000))
        await held.is_reached()
        for _ in range(100):
            await asyncio.sleep(0)
        waiting, sent = len(one.connection._reader.requests), sending.done()
        most = 0

        async def look(*_: object) -> None:
            nonlocal most
            most = max(most, len(one.connection._reader.requests))

        one.handling.does = look
        held.go_on.set()
        seen = await one.theirs.until(3 * 10_000)
        sending.cancel()

        assert waiting < 1000
        assert not sent
        assert seen.data == b"/a\n" * (len(seen.data) // 3) + b"/a\n"[: len(seen.data) % 3]
        assert most < 2000


async def test_a_body_is_held_back_while_nobody_takes_it_and_comes_whole() -> None:
    length = 10_000_000
    async with met() as one:
        held, received = Held(), 0

        async def takes(request: Request, _: Connection) -> None:
            nonlocal received
            await held()
            while piece := await request.body.taken():
                received += len(piece)

        one.handling.does = takes
        sending = asyncio.create_task(one.theirs.send(post(length) + bytes(length) + get()))
        await held.is_reached()
        await until(lambda: not one.connection.transport.is_reading())  # type: ignore[union-attr]
        early = sending.done()
        held.go_on.set()
        seen = await one.theirs.until(len(b"/upload\n"))
        await sending
        one.handling.does = None
        seen = await one.theirs.until(len(b"/upload\n/a\n"))

        assert not early
        assert received == length
        assert seen.data == b"/upload\n/a\n"


async def test_what_is_no_request_is_told_and_ends_the_connection() -> None:
    async with met() as one:
        await one.theirs.send(get() + b"nonsense\r\n\r\n" + get("/hidden"))

        assert await one.said() == b"/a\nno request\n"
        assert one.handling.came == ["/a"]
        assert [problem for _, problem in one.handling.unreadable] == ["the method is not one that HTTP knows"]
        assert one.connection.requests == 2


async def test_the_bytes_that_are_no_request_are_handed_over() -> None:
    async with met() as one:
        await one.theirs.send(get())
        await one.theirs.until(3)
        await one.theirs.send(b"GET /a HTTP/1.1\r\nX : y\r\n\r\n")
        await one.said()

        assert one.handling.unreadable == [(b"GET /a HTTP/1.1\r\nX : y\r\n\r\n", "Invalid header token")]


@pytest.mark.parametrize("says", [b"Connection: close\r\n", b"Connection: upgrade\r\nUpgrade: h2c\r\n"])
async def test_behind_the_last_request_nothing_is_handled(says: bytes) -> None:
    async with met() as one:
        await one.theirs.send(get("/1").replace(b"Host: ssp\r\n", says) + get("/2"))

        assert await one.said() == b"/1\n"
        assert (one.handling.came, one.handling.unreadable) == (["/1"], [])


async def test_an_answer_that_ends_the_connection_is_the_last() -> None:
    async with met() as one:
        one.handling.keeps = False
        await one.theirs.send(get("/1") + get("/2"))

        assert await one.said() == b"/1\n"
        assert one.handling.came == ["/1"]


# Bodies that nobody wants.


async def test_what_is_left_of_a_refused_upload_is_read_before_the_next_request() -> None:
    length = 3_000_000
    async with met() as one:
        await one.theirs.send(post(length))
        await one.theirs.until(len(b"/upload\n"))
        await one.theirs.send(bytes(length) + get())
        seen = await one.theirs.until(len(b"/upload\n/a\n"))

        assert seen.data == b"/upload\n/a\n"


async def test_one_that_does_not_come_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LINGER_S", 0.05)
    async with met() as one:
        await one.theirs.send(post(100) + b"half")

        assert await one.said() == b"/upload\n"
        assert one.theirs.seen.end == "FIN"


async def test_one_that_breaks_the_rules_ends_the_connection() -> None:
    async with met() as one:
        await one.theirs.send(b"POST /upload HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
        await one.theirs.until(len(b"/upload\n"))
        await one.theirs.send(b"zz\r\n" + get())

        assert await one.said() == b"/upload\n"
        assert one.handling.came == ["/upload"]


async def test_a_connection_that_ends_over_an_upload_reads_it_so_that_the_answer_arrives() -> None:
    """A RST over bytes that nobody has read could overtake the answer. Source: RFC 9112, 9.6."""
    length = 3_000_000
    async with met() as one:
        one.handling.keeps = False
        await one.theirs.send(post(length))
        await one.theirs.until(len(b"/upload\n"))
        await one.theirs.send(bytes(length))

        assert await one.said() == b"/upload\n"
        assert one.theirs.seen.end == "FIN"


# How long.


@pytest.mark.parametrize("asks", [b"", get(), get()[:-2]], ids=["at first", "after an answer", "within a head"])
async def test_an_idle_connection_is_closed_after_a_while(asks: bytes) -> None:
    async with met(keep_alive_s=0.05) as one:
        await one.theirs.send(asks)

        assert await one.said() == (b"/a\n" if asks == get() else b"")
        assert one.theirs.seen.end == "FIN"


async def test_one_with_a_request_under_way_is_not_idle() -> None:
    async with met(keep_alive_s=0.05) as one:
        one.handling.does = held = Held()
        await one.theirs.send(get())
        await held.is_reached()
        stays = await one.theirs.silent(0.3)
        held.go_on.set()

        assert stays
        assert await one.said() == b"/a\n"
