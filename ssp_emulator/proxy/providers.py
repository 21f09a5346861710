"""Connections to providers: made to where the registry says, over mutual TLS, and kept for the next request."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections import defaultdict
from contextlib import asynccontextmanager
from dataclasses import dataclass
from errno import ECONNREFUSED
from typing import TYPE_CHECKING

from ssp_emulator.provider_failures import REFUSED, UNKNOWN_NAME, bad_certificate, no_connection
from ssp_emulator.proxy.errors import ProviderError, ProviderTimeoutError
from ssp_emulator.proxy.leg import Leg

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ssp_emulator.address import Address
    from ssp_emulator.directory.model import Endpoint

_ERRNO = re.compile(r"\[Errno (\d+)\]")
_UNKNOWN_NAME = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the proxy waits for a provider, in seconds: to connect, for an answer's head, and between its pieces."""

    connect_s: float
    first_byte_s: float
    idle_s: float


@dataclass(frozen=True, slots=True)
class _Kept:
    leg: Leg
    expiry: asyncio.TimerHandle


class Providers:
    """The pool of connections, by where they lead and whose certificate they have shown."""

    def __init__(self, context: ssl.SSLContext, patience: Patience, *, kept: int, kept_for_s: float) -> None:
        self.patience = patience
        self._context = context
        self._kept_most = kept
        self._kept_for_s = kept_for_s
        self._idle: defaultdict[tuple[Address, str], list[_Kept]] = defaultdict(list)

    @asynccontextmanager
    async def connection(self, endpoint: Endpoint, *, fresh: bool = False) -> AsyncIterator[Leg]:
        """Lend a connection to an endpoint: a kept one, or a new one where there is none or `fresh` asks for it.

        It is kept afterwards where the answer on it came to its end, and closed otherwise. Raises `ProviderError`
        where none can be made.
        """
        context = self._context
        leg = (None if fresh else self._kept_one(endpoint)) or await self._connect(endpoint)
        try:
            yield leg
        finally:
            if leg.spent:
                leg.abort()
            elif context is not self._context:
                leg.close()
            else:
                self._keep(endpoint, leg)

    def renew(self, context: ssl.SSLContext) -> None:
        """Meet providers with other certificates from now on; no connection made before that is used again."""
        self._context = context
        self.close()

    def close(self) -> None:
        """Close every connection that is kept."""
        for kept in self._idle.values():
            for one in kept:
                one.expiry.cancel()
                one.leg.on_lost = None
                one.leg.close()
        self._idle.clear()

    async def _connect(self, endpoint: Endpoint) -> Leg:
        address = endpoint.connect_to
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self.patience.connect_s):
                _, leg = await loop.create_connection(
                    Leg, address.host, address.port, ssl=self._context, server_hostname=endpoint.host
                )
                return leg
        except TimeoutError as error:
            raise ProviderTimeoutError(
                f"no connection to {address} within {self.patience.connect_s:g} s", connecting=True
            ) from error
        except ssl.SSLCertVerificationError as error:
            raise ProviderError(bad_certificate(address, error.verify_message)) from error
        except ssl.SSLError as error:
            raise ProviderError(f"TLS with {address} failed: {error.reason or error}") from error
        except OSError as error:
            raise ProviderError(no_connection(address, _why(error))) from error

    def _kept_one(self, endpoint: Endpoint) -> Leg | None:
        kept = self._idle.get(_whither(endpoint), [])
        while kept:
            one = kept.pop()  # the one used last is the likeliest to be still alive
            one.expiry.cancel()
            one.leg.on_lost = None
            if one.leg.usable:
                one.leg.reused = True
                return one.leg
        return None

    def _keep(self, endpoint: Endpoint, leg: Leg) -> None:
        kept = self._idle[_whither(endpoint)]
        if len(kept) >= self._kept_most:
            leg.close()
            return
        leg.rest()
        loop = asyncio.get_running_loop()
        one = _Kept(leg, loop.call_later(self._kept_for_s, leg.close))
        kept.append(one)
        leg.on_lost = lambda: self._forget(kept, one)

    def _forget(self, kept: list[_Kept], one: _Kept) -> None:
        one.expiry.cancel()
        if one in kept:
            kept.remove(one)


def _why(error: OSError) -> str:
    """Say why no connection could be made, in our words where the system's tell too much or too little."""
    if isinstance(error, socket.gaierror) and error.errno in _UNKNOWN_NAME:
        return UNKNOWN_NAME
    # By its text: where a name has several addresses, asyncio puts what went wrong with each into one.
    if str(ECONNREFUSED) in _ERRNO.findall(str(error)):
        return REFUSED
    return error.strerror or str(error)


def _whither(endpoint: Endpoint) -> tuple[Address, str]:
    return endpoint.connect_to, endpoint.host
