"""A consumer's connection ends in good order, whoever ends it and whenever that comes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from support.handling import CLIENT, LONG, Held, get, met, post, say
from support.waiting import until

from ssp_emulator.proxy import connection
from ssp_emulator.proxy.body import BrokenBodyError
from ssp_emulator.proxy.connection import Connection

if TYPE_CHECKING:
    from ssp_emulator.proxy.request import Request


# Who leaves.


async def test_who_handles_a_request_is_cancelled_when_its_consumer_leaves_and_only_then_it_is_gone() -> None:
    async with met() as one:
        held, last_words = Held(), asyncio.Event()

        async def handles(*_: object) -> None:
            try:
                await held()
            except asyncio.CancelledError:
                await last_words.wait()
                raise

        one.handling.does = handles
        await one.theirs.send(get())
        await held.is_reached()
        one.theirs.close()
        await until(lambda: one.connection.transport is None)
        gone_early, busy = bool(one.lost), one.connection.busy
        last_words.set()
        await one.is_gone()

        assert (gone_early, busy) == (False, True)
        assert (one.handling.ended, one.handling.unasked) == (["/a"], [])
        assert not one.connection.busy


async def test_a_body_breaks_off_when_its_consumer_leaves() -> None:
    async with met() as one:
        told: list[str] = []

        async def takes(request: Request, _: Connection) -> None:
            await request.body.taken()
            one.theirs.close()
            try:
                await request.body.taken()
            except (BrokenBodyError, asyncio.CancelledError) as error:
                told.append(str(error))
                raise

        one.handling.does = takes
        await one.theirs.send(post(10) + b"half")
        await one.is_gone()

        assert told in (["the connection was lost"], [""])


async def test_who_waits_for_room_goes_on_when_the_consumer_leaves() -> None:
    async with met() as one:
        waited: list[bool] = []

        async def floods(_: Request, connection: Connection) -> None:
            assert connection.transport is not None
            while connection.transport.get_write_buffer_size() < 100_000:
                say(connection, bytes(100_000))
            one.theirs.reset()
            try:
                await connection.room()
            finally:
                waited.append(connection.transport is None)

        one.handling.does = floods
        await one.theirs.send(get())
        await one.is_gone()

        assert waited == [True]


async def test_who_leaves_without_a_word_is_told_of() -> None:
    async with met() as one:
        one.theirs.close()
        await one.is_gone()

        assert one.handling.unasked == [CLIENT]


async def test_half_a_request_is_none() -> None:
    async with met() as one:
        await one.theirs.send(get()[:-4])
        await one.theirs.finish()
        await one.is_gone()

        assert (one.handling.came, one.handling.unreadable, one.handling.unasked) == ([], [], [CLIENT])


async def test_what_comes_to_the_deaf_is_thrown_away() -> None:
    async with met() as one:
        one.handling.does = held = Held()
        await one.theirs.send(get("/1"))
        await held.is_reached()
        one.connection.deaf = True
        await one.theirs.send(get("/2") * 100_000)
        held.go_on.set()
        await one.theirs.until(3)
        await one.theirs.finish()
        await one.is_gone()

        assert one.handling.came == ["/1"]


# Who is sent away.


async def test_one_that_is_idle_retires_at_once() -> None:
    async with met() as one:
        await one.theirs.send(get())
        await one.theirs.until(3)
        await until(lambda: not one.connection.busy)
        one.connection.retire()
        await one.theirs.ended()

        assert one.theirs.seen.end == "FIN"


async def test_one_that_is_busy_retires_with_its_answer() -> None:
    async with met() as one:
        one.handling.does = held = Held()
        await one.theirs.send(get("/1") + get("/2"))
        await held.is_reached()
        one.connection.retire()
        stays = await one.theirs.silent(0.05)
        held.go_on.set()

        assert stays
        assert await one.said() == b"/1\n"
        assert one.handling.came == ["/1"]


async def test_one_that_only_reads_what_nobody_wants_retires_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_LINGER_S", LONG)
    async with met() as one:
        await one.theirs.send(post(100))
        await one.theirs.until(len(b"/upload\n"))
        busy = one.connection.busy
        one.connection.retire()

        assert busy
        assert await one.said() == b"/upload\n"


@pytest.mark.parametrize(("asks", "answer"), [(get(), b"/a\n"), (b"nonsense\r\n\r\n", b"no request\n")])
async def test_one_that_has_just_read_a_request_retires_with_its_answer(asks: bytes, answer: bytes) -> None:
    class Retiring(Connection):
        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self.retire()

    async with met(kind=Retiring) as one:
        await one.theirs.send(asks)

        assert await one.said() == answer


async def test_a_defect_of_the_handler_breaks_the_connection_off_and_is_told() -> None:
    async with met() as one:

        async def fails(*_: object) -> None:
            raise LookupError("a defect")

        one.handling.does = fails
        await one.theirs.send(get("/1") + get("/2"))

        assert await one.said() == b""
        assert [str(error) for error in one.handling.failures] == ["a defect"]
        assert one.handling.came == ["/1"]
