"""Connections to the provider that are kept: for how long and how many, and what happens when one turns out closed.

Source: Spine Core SSP implementation guide (keep-alive); RFC 9112, 9.3 (persistence) and 9.3.1 (retrying requests).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from support.running import running
from support.stub import OK

if TYPE_CHECKING:
    from pathlib import Path

    from support.running import Running
    from support.stub import StubProvider

    from ssp_emulator.pki.folder import CertificateFolder

Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter


async def test_a_kept_connection_that_the_provider_has_closed_is_not_held_against_it(
    ssp: Running, provider: StubProvider
) -> None:
    served = 0

    async def one_answer_a_connection(reader: Reader, writer: Writer) -> None:
        nonlocal served
        served += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        await writer.drain()
        if served == 1:
            await reader.read(1)  # the next request reaches a connection that says nothing and closes

    provider.play = one_answer_a_connection
    wire = await ssp.wire()

    answers = [await wire.ask(ssp.request()) for _ in range(3)]

    assert [answer.status for answer in answers] == [200, 200, 200]
    notes = [record["notes"] for record in ssp.records()]
    assert notes[1] == ["a kept connection to the provider turned out closed; asked again on a new one"]


@pytest.mark.parametrize(
    ("said", "changes"),
    [
        (b"", {"method": "POST", "fields": (("Content-Length", "0"),)}),
        (b"", {"method": "PUT", "body": b"body", "fields": (("Content-Length", "4"),)}),
        (b"H", {}),
    ],
    ids=["POST", "with a body", "a byte of the answer has come"],
)
async def test_a_request_that_may_do_harm_twice_is_not_sent_twice(
    ssp: Running, provider: StubProvider, said: bytes, changes: dict[str, Any]
) -> None:
    async def close_on_the_second(reader: Reader, writer: Writer) -> None:
        for answer in (OK, said):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()

    provider.play = close_on_the_second
    wire = await ssp.wire()

    first = await wire.ask(ssp.request())
    second = await wire.ask(ssp.request(**changes))

    assert (first.status, second.status) == (200, 502)
    assert ssp.record()["provider"]["reused"] is True
    assert provider.connections == 1


async def test_a_request_is_not_sent_twice_where_it_was_a_new_connection_that_closed(
    ssp: Running, provider: StubProvider
) -> None:
    async def close_the_first(reader: Reader, writer: Writer) -> None:
        first = provider.connections == 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"" if first else OK)
        await writer.drain()

    provider.play = close_the_first

    answers = [await ssp.ask(), await ssp.ask()]

    assert [answer.status for answer in answers] == [502, 200]
    assert provider.connections == 2


async def test_what_a_provider_sends_behind_its_answer_reaches_no_one(ssp: Running, provider: StubProvider) -> None:
    provider.answer = OK + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL"
    wire = await ssp.wire()

    answers = [await wire.ask(ssp.request()) for _ in range(3)]

    assert [answer.body for answer in answers] == [b"ok"] * 3
    assert provider.connections == 3


async def test_a_kept_connection_is_closed_after_a_while(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    closed = asyncio.Event()

    async def play(reader: Reader, writer: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        assert await reader.read() == b""
        closed.set()

    provider.play = play
    async with running(tmp_path, certificates, provider.port, providers={"kept_for_s": 0.1}) as ssp:
        assert (await ssp.ask()).status == 200

        await asyncio.wait_for(closed.wait(), 5)


async def test_no_more_connections_are_kept_than_configured(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    async with running(tmp_path, certificates, provider.port, providers={"kept_connections": 0}) as ssp:
        wire = await ssp.wire()
        for _ in range(3):
            assert (await wire.ask(ssp.request())).status == 200

    assert provider.connections == 3
