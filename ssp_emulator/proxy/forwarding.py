"""Forwarding: an examined request goes to its provider, and the answer comes back, both of them unchanged."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ssp_emulator.exchange import known
from ssp_emulator.message import Framing
from ssp_emulator.proxy import heads
from ssp_emulator.proxy.errors import ProviderClosedError, ProviderError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssp_emulator.exchange import Exchange
    from ssp_emulator.message import Head
    from ssp_emulator.proxy.consumer import Consumer
    from ssp_emulator.proxy.leg import Leg
    from ssp_emulator.proxy.providers import Providers

# How long a consumer's body waits for the provider's word. Source: RFC 9110, 10.1.1: not for ever.
_CONTINUE_PATIENCE_S = 1.0
# What may be sent twice without harm. Source: RFC 9110, 9.2.2.
_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})

_SWITCHING_PROTOCOLS = 101
_CONTINUE = 100


class Forwarding:
    """Sends requests to providers; `elapsed` tells the seconds since an exchange began."""

    def __init__(self, providers: Providers, *, elapsed: Callable[[Exchange], float]) -> None:
        self._providers = providers
        self._elapsed = elapsed

    async def forward(self, exchange: Exchange, consumer: Consumer) -> None:
        """Ask the provider and relay what it answers.

        A request goes out once more, on a new connection, where a kept one turns out to have been closed and sending
        it twice does no harm. Raises `ProviderError`, `ConsumerGone` and `MalformedRequestError`.
        """
        endpoint, framing, fresh = known(exchange.endpoint), consumer.body_framing, False
        while True:
            leg = await self._providers.lend(endpoint, fresh=fresh)
            try:
                self._meet(exchange, leg)
                await self._ask(exchange, consumer, leg, framing)
            except ProviderClosedError as error:
                if error.answered or not leg.reused or not _may_repeat(exchange, framing):
                    raise
            else:
                return
            finally:
                _count(exchange, leg)
                self._providers.give_back(endpoint, leg)
            exchange.notes.append("a kept connection to the provider turned out closed; asked again on a new one")
            fresh = True

    def _meet(self, exchange: Exchange, leg: Leg) -> None:
        exchange.provider.address = leg.address
        exchange.provider.reused = leg.reused
        exchange.timings.connected = self._elapsed(exchange)

    async def _ask(self, exchange: Exchange, consumer: Consumer, leg: Leg, framing: Framing) -> None:
        leg.begin(exchange.method, _request_head(exchange, framing))
        if framing is Framing.NONE:
            head = await self._final_head(consumer, leg, None)
            await self._relay(exchange, consumer, leg, head)
            return
        go_on = asyncio.Event()
        upload = asyncio.create_task(self._upload(exchange, consumer, leg, go_on))
        try:
            head = await self._final_head(consumer, leg, go_on)
            await self._relay(exchange, consumer, leg, head)
        except ProviderError:
            _raise_failure(upload)
            raise
        finally:
            if not upload.done():
                leg.abort()
                upload.cancel()
            await asyncio.gather(upload, return_exceptions=True)

    async def _upload(self, exchange: Exchange, consumer: Consumer, leg: Leg, go_on: asyncio.Event) -> None:
        """Send the request's body; a failure of the consumer's closes the leg, which ends the wait for an answer."""
        chunked = consumer.body_framing is Framing.CHUNKED
        try:
            if consumer.waits_for_continue:
                try:
                    await asyncio.wait_for(go_on.wait(), _CONTINUE_PATIENCE_S)
                except TimeoutError:
                    exchange.notes.append("the provider did not say 100 Continue in time; the proxy did")
                await consumer.go_on()
            async for piece in consumer.body():
                exchange.bytes_in += len(piece)
                if exchange.samples is not None:
                    exchange.samples.from_consumer.take(piece)
                await leg.send(heads.chunk(piece) if chunked else piece)
            if chunked:
                await leg.send(heads.LAST_CHUNK)
        except ProviderError:
            return  # whoever waits for the answer is told the same
        except BaseException:
            leg.abort()
            raise

    async def _final_head(self, consumer: Consumer, leg: Leg, go_on: asyncio.Event | None) -> Head:
        while True:
            head = await leg.head(patience_s=self._providers.patience.first_byte_s)
            if not head.interim:
                return head
            if head.status == _SWITCHING_PROTOCOLS:
                raise ProviderError("the answer switches protocols, which was not asked for")
            if head.status == _CONTINUE and consumer.waits_for_continue and go_on is not None:
                go_on.set()
            else:
                await consumer.interim(head)

    async def _relay(self, exchange: Exchange, consumer: Consumer, leg: Leg, head: Head) -> None:
        exchange.timings.first_byte = self._elapsed(exchange)
        exchange.provider.status = head.status
        _count(exchange, leg)  # each time before something goes out: a fault may have it be the last
        await consumer.begin(head)
        exchange.timings.consumer_s += self._elapsed(exchange) - exchange.timings.first_byte  # a fault may wait here
        while True:
            piece = leg.take()
            _count(exchange, leg)
            if leg.complete:
                break
            began = self._elapsed(exchange)
            await consumer.write(piece, last=False)
            written = self._elapsed(exchange)
            exchange.timings.consumer_s += written - began
            await leg.more(patience_s=self._providers.patience.idle_s)
            exchange.timings.provider_body_s += self._elapsed(exchange) - written
        exchange.timings.ending = self._elapsed(exchange)
        await consumer.write(piece, last=True)


def _count(exchange: Exchange, leg: Leg) -> None:
    exchange.provider.bytes_sent, exchange.provider.bytes_received = leg.bytes_sent, leg.bytes_received


def _request_head(exchange: Exchange, framing: Framing) -> bytes:
    target = known(exchange.target)
    return heads.request_head(
        exchange.method,
        target.path_and_query,
        target.authority,
        exchange.raw_headers,
        framing,
        heads.forwarded(exchange.client.host, exchange.headers.get("Host"), "https"),
    )


def _may_repeat(exchange: Exchange, framing: Framing) -> bool:
    return exchange.method in _IDEMPOTENT and framing is Framing.NONE


def _raise_failure(upload: asyncio.Task[None]) -> None:
    """Raise what ended an upload, where that and not the provider is why there is no answer."""
    if upload.cancelled():
        raise asyncio.CancelledError
    if upload.done() and (failure := upload.exception()) is not None:
        raise failure
