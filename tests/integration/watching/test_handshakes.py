"""Handshakes that fail, each counted by why."""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from support.handshakes import heard, older, put, raw, said_hello, shake_hands, tls
from support.running import running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from support.figures import Figures
    from support.running import Running
    from support.stub import StubProvider

    from ssp_emulator.pki.folder import CertificateFolder

RESET_ON_CLOSE = b"\1\0\0\0\0\0\0\0"


@pytest.fixture
async def ssp(tmp_path: Path, certificates: CertificateFolder, provider: StubProvider) -> AsyncIterator[Running]:
    """An emulator with little patience for handshakes."""
    async with running(tmp_path, certificates, provider.port, proxy={"handshake_timeout_s": 0.5}) as made:
        yield made


async def shaken(ssp: Running, using: ssl.SSLContext) -> None:
    with pytest.raises(ssl.SSLError):
        await asyncio.to_thread(shake_hands, ssp.port, using)


async def says_nothing(ssp: Running) -> None:
    await raw(ssp, b"")


async def leaves(ssp: Running) -> None:
    await (await raw(ssp, b"")).close()


async def stops_in_its_hello(ssp: Running) -> None:
    await raw(ssp, said_hello()[:50])


async def stops_after_its_hello(ssp: Running) -> None:
    await raw(ssp, said_hello())


async def closes(ssp: Running) -> None:
    wire = await raw(ssp, said_hello())
    await wire.reader.read(1)
    await wire.close()


async def resets(ssp: Running) -> None:
    wire = await raw(ssp, said_hello())
    await wire.reader.read(1)
    wire.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    wire.writer.transport.abort()


async def speaks_an_old_protocol(ssp: Running) -> None:
    await shaken(ssp, older(ssp, ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1))


async def speaks_a_new_protocol_only(ssp: Running) -> None:
    await shaken(ssp, tls(ssp, minimum_version=ssl.TLSVersion.TLSv1_3))


async def knows_another_cipher(ssp: Running) -> None:
    using = tls(ssp, maximum_version=ssl.TLSVersion.TLSv1_2)
    using.set_ciphers("DHE-RSA-CHACHA20-POLY1305")
    await shaken(ssp, using)


async def does_not_trust_the_proxy(ssp: Running) -> None:
    await shaken(ssp, ssl.create_default_context())


async def speaks_no_tls(ssp: Running) -> None:
    await heard(await raw(ssp, b"\x16 is how it begins\r\n"))


async def is_cut_off_by_a_rule(ssp: Running) -> None:
    await put(ssp, {"kind": "handshake-cut", "after_bytes": 10})
    with suppress(ssl.SSLError, OSError):
        await asyncio.to_thread(shake_hands, ssp.port, tls(ssp))


@pytest.mark.parametrize(
    ("consumer", "reason"),
    [
        (says_nothing, "timeout"),
        (stops_in_its_hello, "timeout"),
        (stops_after_its_hello, "timeout"),
        (leaves, "left"),
        (closes, "closed"),
        (resets, "reset"),
        (speaks_an_old_protocol, "protocol-version"),
        (speaks_a_new_protocol_only, "protocol-version"),
        (knows_another_cipher, "no-shared-cipher"),
        (does_not_trust_the_proxy, "refused-by-consumer"),
        (speaks_no_tls, "not-tls"),
        (is_cut_off_by_a_rule, "fault-rule"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
async def test_a_handshake_that_fails_is_counted_by_why(
    ssp: Running, figures: Figures, consumer: Callable[[Running], Awaitable[None]], reason: str
) -> None:
    await consumer(ssp)
    await figures.reaches(1, "handshake_failures_total")

    assert await figures.value("handshake_failures_total", reason=reason) == 1
    assert await figures.value("connections_total") == 1
    assert await figures.value("requests_total") == 0
    await figures.reaches(0, "connections_open")


async def test_one_that_goes_well_and_one_in_plain_http_are_none(ssp: Running, figures: Figures) -> None:
    await ssp.ask()
    plain = await ssp.wire(tls=False)
    assert (await plain.ask(ssp.request())).status == 497

    assert await figures.value("handshake_failures_total") == 0
    assert await figures.value("requests_total", reason="plain-http", status="497") == 1
