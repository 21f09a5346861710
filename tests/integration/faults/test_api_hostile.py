"""Bodies that are too large, broken or never end, sent to the admin API."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from structlog.testing import capture_logs
from support.api import PROBLEM, SLOW, in_force, is_problem
from support.caller import Caller
from support.running import running
from support.wire import Wire

if TYPE_CHECKING:
    from pathlib import Path

    from support.running import Running
    from support.stub import StubProvider

    from ssp_emulator.pki.folder import CertificateFolder


async def test_a_body_that_says_it_is_too_large_is_not_read(ssp: Running, api: Caller) -> None:
    refused = await api.ask("POST", "/faults", raw=b"", Content_Length=str((1 << 20) + 1))

    is_problem(refused, 413, "Content Too Large", "the body should have 1048576 bytes at most")
    assert refused.one("Connection") == "close"


async def test_a_body_that_grows_too_large(ssp: Running, api: Caller) -> None:
    wire = await Wire.open(api.address.port, None)
    head = api.request("POST", "/faults", raw=b"", Content_Length=None, Transfer_Encoding="chunked")
    piece = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    await wire.send(head + piece * 17)

    refused = await wire.answer()

    is_problem(refused, 413, "Content Too Large", "the body should have 1048576 bytes at most")
    await wire.close()


async def test_the_largest_body_is_taken(ssp: Running, api: Caller) -> None:
    rule = json.dumps({"effect": SLOW}).encode()

    assert (await api.ask("PUT", "/faults/a", raw=rule.ljust(1 << 20))).status == 201


async def test_no_end_of_wrong_keys_is_said_at_no_end_and_keeps_nobody_waiting(ssp: Running, api: Caller) -> None:
    many = {f"key{number}": 0 for number in range(50_000)}
    refusing = asyncio.create_task(api.ask("POST", "/faults", many))
    others = [(await api.ask("GET", "/faults")).status for _ in range(5)]
    refused = await refusing

    assert (refused.status, len(refused.json()["errors"])) == (422, 100)
    assert others == [200] * 5


async def test_a_body_that_breaks_off_changes_nothing(ssp: Running, api: Caller) -> None:
    wire = await Wire.open(api.address.port, None)
    with capture_logs() as logs:
        await wire.send(api.request("POST", "/faults", raw=b"", Content_Length="100") + b'{"name": "a"')
        await wire.close()
        assert (await api.ask("GET", "/faults")).json()["faults"] == []

    assert logs == []


async def test_chunks_that_are_none(ssp: Running, api: Caller) -> None:
    wire = await Wire.open(api.address.port, None)
    head = api.request("POST", "/faults", raw=b"", Content_Length=None, Transfer_Encoding="chunked")

    refused = await wire.ask(head + b"2\r\n{}\r\nzz\r\n")

    assert (refused.status, refused.one("Content-Type")) == (400, PROBLEM)
    assert in_force(ssp) == []
    await wire.close()


async def test_a_body_that_is_said_to_be_two_things(ssp: Running, api: Caller) -> None:
    wire = await Wire.open(api.address.port, None)
    refused = await wire.ask(
        api.request("PUT", "/faults/a", {"effect": SLOW}).replace(
            b"Content-Length", b"Content-Type: text/plain\r\nContent-Length"
        )
    )

    assert (refused.status, refused.one("Content-Type")) == (400, PROBLEM)
    assert in_force(ssp) == []
    await wire.close()


async def test_who_sends_nothing_keeps_nobody_from_stopping(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    async with running(tmp_path, certificates, provider.port) as ssp:
        api = Caller(ssp.emulator.admin_address)
        silent = await Wire.open(api.address.port, None)
        slow = await Wire.open(api.address.port, None)
        await slow.send(api.request("POST", "/faults", raw=b"", Content_Length="100") + b"{")
        assert (await api.ask("GET", "/faults")).status == 200

    assert await silent.is_closed()
    await slow.reader.read()
    assert ssp.emulator.admin_address is None
    for wire in (silent, slow):
        await wire.close()
