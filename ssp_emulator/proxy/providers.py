"""Connections to providers: made to where the registry says, over mutual TLS, and kept for the next request."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from errno import ECONNREFUSED
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING, Any

from ssp_emulator.address import Address
from ssp_emulator.provider_failures import REFUSED, UNKNOWN_NAME, bad_certificate, no_connection
from ssp_emulator.proxy.channel import ToProvider
from ssp_emulator.proxy.errors import ProviderError, ProviderTimeoutError
from ssp_emulator.proxy.leg import Leg
from ssp_emulator.proxy.transport import Transport, shake_hands

if TYPE_CHECKING:
    from ssp_emulator.directory.model import Endpoint
    from ssp_emulator.proxy.channel import Resumable

_MOST_SESSIONS = 1000  # some kilobytes each
_Whither = tuple[Address, str]

_UNKNOWN_NAME = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the proxy waits for a provider, in seconds: to connect, for an answer's head, and between its pieces."""

    connect_s: float
    first_byte_s: float
    idle_s: float


class Providers:
    """The pool of connections, by where they lead and whose certificate they have shown."""

    def __init__(self, context: ssl.SSLContext, patience: Patience, *, kept: int, kept_for_s: float) -> None:
        self.patience = patience
        self._context = context
        self._kept_most = kept
        self._kept_for_s = kept_for_s
        self._idle: defaultdict[_Whither, list[Leg]] = defaultdict(list)
        self._sessions: dict[_Whither, Resumable] = {}

    async def lend(self, endpoint: Endpoint, *, fresh: bool = False) -> Leg:
        """Lend a connection to an endpoint: a kept one, or a new one where there is none or `fresh` asks for it.

        Raises `ProviderError` where none can be made.
        """
        kept = None if fresh else self._kept_one(endpoint)
        return kept if kept is not None else await self._connect(endpoint)

    def give_back(self, endpoint: Endpoint, leg: Leg) -> None:
        """Keep a connection where the answer on it came to its end; close it otherwise."""
        if leg.context is self._context and not leg.reused and (session := leg.session) is not None:
            self._sessions.pop(_whither(endpoint), None)
            while len(self._sessions) >= _MOST_SESSIONS:
                del self._sessions[next(iter(self._sessions))]
            self._sessions[_whither(endpoint)] = session
        if leg.spent:
            leg.abort()
        elif leg.context is not self._context:
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
            for leg in kept:
                leg.wake()
                leg.close()
        self._idle.clear()
        self._sessions.clear()

    async def _connect(self, endpoint: Endpoint) -> Leg:
        address, context, session = endpoint.connect_to, self._context, self._session_of(endpoint)
        try:
            async with asyncio.timeout(self.patience.connect_s):
                connection = await _connected(address)
                try:
                    return await _secured(connection, endpoint.host, context, session)
                except BaseException:
                    self._sessions.pop(_whither(endpoint), None)  # it may be what the provider minds
                    connection.close()
                    raise
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

    def _session_of(self, endpoint: Endpoint) -> ssl.SSLSession | None:
        known = self._sessions.get(_whither(endpoint))
        # By the system's clock, as OpenSSL judges certificates.
        return known.session if known is not None and time.time() < known.until else None

    def _kept_one(self, endpoint: Endpoint) -> Leg | None:
        kept = self._idle.get(_whither(endpoint), [])
        while kept:
            leg = kept.pop()  # the one used last is the likeliest to be still alive
            leg.wake()
            if leg.usable:
                return leg
        return None

    def _keep(self, endpoint: Endpoint, leg: Leg) -> None:
        kept = self._idle[_whither(endpoint)]
        if len(kept) >= self._kept_most:
            leg.close()
            return
        leg.rest(self._kept_for_s)
        kept.append(leg)
        leg.on_lost = lambda: kept.remove(leg) if leg in kept else None


async def _connected(address: Address) -> socket.socket:
    """Connect to the first of an address's that takes us. Raises `OSError`, of a refusal where there was one."""
    loop = asyncio.get_running_loop()
    failures: list[OSError] = []
    for family, where in await _places(address):
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            connection.setblocking(False)
            await loop.sock_connect(connection, where)
        except OSError as error:
            connection.close()
            failures.append(error)
        except BaseException:
            connection.close()
            raise
        else:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return connection
    raise next((failure for failure in failures if failure.errno == ECONNREFUSED), failures[0])


async def _places(address: Address) -> list[tuple[int, tuple[Any, ...]]]:
    """Return where an address leads, each with its family; a name is looked up, an IP address is not."""
    with suppress(ValueError):
        family = socket.AF_INET6 if isinstance(ip_address(address.host), IPv6Address) else socket.AF_INET
        return [(family, (address.host, address.port))]
    found = await asyncio.get_running_loop().getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    return [(family, where) for family, _, _, _, where in found]


async def _secured(
    connection: socket.socket, host: str, context: ssl.SSLContext, session: ssl.SSLSession | None
) -> Leg:
    """Shake hands with a provider, resuming a session where there is one. Raises `ssl.SSLError` and `OSError`."""
    secured = context.wrap_socket(
        connection, server_hostname=host, do_handshake_on_connect=False, suppress_ragged_eofs=False, session=session
    )
    try:
        channel = ToProvider(secured)
        await shake_hands(secured, channel)
        leg = Leg(context)
        Transport(secured, channel, leg)
    except BaseException:
        secured.close()
        raise
    return leg


def _why(error: OSError) -> str:
    """Say why no connection could be made, in our words where the system's tell too much or too little."""
    if isinstance(error, socket.gaierror) and error.errno in _UNKNOWN_NAME:
        return UNKNOWN_NAME
    if error.errno == ECONNREFUSED:
        return REFUSED
    return error.strerror or str(error)


def _whither(endpoint: Endpoint) -> _Whither:
    return endpoint.connect_to, endpoint.host
