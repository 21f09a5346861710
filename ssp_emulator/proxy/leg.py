"""A leg: one connection to a provider, kept alive from answer to answer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from ssp_emulator.proxy.alarm import Alarm
from ssp_emulator.proxy.answer import AnswerReader
from ssp_emulator.proxy.channel import ToProvider
from ssp_emulator.proxy.errors import ProviderClosedError, ProviderError, ProviderTimeoutError
from ssp_emulator.proxy.room import Room

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from ssp_emulator.message import Head
    from ssp_emulator.proxy.channel import Resumable

_HIGH_WATER = 256 * 1024  # bytes of a body that may wait for a slow consumer before the provider is held back


class Leg(asyncio.Protocol):
    """The proxy's end of a connection to a provider; its transport calls the first seven methods.

    `context` is what it has shaken hands with.
    """

    def __init__(self, context: ssl.SSLContext) -> None:
        self.context = context
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._session: Resumable | None = None  # once the connection ends
        self._reader: AnswerReader | None = None
        self._failure: ProviderError | None = None
        self._news: asyncio.Future[None] | None = None
        self._room = Room()
        self._held_back = False
        self._said_goodbye = False
        self._active = 0.0
        self._patience_s = 0.0
        self._awaited = ""
        self._alarm = Alarm(self._loop, self._ring)
        self.on_lost: Callable[[], None] | None = None
        self.address: str | None = None
        self.reused = False
        self.bytes_sent = 0
        self.bytes_received = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        self._transport = cast("asyncio.Transport", transport)
        host, port, *_ = transport.get_extra_info("peername")
        self.address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def data_received(self, data: bytes) -> None:
        """Read bytes of an answer; hold the provider back where the consumer is slower."""
        self._active = self._loop.time()
        self.bytes_received += len(data)
        if self._reader is None:
            self.abort()  # no request is under way, so this is no answer
            return
        try:
            self._reader.feed(data)
        except ProviderError as error:
            self._fail(error)
            self.abort()
        if self._reader.buffered > _HIGH_WATER and not self._held_back and self._transport is not None:
            self._held_back = True
            self._transport.pause_reading()
        self._tell()

    def eof_received(self) -> None:
        """Take note that the provider has said that this is the end, and not only stopped (RFC 9112, 9.8)."""
        self._said_goodbye = True
        self._keep_session()  # once both have said it, there is none to be had any more

    def connection_lost(self, exc: Exception | None) -> None:
        """Take note that the connection is gone, which may be where the answer ends."""
        self._keep_session()
        self._transport = None
        self._alarm.discard()
        if self._reader is not None and not self._reader.end(cleanly=self._said_goodbye and exc is None):
            self._fail(
                ProviderClosedError(
                    f"the provider closed the connection: {exc}" if exc else "the provider closed the connection",
                    answered=self._reader.begun,
                )
            )
        self._tell()
        self.resume_writing()
        if self.on_lost is not None:
            self.on_lost()

    def pause_writing(self) -> None:
        """Hold the consumer back: the provider reads more slowly than it sends."""
        self._room.none()

    def resume_writing(self) -> None:
        """Let the consumer go on."""
        self._room.again()

    @property
    def session(self) -> Resumable | None:
        """What another connection to the same provider may resume, and until when."""
        if self._session is not None or self._transport is None:
            return self._session
        channel = self._transport.get_extra_info("channel")
        return channel.resumable if isinstance(channel, ToProvider) else None

    @property
    def usable(self) -> bool:
        """Whether a request can be sent on it."""
        return self._transport is not None and not self._transport.is_closing() and self._failure is None

    @property
    def spent(self) -> bool:
        """Whether it cannot take another request: the last answer is not all here, or was the last."""
        return not (self.usable and self._reader is not None and self._reader.complete and self._reader.keeps_alive)

    def begin(self, method: str, head: bytes) -> None:
        """Send the head of a request. Raises `ProviderClosedError` where the connection is gone."""
        self._reader = AnswerReader(method)
        self.bytes_sent = self.bytes_received = 0
        self._write(head)

    async def send(self, piece: bytes) -> None:
        """Send bytes of the request's body, and wait until there is room for more."""
        self._write(piece)
        await self._room.wait()

    async def head(self, *, patience_s: float) -> Head:
        """Return the next head of the answer, interim or final.

        Raises `ProviderTimeoutError` where nothing passes either way for that many seconds, and other
        `ProviderError`s where there will be none.
        """
        reader = self._asked()
        while not reader.heads:
            await self._wait(patience_s, "the head of the answer")
        return reader.heads.pop(0)

    async def more(self, *, patience_s: float) -> None:
        """Wait until more of the body, or its end, has come. Raises like `head`."""
        reader = self._asked()
        while not reader.pieces and not reader.complete:
            await self._wait(patience_s, "more of the answer")

    def take(self) -> bytes:
        """Return what has come of the body since the last time, and let the provider go on."""
        piece = self._asked().take()
        if self._held_back and self._transport is not None:
            self._held_back = False
            self._active = self._loop.time()  # held back, it could not show that it was still there
            self._transport.resume_reading()
        return piece

    @property
    def complete(self) -> bool:
        """Whether the answer's last byte is here."""
        return self._asked().complete

    def rest(self, for_s: float) -> None:
        """Let go of the last answer, and close after so many seconds; bytes that come meanwhile belong to none."""
        self._reader = None
        self._alarm.set(self._loop.time() + for_s)

    def wake(self) -> None:
        """Rest no longer."""
        self._alarm.off()
        self.on_lost = None
        self.reused = True

    def abort(self) -> None:
        """Close the connection at once, whatever is under way on it."""
        if self._transport is not None:
            self._transport.abort()

    def close(self) -> None:
        """Close an idle connection in good order."""
        if self._transport is not None:
            self._transport.close()

    def _keep_session(self) -> None:
        if self._session is None and not self.reused:
            self._session = self.session

    def _write(self, data: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            raise self._failure or ProviderClosedError("the provider closed the connection", answered=False)
        self._active = self._loop.time()
        self.bytes_sent += len(data)
        self._transport.write(data)

    def _asked(self) -> AnswerReader:
        if self._reader is None:
            raise LookupError("no request has been sent on this connection")
        return self._reader

    def _fail(self, error: ProviderError) -> None:
        self._failure = self._failure or error

    def _tell(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    async def _wait(self, patience_s: float, what: str) -> None:
        """Wait for news of the answer, as long as bytes go on passing either way."""
        if self._failure is not None:
            raise self._failure
        self._patience_s, self._awaited = patience_s, what
        self._news = self._loop.create_future()
        self._alarm.set(self._active + patience_s)
        try:
            await self._news
        finally:
            self._alarm.off()

    def _ring(self) -> None:
        """End a rest, or a wait in which nothing has passed."""
        if self._reader is None:
            self.close()
        elif self._news is not None and not self._news.done():
            if self._loop.time() < self._active + self._patience_s:
                self._alarm.set(self._active + self._patience_s)
                return
            error = ProviderTimeoutError(f"{self._patience_s:g} s went by without {self._awaited}")
            self._news.set_exception(error)
