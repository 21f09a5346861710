"""The way of one request: opened, examined, refused or forwarded, and written down before its last byte goes out."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import structlog

from ssp_emulator import outcome
from ssp_emulator.checks import examine, examine_unreadable, order_for
from ssp_emulator.exchange import Exchange, NotRecordedError
from ssp_emulator.proxy import heads
from ssp_emulator.proxy.consumer import Answered, Consumer, LastWords
from ssp_emulator.proxy.errors import ConsumerGone, MalformedRequestError, ProviderError, ProviderTimeoutError
from ssp_emulator.proxy.forwarding import Forwarding
from ssp_emulator.proxy.identity import client_of
from ssp_emulator.proxy.salvage import salvage

if TYPE_CHECKING:
    from aiohttp import web

    from ssp_emulator.directory.model import Directory
    from ssp_emulator.interactions import Catalogue
    from ssp_emulator.message import Head
    from ssp_emulator.outcome import Denial, Reason
    from ssp_emulator.proxy.providers import Providers
    from ssp_emulator.proxy.replies import Replies
    from ssp_emulator.spine import Spine

# What stands in the trail where no answer went out. Source: Spine Core SSP implementation guide, 444 and 499.
_CONNECTION_CLOSED, _CLIENT_CLOSED_REQUEST = 444, 499


class Audit(Protocol):
    """Whoever writes exchanges down."""

    def record(self, exchange: Exchange) -> None:
        """Write an exchange down; it is on its way to the disk when this returns. Raises `NotRecordedError`."""
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

    def __init__(self, spine: Spine, providers: Providers, audit: Audit, replies: Replies, manners: Manners) -> None:
        self._spine = spine
        self._clock = spine.clock
        self._audit = audit
        self._replies = replies
        self._manners = manners
        self._forwarding = Forwarding(providers, elapsed=self._elapsed, conclude=self._conclude)
        self._log: structlog.stdlib.BoundLogger = structlog.get_logger("ssp_emulator.proxy")

    def renew(self, directory: Directory, catalogue: Catalogue) -> None:
        """Judge by another directory from the next request on."""
        self._spine = replace(self._spine, directory=directory, catalogue=catalogue)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request; whatever happens on the way, it is written down."""
        exchange, consumer = self._open(request), Consumer(request, patience_s=self._manners.consumer_patience_s)
        try:
            return await self._answer(exchange, consumer)
        except ConsumerGone:
            return consumer.done(_CLIENT_CLOSED_REQUEST)
        except NotRecordedError as error:
            self._log.critical("an exchange is not in the audit trail", trace_id=exchange.trace_id, reason=str(error))
            exchange.recorded = True  # as far as it can be: another try would fail as well
            with suppress(ConsumerGone):
                return await self._refuse(exchange, consumer, outcome.internal_error(), closes=True)
            return consumer.done(_CLIENT_CLOSED_REQUEST)

    async def _answer(self, exchange: Exchange, consumer: Consumer) -> Answered:
        try:
            denial = self._examine(exchange)
            if denial is not None:
                return await self._refuse(exchange, consumer, denial)
            if exchange.method == "OPTIONS":
                return await self._say(exchange, consumer, self._replies.preflight(exchange))
            return await self._forwarding.forward(exchange, consumer)
        except (ConsumerGone, asyncio.CancelledError) as end:  # cancelled: gone too, or the emulator stops for good
            exchange.broken_off = True
            exchange.notes += [str(reason) for reason in end.args]
            if not consumer.begun:
                exchange.status = _CLIENT_CLOSED_REQUEST if consumer.gone else None
            raise
        except NotRecordedError:
            raise
        except Exception as error:  # noqa: BLE001 - a fault of ours is answered and written down like any other
            closes = not isinstance(error, ProviderError)
            return await self._refuse(exchange, consumer, self._denial(exchange, error), closes=closes)
        finally:
            self._conclude(exchange)

    def _examine(self, exchange: Exchange) -> Denial | None:
        """Put a request through its checks; what they found tells what any answer to it has in its head."""
        denial = examine(exchange, self._spine, order_for(exchange))
        exchange.timings.checked = self._elapsed(exchange)
        exchange.additions = self._replies.additions(exchange)
        return denial

    def malformed(self, request: web.BaseRequest, data: bytes, problem: str) -> Answered:
        """Answer what is no request in HTTP, and write down what can be read of it.

        Takes the bytes that could not be read, and what was wrong with them.
        """
        read = salvage(data)
        exchange = self._open(request)
        exchange.method, exchange.raw_target, exchange.headers = read.method or "-", read.target, read.headers
        denial = examine_unreadable(exchange, self._spine, problem, start_line=read.method is not None)
        exchange.additions = self._replies.additions(exchange)
        said = self._deny(exchange, denial)
        data = b"" if said is None else _whole(exchange, *said)
        try:
            self._conclude(exchange)
        except NotRecordedError as error:
            return self.failed(request, error)
        return LastWords(exchange.status or _CONNECTION_CLOSED, data)

    def failed(self, request: web.BaseRequest, error: BaseException | None) -> Answered:
        """Break off a request over a failure that came from the handling itself, and say so in the log."""
        self._log.critical("a request was broken off", reason=repr(error))
        if request.transport is not None:
            request.transport.abort()
        return Answered(500)

    def _open(self, request: web.BaseRequest) -> Exchange:
        return Exchange(
            received_at=self._clock.now(),
            started=self._clock.monotonic(),
            client=client_of(request.transport),
            method=request.method,
            raw_target=request.raw_path,
            headers=request.headers,
            raw_headers=request.raw_headers,
        )

    async def _refuse(
        self, exchange: Exchange, consumer: Consumer, denial: Denial, *, closes: bool = False
    ) -> Answered:
        """Answer with an error of the proxy's own, or break off where an answer has begun already."""
        if consumer.begun:
            exchange.broken_off = True
            self._conclude(exchange)
            consumer.abort()
            return consumer.done(exchange.status or 0)
        said = self._deny(exchange, denial)
        if said is None:
            self._conclude(exchange)
            return consumer.hang_up(_CONNECTION_CLOSED)
        return await self._say(exchange, consumer, *said, closes=closes or denial.form.closes)

    async def _say(
        self, exchange: Exchange, consumer: Consumer, head: Head, body: bytes = b"", *, closes: bool = False
    ) -> Answered:
        """Send an answer of the proxy's own."""
        start, body = consumer.head(head, exchange.additions, closes=closes), _sent(exchange, body)
        exchange.status, exchange.bytes_out = head.status, len(body)
        self._conclude(exchange)
        await consumer.write(start, body, last=True)
        return consumer.done(head.status)

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
            case MalformedRequestError():
                return outcome.bad_request(str(error))
            case _:
                self._log.error("the emulator failed on a request", trace_id=exchange.trace_id, exc_info=error)
                return outcome.internal_error()

    def _deny(self, exchange: Exchange, denial: Denial) -> tuple[Head, bytes] | None:
        """Put a denial on an exchange, and return how it is said; None where the configuration has it left unsaid."""
        exchange.denial = denial
        if denial.reason in self._manners.unanswered:
            exchange.status = _CONNECTION_CLOSED
            return None
        exchange.status = denial.form.status
        return self._replies.refusal(exchange, denial)

    def _elapsed(self, exchange: Exchange) -> float:
        return self._clock.monotonic() - exchange.started

    def _conclude(self, exchange: Exchange) -> None:
        """Write the exchange down, once; from here on it does not change. Raises `NotRecordedError`."""
        if exchange.recorded:
            return
        exchange.timings.total = self._elapsed(exchange)
        self._audit.record(exchange)
        exchange.recorded = True
        self._log.info(
            "request",
            trace_id=exchange.trace_id,
            method=exchange.method,
            target=exchange.target_text.partition("?")[0],
            status=exchange.status,
            denial=exchange.denial.reason.value if exchange.denial is not None else None,
            total_ms=round(exchange.timings.total * 1000, 3),
        )


def _sent(exchange: Exchange, body: bytes) -> bytes:
    return b"" if exchange.method == "HEAD" else body


def _whole(exchange: Exchange, head: Head, body: bytes) -> bytes:
    """Return an answer as bytes, the last on its connection."""
    body = _sent(exchange, body)
    exchange.bytes_out = len(body)
    start = heads.answer_head(head.status, head.phrase, head.fields, head.framing, b"close", exchange.additions)
    return start + body
