"""How a connection ends over TLS: all that was sent arrives first, wherever it waits, and nothing more is taken in."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any

import pytest
from support.ends import WAITING, connected

from ssp_emulator.faults.effects.effect import Ending
from ssp_emulator.proxy import endings

if TYPE_CHECKING:
    from ssp_emulator.pki.folder import CertificateFolder

ENDS: dict[Ending, tuple[str, bool]] = {
    Ending.CLOSE: ("FIN", True),
    Ending.DROP: ("FIN", False),
    Ending.RESET: ("RST", False),
}


@pytest.mark.parametrize("tls", [True, False], ids=["TLS", "plain"])
@pytest.mark.parametrize("how", ENDS)
async def test_what_waits_arrives_before_the_end(certificates: CertificateFolder, how: Ending, tls: bool) -> None:
    async with connected(certificates, tls=tls) as (met, theirs):
        transport = met.made
        transport.write(bytes(WAITING))
        waiting = transport.get_write_buffer_size()
        ending = asyncio.create_task(endings.end(transport, how))
        for _ in range(10):
            await asyncio.sleep(0)
        early = ending.done()
        seen = await theirs.ended()
        theirs.close()
        await asyncio.wait_for(ending, 5)

    assert waiting > 0  # else nothing had to be waited for, and the test shows nothing
    assert not early
    assert len(seen.data) == WAITING
    assert (seen.end, seen.close_notify) == (ENDS[how][0], ENDS[how][1] and tls)


@pytest.mark.parametrize("tls", [True, False], ids=["TLS", "plain"])
@pytest.mark.parametrize("how", [Ending.CLOSE, Ending.DROP])
async def test_what_comes_after_the_end_is_thrown_away(certificates: CertificateFolder, how: Ending, tls: bool) -> None:
    async with connected(certificates, tls=tls) as (met, theirs):
        theirs.replies = False
        ending = asyncio.create_task(endings.end(met.made, how))
        seen = await theirs.ended()
        for _ in range(20):
            await theirs.send(bytes(1000))
            await asyncio.sleep(0.001)
        listens = not ending.done()
        theirs.close()
        await asyncio.wait_for(asyncio.gather(ending, met.lost), 5)

    assert listens
    assert met.received == b""
    assert seen.end == "FIN"


@pytest.mark.parametrize("how", [Ending.CLOSE, Ending.DROP])
async def test_who_does_not_close_too_is_listened_to_for_a_while_only(
    certificates: CertificateFolder, how: Ending
) -> None:
    async with connected(certificates, farewell_s=0.05) as (met, theirs):
        theirs.replies = False
        await asyncio.wait_for(endings.end(met.made, how), 5)
        await asyncio.wait_for(met.lost, 5)

        assert (await theirs.ended()).end == "FIN"


@pytest.mark.parametrize("how", ENDS)
async def test_who_takes_nothing_is_not_waited_for_for_ever(
    certificates: CertificateFolder, how: Ending, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endings, "_PATIENCE_S", 0.05)
    async with connected(certificates) as (met, _):
        met.made.write(bytes(WAITING))
        await asyncio.wait_for(endings.end(met.made, how), 5)
        await asyncio.wait_for(met.lost, 5)


COUNTS: dict[str, tuple[list[int], bool]] = {
    "nothing": ([0], True),
    "going down": ([3, 2, 1, 0], True),
    "up and down": ([1, 5, 1, 0], True),
    "standing": ([3, 2], False),
}


@pytest.mark.parametrize(("counts", "emptied"), COUNTS.values(), ids=COUNTS)
async def test_a_count_is_waited_for_as_long_as_it_goes_down(counts: list[int], emptied: bool) -> None:
    left: Any = iter(counts)

    waiting = endings.emptied(lambda: next(left, counts[-1]), patience_s=0.05)

    assert await asyncio.wait_for(waiting, 5) == emptied


@pytest.mark.parametrize("first", ["ours", "theirs"])
async def test_a_connection_that_is_closed_is_left(first: str) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"bytes that nobody has read")
        (ours if first == "ours" else theirs).close()
        await asyncio.wait_for(endings.left(ours), 5)


async def test_a_connection_that_is_open_is_not_left() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        waiting = asyncio.create_task(endings.left(ours))
        assert await asyncio.wait({waiting}, timeout=0.3) == (set(), {waiting})
        theirs.close()
        await asyncio.wait_for(waiting, 5)
