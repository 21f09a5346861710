"""The way of one request: opened, examined, refused or forwarded, and written down before its last byte goes out."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import structlog

from ssp_emulator import outcome
from ssp_emulator.checks import examine, examine_unreadable, order_for
from ssp_emulator.exchange import NotRecordedError
from ssp_emulator.faults.effects.effect import Imitation
from ssp_emulator.faults.engine import UnknownRuleError
from ssp_emulator.message import Framing
from ssp_emulator.proxy import heads
from ssp_emulator.proxy.consumer import Consumer
from ssp_emulator.proxy.errors import ConsumerGone, CutOff, MalformedRequestError, ProviderError, ProviderTimeoutError
from ssp_emulator.proxy.forwarding import Forwarding
from ssp_emulator.proxy.outlet import CONNECTION_CLOSED, Outlet
from ssp_emulator.proxy.salvage import salvage

if TYPE_CHECKING:
    from ssp_emulator.directory.model import Directory
    from ssp_emulator.exchange import Client, Exchange
    from ssp_emulator.faults.fault import Fault
    from ssp_emulator.interactions import Catalogue
    from ssp_emulator.message import Head
    from ssp_emulator.outcome import Denial, Reason
    from ssp_emulator.proxy.connection import Connection
    from ssp_emulator.proxy.ledger import Ledger
    from ssp_emulator.proxy.providers import Providers
    from ssp_emulator.proxy.replies import Replies
    from ssp_emulator.proxy.request import Request
    from ssp_emulator.spine import Spine

# What stands in the trail where nobody was there for an answer. Source: Spine Core SSP implementation guide, 499.
_CLIENT_CLOSED_REQUEST = 499


class Faults(Protocol):
    """Whoever chooses what goes wrong on purpose."""

    def choose(self, exchange: Exchange) -> Fault:
        """Choose what happens to a request. Raises `UnknownRuleError`."""
        ...


@dataclass(frozen=True, slots=True)
class Manners:
    """How the proxy treats consumers.

    The status where no connection to a provider could be made in time, how many seconds a consumer may neither send nor
    take a byte in the middle of a request, and the reasons for which it closes the connection and answers nothing.
    """

    connect_timeout_status: int = 504
    consumer_patience_s: float = 30.0
    unanswered: frozenset[Reason] = frozenset()


class Handler:
    """Takes each request the whole way."""

    def __init__(
        self,
        spine: Spine,
        faults: Faults,
        providers: Providers,
        ledger: Ledger,
        replies: Replies,
        manners: Manners,
    ) -> None:
        self._spine = spine
        self._faults = faults
        self._ledger = ledger
        self._replies = replies
        self._manners = manners
        self._forwarding = Forwarding(providers, elapsed=self._ledger.elapsed)
        self._log: structlog.stdlib.BoundLogger = structlog.get_logger("ssp_emulator.proxy")

    @property
    def spine(self) -> Spine:
        """What requests are judged by now."""
        return self._spine

    def renew(self, directory: Directory, catalogue: Catalogue) -> None:
        """Judge by another directory from the next request on."""
        self._spine = replace(self._spine, directory=directory, catalogue=catalogue)

    async def handle(self, request: Request, connection: Connection) -> bool:
        """Answer one request; whatever happens, it is written down. Tell whether its connection may take another."""
        exchange = self._ledger.open(request, connection.client, connection.requests)
        patience_s = self._manners.consumer_patience_s
        outlet = Outlet(connection, request, exchange, self._ledger.settle, patience_s=patience_s)
        consumer = Consumer(request, outlet, patience_s=patience_s)
        try:
            await self._answer(exchange, consumer)
        except (ConsumerGone, CutOff):
            return False
        except NotRecordedError as error:
            if not consumer.begun:
                self._deny(exchange, outcome.not_recorded())
            self._ledger.give_up(exchange, error)
            with suppress(ConsumerGone, NotRecordedError):
                await self._refuse(exchange, consumer, outcome.not_recorded(), closes=True)
        return outlet.keep_alive

    async def _answer(self, exchange: Exchange, consumer: Consumer) -> None:
        try:
            if self._ledger.closed is not None:
                exchange.additions = self._replies.additions(exchange)
                await self._refuse(exchange, consumer, outcome.not_recorded())
                return
            exchange.denial = self._examine(exchange)
            instead = await self._misbehave(exchange, consumer)
            if isinstance(instead, Imitation):
                await self._say(exchange, consumer, *self._replies.outcome(exchange, *instead))
            elif (denial := instead or exchange.denial) is not None:
                await self._refuse(exchange, consumer, denial)
            elif exchange.method == "OPTIONS":
                await self._say(exchange, consumer, self._replies.preflight(exchange))
            else:
                await self._forwarding.forward(exchange, consumer)
        except (ConsumerGone, asyncio.CancelledError) as end:  # cancelled: gone too, or the emulator stops for good
            exchange.broken_off = True
            exchange.notes += [str(reason) for reason in end.args]
            if not consumer.begun:
                exchange.status = _CLIENT_CLOSED_REQUEST if consumer.gone else None
            raise
        except (NotRecordedError, CutOff):
            raise
        except Exception as error:  # noqa: BLE001 - a fault of ours is answered and written down like any other
            closes = not isinstance(error, ProviderError | UnknownRuleError)
            await self._refuse(exchange, consumer, self._denial(exchange, error), closes=closes)
        finally:
            consumer.let_go()
            self._ledger.conclude(exchange)

    def _examine(self, exchange: Exchange) -> Denial | None:
        """Put a request through its checks; what they found tells what any answer to it has in its head."""
        denial = examine(exchange, self._spine, order_for(exchange))
        exchange.timings.checked = self._ledger.elapsed(exchange)
        exchange.additions = self._replies.additions(exchange)
        return denial

    async def _misbehave(self, exchange: Exchange, consumer: Consumer) -> Denial | Imitation | None:
        """Let the fault rules have their way with a request; return what they answer instead, if anything."""
        fault = self._faults.choose(exchange)
        if not fault:
            return None
        exchange.firings += fault.firings
        consumer.let_in(fault)
        await fault.wait()
        exchange.timings.waited = self._ledger.elapsed(exchange)
        return await fault.instead(exchange, consumer.outlet)

    async def malformed(self, connection: Connection, data: bytes, problem: str) -> None:
        """Answer what is no request in HTTP, and write down what can be read of it.

        Takes the bytes that could not be read, and what was wrong with them. The connection closes behind it.
        """
        read = salvage(data)
        exchange = self._ledger.open(read, connection.client, connection.requests)
        denial = examine_unreadable(exchange, self._spine, problem, start_line=read.has_start_line)
        exchange.additions = self._replies.additions(exchange)
        words = self._words(exchange, denial)
        try:
            await self._ledger.settle(exchange)
        except NotRecordedError as error:
            words = self._words(exchange, outcome.not_recorded())
            self._ledger.give_up(exchange, error)
        if connection.transport is not None:
            connection.transport.write(words)

    def _words(self, exchange: Exchange, denial: Denial) -> bytes:
        """Return how a denial is said, as bytes that end a connection; none where it is left unsaid."""
        said = self._deny(exchange, denial)
        return b"" if said is None else _whole(exchange, *said)

    def left_unasked(self, client: Client) -> None:
        """Write down a consumer that fault rules met in its handshake, and that left before it sent a request."""
        if client.firings:
            self._ledger.conclude_unmet(self._ledger.open_unmet(client), "the consumer left before it sent a request")

    def failed(self, error: BaseException) -> None:
        """Say in the log that a request was broken off over a failure that came from the handling itself."""
        self._log.critical("a request was broken off", reason=repr(error))

    async def _refuse(self, exchange: Exchange, consumer: Consumer, denial: Denial, *, closes: bool = False) -> None:
        """Answer with an error of the proxy's own, or break off where an answer has begun already."""
        if consumer.begun:
            exchange.broken_off = True
            self._ledger.conclude(exchange)
            consumer.abort()
            return
        said = self._deny(exchange, denial)
        if said is None:
            self._ledger.conclude(exchange)
            consumer.abort()
        else:
            await self._say(exchange, consumer, *said, closes=closes or denial.form.closes)

    async def _say(
        self, exchange: Exchange, consumer: Consumer, head: Head, body: bytes = b"", *, closes: bool = False
    ) -> None:
        """Send an answer of the proxy's own."""
        if exchange.method == "HEAD":
            head.framing, body = Framing.NONE, b""
        exchange.timings.ending = self._ledger.elapsed(exchange)
        await consumer.begin(head, closes=closes)
        await consumer.write(body, last=True)

    def _denial(self, exchange: Exchange, error: Exception) -> Denial:
        """Translate what went wrong on the way into what the consumer is told."""
        match error:
            case ProviderTimeoutError(connecting=True):
                exchange.provider.error = str(error)
                return outcome.timeout(exchange.target_text, self._manners.connect_timeout_status)
            case ProviderTimeoutError():
                exchange.provider.error = str(error)
                return outcome.timeout(exchange.target_text)
            case ProviderError():
                exchange.provider.error = str(error)
                return outcome.bad_gateway(exchange.target_text)
            case MalformedRequestError() | UnknownRuleError():
                return outcome.bad_request(str(error))
            case _:
                trace_id = self._ledger.shown(exchange.trace_id or "")
                self._log.error("the emulator failed on a request", trace_id=trace_id, exc_info=error)
                return outcome.internal_error()

    def _deny(self, exchange: Exchange, denial: Denial) -> tuple[Head, bytes] | None:
        """Put a denial on an exchange, and return how it is said; None where the configuration has it left unsaid."""
        exchange.denial = denial
        if denial.reason in self._manners.unanswered:
            exchange.status = CONNECTION_CLOSED
            return None
        exchange.status = denial.form.status
        return self._replies.refusal(exchange, denial)


def _whole(exchange: Exchange, head: Head, body: bytes) -> bytes:
    """Return an answer as bytes, the last on its connection."""
    body = b"" if exchange.method == "HEAD" else body
    exchange.bytes_out = len(body)
    if exchange.samples is not None:
        exchange.samples.to_consumer.take(body)
    start = heads.answer_head(head.status, head.phrase, head.fields, head.framing, b"close", exchange.additions)
    return start + body
