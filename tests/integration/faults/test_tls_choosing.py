"""Whom the faults of a handshake hit, and whom they leave alone."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs
from support.handshakes import (
    LENIENT,
    connected,
    is_good,
    put,
    put_certificate,
    raw,
    recorded,
    said_hello,
    tls,
)
from support.wire import PATIENCE_S

from ssp_emulator.proxy import hello

if TYPE_CHECKING:
    from support.running import Running


async def test_the_name_that_is_asked_for_tells_whom_a_rule_hits(ssp: Running) -> None:
    await put_certificate(ssp, "expired", match={"sni": "ssp.*"})

    with pytest.raises(ssl.SSLCertVerificationError):
        await connected(ssp, tls(ssp), name="ssp.example.nhs.uk")
    assert await is_good(ssp, name="localhost")
    assert await is_good(ssp, name="127.0.0.1")  # which is no name: RFC 6066, 3
    with pytest.raises(ssl.SSLCertVerificationError):
        await connected(ssp, tls(ssp), name="ssp.example.nhs.uk")


async def test_the_clients_address_tells_whom_a_rule_hits(ssp: Running) -> None:
    await put_certificate(ssp, "expired", match={"client": "127.0.0.2"})

    assert await is_good(ssp, source="127.0.0.1")
    with pytest.raises(ssl.SSLCertVerificationError):
        await connected(ssp, tls(ssp), source="127.0.0.2")
    assert await is_good(ssp, source="127.0.0.3")
    assert (await recorded(ssp))["client"]["address"].startswith("127.0.0.3:")


async def test_a_clienthello_in_two_segments_is_waited_for(ssp: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    pieces: list[bytes] = []
    judge = hello._wants_more

    def wants_more(reading: Any, piece: bytes, names: Any) -> bool:
        pieces.append(piece)
        return judge(reading, piece, names)

    monkeypatch.setattr(hello, "_wants_more", wants_more)
    await put(ssp, {"kind": "handshake-cut", "after_bytes": 7}, match={"sni": "localhost"})
    said = said_hello()
    wire = await raw(ssp, said[:50])
    async with asyncio.timeout(PATIENCE_S):
        while not pieces:  # noqa: ASYNC110 - the emulator tells no one what it has read
            await asyncio.sleep(0.002)
        await wire.send(said[50:])
        received = await wire.reader.read()

    assert ([len(piece) for piece in pieces], len(received)) == ([50, len(said) - 50], 7)


async def test_a_whole_handshake_follows_where_no_rule_fires(ssp: Running) -> None:
    await put(ssp, {"kind": "handshake-stall"}, match={"sni": "nobody"})

    assert await is_good(ssp)


async def test_what_is_no_clienthello_goes_on_as_ever(ssp: Running) -> None:
    await put(ssp, {"kind": "handshake-stall"})
    plain = await ssp.wire(tls=False)
    answer = await plain.ask(ssp.request())
    with capture_logs() as logs:
        wire = await raw(ssp, b"\x16\x03\x01\x00\x05hello")
        async with asyncio.timeout(PATIENCE_S):
            said = await wire.reader.read()
    halved = await raw(ssp, said_hello()[:50])
    halved.writer.write_eof()
    async with asyncio.timeout(PATIENCE_S):
        at_the_end = await halved.reader.read()

    assert answer.status == 497
    assert (said[:1], [entry["event"] for entry in logs]) == (b"\x15", ["the TLS handshake failed"])
    assert at_the_end[:1] in (b"", b"\x15")  # nothing, or an alert
    assert ssp.emulator.faults.get("handshake-stall").counts.matched == 0  # type: ignore[union-attr]


async def test_no_hello_is_read_twice_where_no_rule_is_about_connections(
    ssp: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[object] = []

    async def hear(self: hello.Listening, connection: Any) -> hello.Hello:
        heard.append(connection)
        return hello.Hello(b"")

    monkeypatch.setattr(hello.Listening, "hear", hear)
    await put(ssp, {"kind": "latency", "delay_ms": 0})

    assert ((await ssp.ask()).status, heard) == (200, [])


async def test_the_first_of_two_disguises_wins(ssp: Running) -> None:
    await put_certificate(ssp, "expired")
    await put(ssp, {"kind": "old-protocol", "version": "TLSv1"})
    wire = await connected(ssp, tls(ssp, **LENIENT))
    await wire.ask(ssp.request())

    assert wire.writer.get_extra_info("ssl_object").version() == "TLSv1.2"
    assert [fired["did"].partition(" ")[0] for fired in ssp.record()["faults"]] == ["showed", "nothing:"]
    assert ssp.record()["faults"][1]["did"] == "nothing: server-certificate came first"
