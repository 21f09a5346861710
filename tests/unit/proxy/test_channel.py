"""The two kinds of TLS over real sockets: they shake hands, understand each other, and tell an end from a loss."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING

import pytest
from support.ends import MUCH, PATIENCE_S, Met, lost, pair, write
from support.waiting import until
from support.wire import context

from ssp_emulator.clock import SystemClock
from ssp_emulator.proxy.channel import CutShortError, MoreNeededError, RoomNeededError, ToProvider
from ssp_emulator.proxy.tls import ConsumerTls, for_consumers
from ssp_emulator.proxy.transport import Transport, shake_hands

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.raw import RawConsumer

    from ssp_emulator.pki.folder import CertificateFolder


# The end that faces a provider.


async def both_ends(certificates: CertificateFolder, buffers: int | None = None) -> tuple[Met, Met]:
    """Have the end that faces consumers shake hands with the one that faces providers, and return both."""
    ours, theirs = await pair(buffers)
    using = context(certificates, certificates.consumer)
    secured = using.wrap_socket(
        theirs, server_hostname="localhost", do_handshake_on_connect=False, suppress_ragged_eofs=False
    )
    files = ConsumerTls(certificates.ssp_server.certificate, certificates.ssp_server.key, certificates.chain)
    channel, other = for_consumers(files, SystemClock()).over(ours), ToProvider(secured)
    async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as both:
        both.create_task(shake_hands(ours, channel))
        both.create_task(shake_hands(secured, other))
    server, client = Met(), Met()
    Transport(ours, channel, server, farewell_s=0.05)
    Transport(secured, other, client)
    return server, client


async def test_the_two_kinds_of_tls_understand_each_other(certificates: CertificateFolder) -> None:
    server, client = await both_ends(certificates, 8192)
    async with asyncio.timeout(3 * PATIENCE_S), asyncio.TaskGroup() as all_at_once:
        all_at_once.create_task(write(server, MUCH, 5000))
        all_at_once.create_task(write(client, MUCH[::-1], 100_000))
        all_at_once.create_task(server.until(len(MUCH)))
        all_at_once.create_task(client.until(len(MUCH)))
    client.made.close()

    assert (await lost(server), await lost(client)) == (None, None)
    assert "end" in server.told
    assert client.received == MUCH
    assert server.received == MUCH[::-1]


@pytest.mark.parametrize("announced", [True, False], ids=["close_notify", "a FIN alone"])
async def test_a_provider_that_only_stops_has_not_said_that_this_is_the_end(
    certificates: CertificateFolder, announced: bool
) -> None:
    server, client = await both_ends(certificates)
    if announced:
        server.made.close()
    else:
        server.made.hang_up()

    assert await lost(client) is None
    assert client.told == (["end"] if announced else [])
    await lost(server)


# Shaking hands.


class Slow:
    """A channel that needs what it is told, in turn, before its handshake is done."""

    def __init__(self, *needs: type[Exception]) -> None:
        self.needs = list(needs)

    def shake_hands(self) -> None:
        if self.needs:
            raise self.needs.pop(0)


async def test_a_handshake_goes_on_as_bytes_come_and_as_there_is_room() -> None:
    ours, theirs = await pair()
    with ours, theirs:
        slow = Slow(RoomNeededError, MoreNeededError, RoomNeededError)
        shaking = asyncio.create_task(shake_hands(ours, slow))  # type: ignore[arg-type]
        await until(lambda: len(slow.needs) == 1)  # room there is; bytes there are none yet
        early = shaking.done()
        theirs.send(b"x")
        await asyncio.wait_for(shaking, PATIENCE_S)

        assert not early
        assert slow.needs == []


async def test_a_handshake_that_is_given_up_leaves_nobody_watching() -> None:
    ours, theirs = await pair()
    with ours, theirs:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await shake_hands(ours, Slow(MoreNeededError))  # type: ignore[arg-type]

        assert not asyncio.get_running_loop().remove_reader(ours)


async def leave(theirs: RawConsumer) -> None:
    theirs.close()


async def reset(theirs: RawConsumer) -> None:
    theirs.reset()


async def babble(theirs: RawConsumer) -> None:
    await theirs.send_beneath(b"\x16\x03\x01\x00\x05hello")


@pytest.mark.parametrize(
    ("does", "error"),
    [(leave, CutShortError), (reset, ConnectionResetError), (babble, ssl.SSLError)],
    ids=["leaves", "resets", "babbles"],
)
async def test_a_handshake_fails_by_what_the_other_side_does(
    certificates: CertificateFolder, does: Callable[..., object], error: type[Exception]
) -> None:
    from support.raw import RawConsumer as Raw

    ours, sock = await pair()
    theirs = Raw(sock, None)
    files = ConsumerTls(certificates.ssp_server.certificate, certificates.ssp_server.key, certificates.chain)
    with ours:
        await does(theirs)  # type: ignore[misc]
        with pytest.raises(error):
            async with asyncio.timeout(PATIENCE_S):
                await shake_hands(ours, for_consumers(files, SystemClock()).over(ours))
    theirs.close()
