"""A consumer at the level of bytes: it sends just what a test writes, and reads just what comes."""

from __future__ import annotations

import asyncio
import json
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from ssp_emulator.pki.folder import CertificateFolder, KeyPair

PATIENCE_S = 10.0


@dataclass
class Answer:
    """An answer as it came: status, reason phrase, fields in their order and case, and the body without its chunks."""

    status: int
    phrase: str
    fields: list[tuple[str, str]]
    body: bytes = b""
    interim: list[int] = field(default_factory=list)

    def all(self, name: str) -> list[str]:
        """Return every value of a field."""
        return [value for field_name, value in self.fields if field_name.lower() == name.lower()]

    def one(self, name: str) -> str:
        """Return the value of a field that came just once."""
        (value,) = self.all(name)
        return value

    def json(self) -> Any:
        """Return the body, which is JSON."""
        return json.loads(self.body)


class Wire:
    """One connection to the proxy."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def open(cls, port: int, context: ssl.SSLContext | None) -> Self:
        """Connect to a port of this machine, over TLS where there is a context."""
        name = "localhost" if context is not None else None
        return cls(*await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=name))

    async def send(self, data: bytes) -> None:
        """Send bytes."""
        self.writer.write(data)
        await self.writer.drain()

    async def ask(self, data: bytes) -> Answer:
        """Send a request and read its answer."""
        await self.send(data)
        return await self.answer(bodiless=data.startswith(b"HEAD "))

    async def answer(self, *, bodiless: bool = False) -> Answer:
        """Read one answer whole; interim ones before it are kept by their status."""
        async with asyncio.timeout(PATIENCE_S):
            interim = []
            answer = await self.head()
            while 100 <= answer.status < 200:
                interim.append(answer.status)
                answer = await self.head()
            answer.interim = interim
            if not bodiless and answer.status not in (204, 304):
                answer.body = await self._body(answer)
            return answer

    async def head(self) -> Answer:
        """Read the next head."""
        raw = await self.reader.readuntil(b"\r\n\r\n")
        start, *lines = raw.decode("latin-1").split("\r\n")[:-2]
        _, status, phrase = start.split(" ", 2)
        pairs = (line.partition(": ") for line in lines)
        return Answer(int(status), phrase, [(name, value) for name, _, value in pairs])

    async def _body(self, answer: Answer) -> bytes:
        if answer.all("Transfer-Encoding"):
            return b"".join([piece async for piece in self._chunks()])
        if lengths := answer.all("Content-Length"):
            return await self.reader.readexactly(int(lengths[0]))
        return await self.reader.read()

    async def _chunks(self):
        while size := int(await self.reader.readuntil(b"\r\n"), 16):
            yield await self.reader.readexactly(size)
            assert await self.reader.readexactly(2) == b"\r\n"
        assert await self.reader.readexactly(2) == b"\r\n"

    async def is_closed(self) -> bool:
        """Wait until the other side closes, and tell whether it did so without another byte."""
        async with asyncio.timeout(PATIENCE_S):
            try:
                return await self.reader.read(1) == b""
            except ConnectionError:
                return True

    async def close(self) -> None:
        """Close the connection."""
        self.writer.close()
        with suppress(ConnectionError, ssl.SSLError):  # the other side may have been quicker
            await self.writer.wait_closed()


def context(folder: CertificateFolder, shown: KeyPair | None, **settings: Any) -> ssl.SSLContext:
    """Return a consumer's TLS context that shows a certificate, or none; settings are attributes of the context."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.load_verify_locations(folder.chain)
    if shown is not None:
        made.load_cert_chain(shown.certificate, shown.key)
    for name, value in settings.items():
        setattr(made, name, value)
    return made
