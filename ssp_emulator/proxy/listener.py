"""The listener: sockets that accept consumers, over TLS, or over plain HTTP to tell them so.

Source: Spine Core SSP implementation guide, 497 (a consumer that speaks plain HTTP is answered in it).
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import TYPE_CHECKING

import structlog

from ssp_emulator.accepting import Acceptor
from ssp_emulator.handshakes import HandshakeFailure
from ssp_emulator.proxy.channel import Plain
from ssp_emulator.proxy.connections import Connections
from ssp_emulator.proxy.errors import ConsumerGone, CutOff
from ssp_emulator.proxy.identity import client_over
from ssp_emulator.proxy.readiness import readable
from ssp_emulator.proxy.transport import Transport, shake_hands
from ssp_emulator.proxy.watching import failure_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ssp_emulator.proxy.greeting import Greeter
    from ssp_emulator.proxy.handler import Handler
    from ssp_emulator.proxy.openssl import ConsumerContext, ToConsumer
    from ssp_emulator.proxy.watching import Watcher

_TLS_HANDSHAKE = b"\x16"  # the first byte of a ClientHello's record; no method of HTTP begins with it


class Listener:
    """Accepts consumers on one address until it is stopped."""

    def __init__(
        self,
        sockets: Sequence[socket.socket],
        handler: Handler,
        tls: ConsumerContext,
        greeter: Greeter,
        watcher: Watcher,
        *,
        handshake_timeout_s: float,
        keep_alive_timeout_s: float,
    ) -> None:
        self._acceptor = Acceptor(sockets, self._welcome)
        self._tls = tls
        self._greeter = greeter
        self._watcher = watcher
        self._handshake_timeout_s = handshake_timeout_s
        self._connections = Connections(handler, keep_alive_timeout_s)
        self._log: structlog.stdlib.BoundLogger = structlog.get_logger("ssp_emulator.proxy")

    @property
    def serving(self) -> bool:
        """Whether its sockets are open, and whoever comes is accepted."""
        return self._acceptor.serving

    @property
    def connections(self) -> int:
        """How many connections are open, those in their handshake too."""
        return self._acceptor.arriving + len(self._connections)

    @property
    def expires(self) -> datetime:
        """When the certificate that it shows ends, in UTC."""
        return self._tls.expires

    def start(self) -> None:
        """Begin to accept."""
        self._acceptor.start()

    def renew(self, tls: ConsumerContext) -> None:
        """Meet consumers with other certificates from now on.

        Connections from before close when the request under way on them is answered: nobody stays on an old verdict.
        """
        self._tls = tls
        self._connections.retire()

    async def stop(self, drain_s: float) -> None:
        """Accept no more, let requests in flight end for so many seconds, and close every connection."""
        await self._acceptor.stop()
        await self._connections.drain(drain_s)

    async def _welcome(self, connection: socket.socket) -> None:
        """See what the consumer speaks, shake hands if it is TLS, and take it on."""
        self._watcher.connected()
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # what is written is whole
            async with asyncio.timeout(self._handshake_timeout_s):
                first = await _first_byte(connection)
                watched = first == _TLS_HANDSHAKE and self._greeter.watches
                hello = await self._greeter.hear(connection) if watched else None
            tls = self._tls
            if not first:
                connection.close()
                self._watcher.handshake_failed(HandshakeFailure.LEFT)
            elif first != _TLS_HANDSHAKE:
                self._take_on(connection, None, tls)
            elif hello is None:
                await self._shake_hands(connection, tls.over(connection), tls)
            else:
                async with self._greeter.greeted(connection, hello, tls) as channel:
                    await self._shake_hands(connection, channel, tls)
        except (OSError, ssl.SSLError, TimeoutError, ConsumerGone, CutOff) as error:
            connection.close()
            self._watcher.handshake_failed(failure_of(error))
            self._log.info("the TLS handshake failed", reason=str(error) or type(error).__name__)

    async def _shake_hands(self, connection: socket.socket, channel: ToConsumer, tls: ConsumerContext) -> None:
        """Shake hands over a channel that is for this connection alone; `tls` was in force when it came."""
        try:
            async with asyncio.timeout(self._handshake_timeout_s):
                await shake_hands(connection, channel)
        except TimeoutError as error:
            raise TimeoutError(f"it took longer than {self._handshake_timeout_s:g} s") from error
        self._take_on(connection, channel, tls)

    def _take_on(self, connection: socket.socket, channel: ToConsumer | None, tls: ConsumerContext) -> None:
        """Take requests from now on. Raises `StrangerError`."""
        made = self._connections.made(client_over(connection, channel))
        # What was renewed while the two shook hands has judged this consumer too late: one request, no more.
        made.retiring = tls is not self._tls
        try:
            Transport(connection, channel or Plain(connection), made)
        except OSError:  # gone again
            made.connection_lost(None)
            raise


async def _first_byte(connection: socket.socket) -> bytes:
    """Return the first byte that a consumer sends, and leave it where it is; nothing where it closes instead."""
    await readable(connection)
    return connection.recv(1, socket.MSG_PEEK)
