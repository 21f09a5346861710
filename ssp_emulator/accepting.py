"""Accepting connections on sockets that listen, so that none is lost, even one that comes as the listening ends.

asyncio's own servers, and so aiohttp's sites, leave a connection open, and nobody's, that they accepted in the turn of
the event loop in which they are closed; its `sock_accept` loses one that comes as it is cancelled.
"""

from __future__ import annotations

import asyncio
import errno
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable, Coroutine, Sequence

# Until another connection closes there is nothing to be had, and asking at once would keep the loop busy.
_NOTHING_LEFT = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_RECOVERY_S = 0.1


class Acceptor:
    """Accepts connections from its start to its stop, and gives each to `welcome`, in a task of its own.

    A connection is the welcome's, to keep or to close, but where it is cancelled or fails: then it is closed here.
    """

    def __init__(
        self, sockets: Sequence[socket.socket], welcome: Callable[[socket.socket], Coroutine[Any, Any, None]]
    ) -> None:
        self._sockets = sockets
        self._welcome = welcome
        self._accepting = False
        self._arriving: set[asyncio.Task[None]] = set()
        self._exhausted = False
        self._log: structlog.stdlib.BoundLogger = structlog.get_logger("ssp_emulator.accepting")

    @property
    def serving(self) -> bool:
        """Whether its sockets are open, and whoever comes is accepted."""
        return self._accepting and all(listening.fileno() >= 0 for listening in self._sockets)

    @property
    def arriving(self) -> int:
        """How many connections are being welcomed."""
        return len(self._arriving)

    def start(self) -> None:
        """Begin to accept."""
        self._accepting = True
        for listening in self._sockets:
            self._await(listening)

    async def stop(self) -> None:
        """Accept no more, and close what listens, and every connection whose welcome has not ended."""
        self._accepting = False
        for listening in self._sockets:
            asyncio.get_running_loop().remove_reader(listening)
            listening.close()
        for task in self._arriving:
            task.cancel()
        await asyncio.gather(*self._arriving, return_exceptions=True)

    def _await(self, listening: socket.socket) -> None:
        if self._accepting:
            asyncio.get_running_loop().add_reader(listening, self._accept, listening)

    def _accept(self, listening: socket.socket) -> None:
        try:
            connection, _ = listening.accept()
        except BlockingIOError:  # gone again
            return
        except OSError as error:
            if not self._exhausted:  # once is enough, until it has recovered
                self._log.warning("a connection could not be accepted", reason=error.strerror)
            if error.errno in _NOTHING_LEFT:
                self._exhausted = True
                loop = asyncio.get_running_loop()
                loop.remove_reader(listening)
                loop.call_later(_RECOVERY_S, self._await, listening)
            return
        self._exhausted = False
        connection.setblocking(False)
        task = asyncio.create_task(self._welcome(connection))
        self._arriving.add(task)
        task.add_done_callback(lambda done: self._arrived(done, connection))

    def _arrived(self, task: asyncio.Task[None], connection: socket.socket) -> None:
        self._arriving.discard(task)
        if task.cancelled():  # perhaps before it had begun, when it could not close anything
            connection.close()
        elif (error := task.exception()) is not None:
            connection.close()
            self._log.error("a connection was not welcomed: this is a defect", exc_info=error)


async def hand_over(
    connection: socket.socket, protocols: Callable[[], asyncio.BaseProtocol], tls: ssl.SSLContext | None = None
) -> None:
    """Give a connection to a protocol that is made for it, after a handshake where there is a TLS context.

    Who leaves before that, or shakes no hands, is forgotten.
    """
    with suppress(OSError):  # gone again, or no handshake
        await asyncio.get_running_loop().connect_accepted_socket(protocols, connection, ssl=tls)
