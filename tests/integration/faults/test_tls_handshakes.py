"""Handshakes in an old protocol, that stand still or that are cut off, over real sockets."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs
from support.handshakes import (
    connected,
    heard,
    is_good,
    older,
    put,
    raw,
    recorded,
    said_hello,
    tls,
)
from support.running import Running, running
from support.unwritable import unwritable_journal
from support.wire import PATIENCE_S, Wire

from ssp_emulator.proxy import greeting

if TYPE_CHECKING:
    from pathlib import Path

    from support.stub import StubProvider

    from ssp_emulator.pki.folder import CertificateFolder


@pytest.mark.parametrize(
    ("version", "spoken"), [("TLSv1", ssl.TLSVersion.TLSv1), ("TLSv1.1", ssl.TLSVersion.TLSv1_1)], ids=["1.0", "1.1"]
)
async def test_a_consumer_that_allows_an_old_protocol_speaks_it_and_another_gets_an_alert(
    ssp: Running, version: str, spoken: ssl.TLSVersion
) -> None:
    await put(ssp, {"kind": "old-protocol", "version": version})
    with pytest.raises(ssl.SSLError) as refused:
        await connected(ssp, tls(ssp, minimum_version=ssl.TLSVersion.TLSv1_2))
    first = await recorded(ssp)
    wire = await connected(ssp, older(ssp, spoken, ssl.TLSVersion.TLSv1_2))
    answer = await wire.ask(ssp.request())

    assert refused.value.reason == "TLSV1_ALERT_PROTOCOL_VERSION"
    assert (first["method"], first["faults"][0]["did"]) == ("-", f"spoke {version} only")
    assert first["notes"] == ["the TLS handshake failed: unsupported protocol"]
    assert wire.writer.get_extra_info("ssl_object").version() == version
    assert (answer.status, ssp.record()["client"]["tls"], ssp.record()["faults"][0]["count"]) == (200, version, 2)


async def test_only_that_version_is_spoken(ssp: Running) -> None:
    await put(ssp, {"kind": "old-protocol", "version": "TLSv1.1"})

    with pytest.raises(ssl.SSLError) as refused:
        await connected(ssp, older(ssp, ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1))
    assert refused.value.reason == "TLSV1_ALERT_PROTOCOL_VERSION"


async def test_a_stalled_handshake_says_nothing_until_the_consumer_leaves(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    quick = {"handshake_timeout_s": 0.2}
    async with running(tmp_path, certificates, provider.port, proxy=quick) as ssp:
        await put(ssp, {"kind": "handshake-stall"}, when={"times": 1})
        wire = await raw(ssp, said_hello())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):  # longer than a handshake may take by itself
                await wire.reader.read(1)
        meanwhile, good = ssp.records(), await is_good(ssp)
        await wire.close()
        async with asyncio.timeout(PATIENCE_S):
            while len(ssp.records()) < 2:  # noqa: ASYNC110 - nothing else tells of it
                await asyncio.sleep(0.005)
        record = ssp.record()

    assert (meanwhile, good) == ([], True)
    assert (record["method"], record["status"], record["broken_off"]) == ("-", None, True)
    assert record["faults"][0]["did"] == "left the handshake without an answer"
    assert record["notes"] == ["the consumer left while the TLS handshake stood still"]
    assert record["timings_ms"]["total"] >= 500


async def test_a_stalled_handshake_ends_with_the_emulator(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    async with running(tmp_path, certificates, provider.port) as ssp:
        await put(ssp, {"kind": "handshake-stall"})
        wire = await Wire.open(ssp.port, None)
        await wire.send(said_hello())
        async with asyncio.timeout(PATIENCE_S):
            while not ssp.emulator.faults.get("handshake-stall").counts.fired:  # type: ignore[union-attr]  # noqa: ASYNC110
                await asyncio.sleep(0.005)

    assert await wire.is_closed()
    await wire.close()
    assert ssp.record()["notes"] == ["the emulator was stopped during the TLS handshake"]


@pytest.mark.parametrize("after_bytes", [0, 1, 100, 1500])
@pytest.mark.parametrize("how", ["close", "reset"])
async def test_a_cut_handshake_is_so_many_bytes_and_then_a_fin_or_a_rst(
    ssp: Running, after_bytes: int, how: str
) -> None:
    await put(ssp, {"kind": "handshake-cut", "after_bytes": after_bytes, "how": how})
    wire = await raw(ssp, said_hello())
    received, end = await heard(wire)
    record = ssp.record()

    assert (len(received), end) == (after_bytes, "RST" if how == "reset" else "FIN")
    assert received[:1] == b"\x16"[:after_bytes]
    done = "reset" if how == "reset" else "closed"
    assert record["faults"][0]["did"] == f"sent {after_bytes} bytes of the handshake and {done} the connection"
    assert (record["method"], record["status"], record["broken_off"]) == ("-", None, True)
    assert record["notes"] == ["a fault rule cut the TLS handshake off"]


async def test_a_flight_that_is_shorter_goes_out_whole_and_then_the_connection_closes(ssp: Running) -> None:
    await put(ssp, {"kind": "handshake-cut", "after_bytes": 65_536})
    wire = await raw(ssp, said_hello())
    async with asyncio.timeout(PATIENCE_S):
        received = await wire.reader.read()

    assert received.endswith(b"\x16\x03\x03\x00\x04\x0e\x00\x00\x00")  # ServerHelloDone
    assert ssp.record()["faults"][0]["did"].startswith(f"sent {len(received)} bytes of the handshake")


async def test_a_consumer_that_goes_on_after_a_cut_still_sees_a_fin(
    ssp: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What arrives after the last byte is read: a RST would be sent in its place. The FIN does not wait for that."""
    monkeypatch.setattr(greeting, "_FAREWELL_S", 3600)
    await put(ssp, {"kind": "handshake-cut", "after_bytes": 10})
    wire = await raw(ssp, said_hello())
    async with asyncio.timeout(PATIENCE_S):
        received = await wire.reader.readexactly(10)
        for _ in range(5):
            await wire.send(b"x" * 1000)
        rest = await wire.reader.read()
        await wire.send(b"x")

    assert (len(received), rest) == (10, b"")


async def test_what_cannot_be_written_down_is_said_in_the_log_and_ends_all_the_same(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    journal = unwritable_journal(tmp_path / "full")
    async with running(tmp_path, certificates, provider.port, audit={"journal": str(journal)}) as ssp:
        await put(ssp, {"kind": "handshake-cut", "after_bytes": 10})
        with capture_logs() as logs:
            heard_of_it = await heard(await raw(ssp, said_hello()))

    assert (len(heard_of_it[0]), heard_of_it[1]) == (10, "FIN")
    assert [entry["event"] for entry in logs if entry["log_level"] == "critical"] == [
        "the audit trail cannot be written",
        "an exchange is not in the audit trail",
    ]
