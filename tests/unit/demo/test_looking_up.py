"""What a consumer makes of a directory that answers in ways of its own."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from ssp_emulator.address import Address
from ssp_emulator.demo.consumer import ConsumerError
from ssp_emulator.demo.looking_up import Found, look_up
from ssp_emulator.directory.sds.question import PARTY_KEY
from ssp_emulator.directory.sds.resources import ASID

ROOT = "https://gp.example.nhs.uk/A20047"


def found(address: Any = ROOT, asid: Any = "200000000116") -> bytes:
    identifiers = [{"system": PARTY_KEY, "value": "A20047-1"}, {"system": ASID, "value": asid}]
    return json.dumps({"entry": [{"resource": {"address": address, "identifier": identifiers}}]}).encode()


async def asked(body: bytes) -> Found:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        return await look_up(Address("127.0.0.1", port), "A20047", "urn:x", "f6a1b2c3-0d4e-4f5a-8b6c-7d8e9f0a1b2c")


async def test_endpoint_party_key_and_asid_are_found() -> None:
    assert await asked(found()) == Found(ROOT, "A20047-1", "200000000116")


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"{",
        b"[" * 60_000,
        found(address=None),
        found(address=f"{ROOT}\r\nX: y"),
        found(address="not a url"),
        found(asid="200000000116\r\nX: y"),
        found(asid=200000000116),
    ],
)
async def test_what_is_no_directory_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(ConsumerError, match=r"is no directory$"):
        await asked(body)
