"""The last piece of an answer is waited for until it is on its way: behind it the connection may close."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from multidict import CIMultiDict
from support.ends import WAITING, connected

from ssp_emulator.message import Framing, Head
from ssp_emulator.proxy.errors import ConsumerGone
from ssp_emulator.proxy.outlet import Outlet

if TYPE_CHECKING:
    from support.ends import Met

    from ssp_emulator.pki.folder import CertificateFolder

ROOM = 64 * 1024 * 1024  # so much may wait before more is held back
TLS = pytest.mark.parametrize("tls", [True, False], ids=["TLS", "plain"])


async def outlet(met: Met, *, patience_s: float) -> Outlet:
    """Begin an answer, the first on its connection."""
    request = SimpleNamespace(keeps_alive=True, version=(1, 1), headers=CIMultiDict())
    exchange = SimpleNamespace(status=None, bytes_out=0, additions=(), samples=None)

    async def settle(_: object) -> None:
        """Write nothing down."""

    made = Outlet(met, cast("Any", request), cast("Any", exchange), settle, patience_s=patience_s)
    await made.begin(Head(200, b"OK", [], Framing.LENGTH))
    return made


@TLS
async def test_the_last_piece_is_waited_for_until_it_is_on_its_way(certificates: CertificateFolder, tls: bool) -> None:
    async with connected(certificates, tls=tls) as (met, theirs):
        met.made.set_write_buffer_limits(high=ROOM)
        to_it = await outlet(met, patience_s=10)
        await to_it.write(b"x", last=False)
        writing = asyncio.create_task(to_it.write(bytes(WAITING), last=True))
        for _ in range(10):
            await asyncio.sleep(0)
        early, waiting = writing.done(), met.made.get_write_buffer_size()
        await theirs.until(WAITING + 1)
        await asyncio.wait_for(writing, 5)

        assert waiting > 0  # else there was nothing to wait for
        assert not early
        assert met.made.get_write_buffer_size() == 0
        assert met.made.get_write_buffer_limits()[1] == ROOM


async def small_answer(met: Met) -> None:
    await (await outlet(met, patience_s=10)).write(bytes(5000), last=True)


@TLS
async def test_a_small_answer_is_waited_for_as_well_where_there_is_no_room_for_it(
    certificates: CertificateFolder, tls: bool
) -> None:
    async with connected(certificates, tls=tls) as (met, theirs):
        sent, blocked = 0, False
        while not blocked:
            writing = asyncio.create_task(small_answer(met))
            sent += 1
            for _ in range(10):
                await asyncio.sleep(0)
            blocked = not writing.done()
            waiting = met.made.get_write_buffer_size()
            assert (waiting > 0) is blocked
        await theirs.until(sent * 5000)
        await asyncio.wait_for(writing, 5)

        assert met.made.get_write_buffer_size() == 0


async def test_a_piece_that_is_not_the_last_is_not_waited_for_as_long_as_there_is_room(
    certificates: CertificateFolder,
) -> None:
    async with connected(certificates) as (met, _):
        met.made.set_write_buffer_limits(high=ROOM)
        to_it = await outlet(met, patience_s=10)

        await asyncio.wait_for(to_it.write(bytes(WAITING), last=False), 5)

        assert met.made.get_write_buffer_size() > 0


@TLS
@pytest.mark.parametrize("last", [True, False], ids=["the last piece", "a piece"])
async def test_a_consumer_that_takes_nothing_of_it_is_given_up(
    certificates: CertificateFolder, tls: bool, last: bool
) -> None:
    async with connected(certificates, tls=tls) as (met, _):
        to_it = await outlet(met, patience_s=0.05)

        with pytest.raises(ConsumerGone, match="took nothing for"):
            await to_it.write(bytes(4 * WAITING), last=last)
        assert to_it.gone


@TLS
async def test_a_consumer_that_takes_a_little_now_and_then_is_waited_for(
    certificates: CertificateFolder, tls: bool
) -> None:
    async with connected(certificates, tls=tls) as (met, theirs):
        to_it = await outlet(met, patience_s=0.3)
        writing = asyncio.create_task(to_it.write(bytes(10 * WAITING), last=True))
        for part in range(1, 11):
            await theirs.until(part * WAITING)
            await asyncio.sleep(0.05)
        await asyncio.wait_for(writing, 5)

        assert met.made.get_write_buffer_size() == 0


async def test_what_waits_when_the_consumer_leaves_is_waited_for_no_more(certificates: CertificateFolder) -> None:
    async with connected(certificates) as (met, theirs):
        to_it = await outlet(met, patience_s=10)
        writing = asyncio.create_task(to_it.write(bytes(4 * WAITING), last=True))
        for _ in range(10):
            await asyncio.sleep(0)
        early = writing.done()
        theirs.close()  # over bytes that it has not read: a RST

        with pytest.raises(ConsumerGone):
            await asyncio.wait_for(writing, 5)
        assert not early
