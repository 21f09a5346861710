"""All connections together: known until they are gone, and drained when the emulator stops."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

from support.ends import pair
from support.handling import CLIENT, LONG, PATIENCE_S, Handling, Held, get
from support.raw import RawConsumer
from support.waiting import until

from ssp_emulator.proxy.channel import Plain
from ssp_emulator.proxy.connections import Connections
from ssp_emulator.proxy.transport import Transport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@asynccontextmanager
async def open_ones(count: int) -> AsyncIterator[tuple[Connections, Handling, list[RawConsumer]]]:
    handling = Handling()
    connections = Connections(cast("Any", handling), LONG)
    theirs = []
    for _ in range(count):
        ours, sock = await pair()
        Transport(ours, Plain(ours), connections.made(CLIENT))
        theirs.append(RawConsumer(sock, None))
    try:
        yield connections, handling, theirs
    finally:
        for one in theirs:
            one.close()
        await until(lambda: not connections)


async def test_connections_are_known_until_they_are_gone() -> None:
    async with open_ones(3) as (connections, _, theirs):
        before = len(connections)
        theirs[0].close()
        await until(lambda: len(connections) == 2)

        assert before == 3


async def test_those_that_are_idle_hold_no_drain_up() -> None:
    async with open_ones(3) as (connections, _, _):
        await asyncio.wait_for(connections.drain(LONG), PATIENCE_S)
        await until(lambda: not connections)


async def test_a_drain_waits_for_answers_and_closes_behind_them() -> None:
    async with open_ones(2) as (connections, handling, theirs):
        handling.does = held = Held()
        await theirs[0].send(get("/1") + get("/2"))
        await held.is_reached()
        draining = asyncio.create_task(connections.drain(LONG))
        idle = await theirs[1].ended()
        early = draining.done()
        held.go_on.set()
        seen = await theirs[0].ended()
        await asyncio.wait_for(draining, PATIENCE_S)

        assert (early, idle.end, seen.data) == (False, "FIN", b"/1\n")


async def test_what_does_not_end_in_time_is_cut_off_and_has_its_last_words() -> None:
    async with open_ones(1) as (connections, handling, theirs):
        handling.does = held = Held()
        await theirs[0].send(get("/1"))
        await held.is_reached()
        await asyncio.wait_for(connections.drain(0.05), PATIENCE_S)
        seen = await theirs[0].ended()

        assert handling.ended == ["/1"]
        assert seen.data == b""
