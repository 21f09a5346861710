"""Greeting: what fault rules do to a connection between its ClientHello and the answer to it."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, NoReturn, Protocol

from ssp_emulator.address import Address
from ssp_emulator.exchange import Client
from ssp_emulator.faults.effects.effect import Ending
from ssp_emulator.proxy.endings import arrived, reset_on_close
from ssp_emulator.proxy.errors import ConsumerGone, CutOff
from ssp_emulator.proxy.hello import Listening

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from ssp_emulator.faults.effects.effect import Effect
    from ssp_emulator.faults.fault import Fault
    from ssp_emulator.faults.firing import Firing
    from ssp_emulator.proxy.disguises import Disguises
    from ssp_emulator.proxy.hello import Hello
    from ssp_emulator.proxy.ledger import Ledger
    from ssp_emulator.proxy.openssl import ConsumerContext, ToConsumer

_PIECE = 16 * 1024
_FAREWELL_S = 2.0  # how long a consumer may take to close as well


class Rules(Protocol):
    """Whoever chooses what goes wrong on purpose before a request can be read."""

    @property
    def watches_connections(self) -> bool:
        """Whether there is anything to choose from."""
        ...

    def meet(self, client: str, sni: str | None) -> Fault:
        """Choose what happens to a connection, of a client's IP address, that asks for a host name."""
        ...


class Greeter:
    """Meets consumers before TLS does, where any rule is about that."""

    def __init__(self, rules: Rules, disguises: Disguises, ledger: Ledger) -> None:
        self._rules = rules
        self._disguises = disguises
        self._ledger = ledger
        self._listening = Listening()

    @property
    def watches(self) -> bool:
        """Whether any rule is about connections."""
        return self._rules.watches_connections

    async def hear(self, connection: socket.socket) -> Hello:
        """Read a consumer's ClientHello."""
        return await self._listening.hear(connection)

    @asynccontextmanager
    async def greeted(
        self, connection: socket.socket, hello: Hello, context: ConsumerContext
    ) -> AsyncIterator[ToConsumer]:
        """Do to a connection what rules have for it, and give what to shake hands over; `context` is the proxy's own.

        A connection that they end, or whose handshake fails after they have changed it, is written down.
        Raises `ConsumerGone` and `CutOff` where the connection has had its end.
        """
        if not hello.whole:
            yield context.over(connection)
            return
        host, port, *_ = connection.getpeername()
        fault = self._rules.meet(host, hello.sni)
        if not fault:
            yield context.over(connection)
            return
        client = Client(str(Address(host, port)), host, sni=hello.sni, firings=tuple(fault.firings))
        exchange = self._ledger.open_unmet(client)
        door = Doorway(
            connection, hello, context, self._disguises, lambda how: self._ledger.conclude_unmet(exchange, how)
        )
        try:
            await fault.greet(door)
            yield door.context.over(connection, client.firings)
        except BaseException as end:
            door.conclude(_said(end))
            raise


class Doorway:
    """A consumer's connection before TLS has shaken hands on it, as effects see it (`Door`).

    `context` is what is shaken hands with; `conclude` takes how the handshake ended, and writes that down once.
    """

    def __init__(
        self,
        connection: socket.socket,
        hello: Hello,
        context: ConsumerContext,
        disguises: Disguises,
        conclude: Callable[[str], None],
    ) -> None:
        self.context = context
        self.conclude = conclude
        self._connection = connection
        self._hello = hello
        self._disguises = disguises
        self._disguised_for: str | None = None

    def disguise(self, effect: Effect, firing: Firing) -> None:
        """Shake hands as an effect has it that was made ready; the first of several wins."""
        if self._disguised_for is not None:
            firing.note(f"nothing: {self._disguised_for} came first")
        elif (disguise := self._disguises.of(effect)) is None:
            firing.note("nothing: what it shakes hands with was not ready")
        else:
            self.context, self._disguised_for = disguise.context, firing.rule
            firing.note(disguise.words)

    async def left(self, firing: Firing) -> NoReturn:
        """Send nothing, and wait until the consumer leaves."""
        firing.note("left the handshake without an answer")
        await self._until_closed()
        raise ConsumerGone("the consumer left while the TLS handshake stood still")

    async def cut(self, after_bytes: int, how: Ending, firing: Firing) -> NoReturn:
        """Send so many bytes of the handshake's first flight, or all that it has, and end the connection."""
        piece = self.context.answer(self._hello.received)[:after_bytes]
        done = "reset" if how is Ending.RESET else "closed"
        firing.note(f"sent {len(piece)} bytes of the handshake and {done} the connection")
        end = CutOff("a fault rule cut the TLS handshake off")
        self.conclude(str(end))
        await asyncio.get_running_loop().sock_sendall(self._connection, piece)
        if how is Ending.RESET:
            await arrived(self._connection)  # a RST would overtake it
            reset_on_close(self._connection)
        else:
            self._connection.shutdown(socket.SHUT_WR)
            # To close while bytes are still coming would send a RST.
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(_FAREWELL_S):
                    await self._until_closed()
        raise end

    async def _until_closed(self) -> None:
        """Read what the consumer sends, to throw it away, until it closes or resets the connection."""
        with suppress(ConnectionError):
            while await asyncio.get_running_loop().sock_recv(self._connection, _PIECE):
                pass


def _said(end: BaseException) -> str:
    """Say how a handshake ended, for the audit record."""
    match end:
        case asyncio.CancelledError():
            return "the emulator was stopped during the TLS handshake"
        case ConsumerGone() | CutOff():
            return str(end)
        case _:
            return f"the TLS handshake failed: {str(end) or type(end).__name__}"
