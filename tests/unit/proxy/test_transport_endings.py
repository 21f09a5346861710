"""A transport over real sockets: every end is told for what it is, and loses nothing that was to arrive."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from support.ends import WAITING, connected, lost
from support.waiting import until

from ssp_emulator.proxy.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssp_emulator.pki.folder import CertificateFolder

TLS = pytest.mark.parametrize("tls", [True, False], ids=["TLS", "plain"])


@TLS
async def test_what_was_to_go_out_goes_to_a_consumer_that_has_stopped_sending(
    certificates: CertificateFolder, tls: bool
) -> None:
    async with connected(certificates, tls=tls, farewell_s=0.05) as (met, theirs):
        theirs.hang_up()
        asyncio.get_running_loop().call_soon(met.made.write, b"answer")  # before the FIN is seen, in the same turn

        with suppress(ssl.SSLError):  # behind the answer, OpenSSL has something to say about an end without a word
            await theirs.ended()
        assert theirs.seen.data == b"answer"


@TLS
async def test_a_close_sends_what_waits_and_says_that_this_is_the_end(
    certificates: CertificateFolder, tls: bool
) -> None:
    async with connected(certificates, tls=tls) as (met, theirs):
        met.made.write(bytes(WAITING))
        waited = met.made.get_write_buffer_size()
        met.made.close()
        met.made.write(b"too late")
        closing = met.made.is_closing(), met.made.is_reading(), met.lost.done()
        seen = await theirs.ended()
        theirs.close()

        assert waited > 0
        assert closing == (True, False, False)
        assert seen.data == bytes(WAITING)
        assert (seen.end, seen.close_notify) == ("FIN", tls)
        assert await lost(met) is None


@TLS
async def test_who_hangs_up_says_nothing_in_tls(certificates: CertificateFolder, tls: bool) -> None:
    async with connected(certificates, tls=tls) as (met, theirs):
        met.made.write(bytes(WAITING))
        met.made.hang_up()
        seen = await theirs.ended()
        theirs.close()

        assert (len(seen.data), seen.end, seen.close_notify) == (WAITING, "FIN", False)
        assert await lost(met) is None


ENDS: dict[str, Callable[[Transport], None]] = {"close": Transport.close, "hang up": Transport.hang_up}


@TLS
@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
async def test_what_comes_after_the_end_is_thrown_away_and_resets_nothing(
    certificates: CertificateFolder, tls: bool, end: Callable[[Transport], None]
) -> None:
    """Also what has come already, and was held back."""
    async with connected(certificates, tls=tls) as (met, theirs):
        theirs.replies = False
        met.made.pause_reading()
        await theirs.send(bytes(1000))
        met.made.write(b"the last words")
        end(met.made)
        met.made.resume_reading()
        await theirs.send(bytes(100_000))  # more than there is room for, were it not read
        seen = await theirs.ended()
        still_there = not met.lost.done()
        theirs.close()

        assert (seen.data, seen.end) == (b"the last words", "FIN")
        assert still_there
        assert await lost(met) is None
        assert met.received == b""


@TLS
async def test_who_does_not_close_too_is_left_after_a_while(certificates: CertificateFolder, tls: bool) -> None:
    async with connected(certificates, tls=tls, farewell_s=0.05) as (met, theirs):
        theirs.replies = False
        met.made.close()

        assert await lost(met) is None
        assert (await theirs.ended()).end == "FIN"


@TLS
async def test_an_abort_loses_what_waits(certificates: CertificateFolder, tls: bool) -> None:
    async with connected(certificates, tls=tls) as (met, theirs):
        met.made.write(bytes(WAITING))
        met.made.abort()
        met.made.abort()
        met.made.write(b"too late")

        assert await lost(met) is None
        seen = await theirs.ended()
        assert len(seen.data) < WAITING
        assert not seen.close_notify
        assert met.made.get_extra_info("socket").fileno() == -1


@TLS
async def test_an_end_that_the_other_side_announces_is_told_and_answered_with_ours(
    certificates: CertificateFolder, tls: bool
) -> None:
    async with connected(certificates, tls=tls) as (met, theirs):
        await theirs.send(b"the last words")
        await theirs.finish()
        error = await lost(met)
        seen = await theirs.ended()

        assert (bytes(met.received), met.told, error) == (b"the last words", ["end"], None)
        assert (seen.end, seen.close_notify) == ("FIN", tls)


@TLS
async def test_who_ends_first_is_still_sent_what_waits(certificates: CertificateFolder, tls: bool) -> None:
    async with connected(certificates, tls=tls) as (met, theirs):
        met.made.write(bytes(WAITING))
        await theirs.finish()
        await until(lambda: met.told)
        waiting, early = met.made.get_write_buffer_size(), met.lost.done()
        seen = await theirs.ended()

        assert waiting > 0
        assert not early
        assert len(seen.data) == WAITING
        assert await lost(met) is None


async def test_an_end_that_tls_does_not_announce_is_no_end_but_a_loss(certificates: CertificateFolder) -> None:
    async with connected(certificates) as (met, theirs):
        await theirs.send(b"half of")
        theirs.hang_up()

        assert await lost(met) is None
        assert (bytes(met.received), met.told) == (b"half of", [])


@TLS
@pytest.mark.parametrize("writes", [False, True], ids=["reading", "writing"])
async def test_a_reset_is_told_as_an_error(certificates: CertificateFolder, tls: bool, writes: bool) -> None:
    async with connected(certificates, tls=tls) as (met, theirs):
        if writes:
            met.made.pause_reading()
            met.made.write(bytes(4 * WAITING))
        theirs.reset()

        assert isinstance(await lost(met), ConnectionResetError | BrokenPipeError)
        assert "end" not in met.told


@TLS
async def test_a_reset_while_it_closes_is_the_end_of_it(certificates: CertificateFolder, tls: bool) -> None:
    async with connected(certificates, tls=tls) as (met, theirs):
        theirs.replies = False
        met.made.close()
        await theirs.ended()
        theirs.reset()

        await lost(met)
        assert met.told == []


@pytest.mark.parametrize(
    "garbage",
    [b"\x17\x03\x03\x00\x40" + bytes(64), b"GET / HTTP/1.1\r\n\r\n", b"\x17\x03\x03\xff\xff" + bytes(100)],
    ids=["a record that nobody has sealed", "no record", "a record that is too long"],
)
async def test_what_is_no_tls_ends_the_connection_and_is_handed_to_no_one(
    certificates: CertificateFolder, garbage: bytes
) -> None:
    async with connected(certificates) as (met, theirs):
        await theirs.send(b"good")
        await met.until(4)
        await theirs.send_beneath(garbage)

        assert isinstance(await lost(met), ssl.SSLError)
        assert bytes(met.received) == b"good"
