"""A body is taken as it came, held back where nobody takes it, and never waited for in vain."""

from __future__ import annotations

import asyncio

import pytest

from ssp_emulator.proxy.body import _HIGH_WATER, Body, BrokenBodyError


class Read:
    """A body, and what was asked of whoever reads it."""

    def __init__(self, *, whole: bool = False) -> None:
        self.asked: list[str] = []
        self.body = Body(lambda: self.asked.append("hold"), lambda: self.asked.append("let go"), whole=whole)


async def soon(body: Body) -> bytes:
    return await asyncio.wait_for(body.taken(), 5)


async def waits(task: asyncio.Task[bytes] | asyncio.Task[None]) -> bool:
    for _ in range(5):
        await asyncio.sleep(0)
    return not task.done()


async def test_what_has_come_is_taken_at_once_and_what_comes_later_wakes_who_waits() -> None:
    body = Read().body
    body.came(b"one ")
    body.came(b"two")
    first = await soon(body)
    taking = asyncio.create_task(body.taken())
    waited = await waits(taking)
    body.came(b"three")

    assert (first, waited, await asyncio.wait_for(taking, 5)) == (b"one two", True, b"three")


async def test_the_end_comes_behind_the_last_piece_and_stays() -> None:
    body = Read().body
    body.came(b"last")
    body.end()

    assert [await soon(body) for _ in range(3)] == [b"last", b"", b""]
    assert body.whole


async def test_the_end_wakes_who_waits_for_a_piece() -> None:
    body = Read().body
    taking = asyncio.create_task(body.taken())
    waited = await waits(taking)
    body.end()

    assert (waited, await asyncio.wait_for(taking, 5)) == (True, b"")


async def test_no_body_is_whole_from_the_start() -> None:
    body = Read(whole=True).body

    assert (body.whole, await soon(body)) == (True, b"")
    await asyncio.wait_for(body.ended(), 5)


async def test_what_breaks_the_rules_is_told_behind_what_came_before_it() -> None:
    body = Read().body
    body.came(b"good")
    body.fail("it is no chunk")

    assert await soon(body) == b"good"
    for wait in (body.taken, body.ended):
        with pytest.raises(BrokenBodyError, match="it is no chunk"):
            await asyncio.wait_for(wait(), 5)
    assert not body.whole


@pytest.mark.parametrize("for_the_end", [False, True])
async def test_a_failure_wakes_who_waits(for_the_end: bool) -> None:
    body = Read().body
    waiting = asyncio.create_task(body.ended() if for_the_end else body.taken())
    waited = await waits(waiting)
    body.fail("the connection was lost")

    assert waited
    with pytest.raises(BrokenBodyError, match="the connection was lost"):
        await asyncio.wait_for(waiting, 5)


async def test_a_failure_behind_the_end_is_no_concern_of_the_body() -> None:
    body = Read().body
    body.came(b"whole")
    body.end()
    body.fail("the next request is none")

    assert [await soon(body), await soon(body)] == [b"whole", b""]


async def test_too_much_is_held_back_until_it_is_taken() -> None:
    read = Read()
    read.body.came(bytes(_HIGH_WATER))
    at_the_brim = list(read.asked)
    read.body.came(b"x")
    too_much = list(read.asked)
    taken = await soon(read.body)
    read.body.came(bytes(_HIGH_WATER))

    assert (at_the_brim, too_much, len(taken)) == ([], ["hold"], _HIGH_WATER + 1)
    assert read.asked == ["hold", "let go"]


async def test_one_that_was_not_held_back_is_not_let_go() -> None:
    read = Read()
    read.body.came(b"little")
    await soon(read.body)

    assert read.asked == []


async def test_what_nobody_wants_is_thrown_away_and_holds_nothing_back() -> None:
    read = Read()
    read.body.came(bytes(_HIGH_WATER + 1))
    read.body.discard()
    read.body.came(bytes(_HIGH_WATER + 1))
    ending = asyncio.create_task(read.body.ended())
    waited = await waits(ending)
    read.body.end()
    await asyncio.wait_for(ending, 5)

    assert (waited, read.asked) == (True, ["hold", "let go"])
    assert await soon(read.body) == b""


async def test_who_stops_waiting_takes_nothing_with_him() -> None:
    body = Read().body
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await body.taken()
    body.came(b"later")

    assert await soon(body) == b"later"
