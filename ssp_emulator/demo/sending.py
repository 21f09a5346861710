"""A consumer's part on the wire: a request sent through the proxy over mutual TLS."""

from __future__ import annotations

import ssl
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp
from yarl import URL

from ssp_emulator.demo.consumer import ConsumerError, Request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from ssp_emulator.address import Address


@dataclass(frozen=True, slots=True)
class Identity:
    """The consumer's certificate and key, and whom it trusts: PEM files."""

    certificate: Path
    key: Path
    trust: Path


@asynccontextmanager
async def sent(request: Request, proxy: Address, identity: Identity) -> AsyncIterator[aiohttp.ClientResponse]:
    """Send a request through the proxy, and lend the answer while its body is read. Raises `ConsumerError`."""
    url = URL(f"https://{proxy}/{request.target}", encoded=True)
    connector = aiohttp.TCPConnector(ssl=tls_context(identity))
    try:
        async with (
            aiohttp.ClientSession(connector=connector, auto_decompress=True) as session,
            session.request(request.method, url, headers=request.headers, allow_redirects=False) as answer,
        ):
            yield answer
    except (aiohttp.ClientError, OSError) as error:
        raise ConsumerError(f"the proxy at {proxy} did not answer: {error}") from error


def tls_context(identity: Identity) -> ssl.SSLContext:
    """Return a TLS context that shows the consumer's certificate. Raises `ConsumerError`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(identity.trust)
        context.load_cert_chain(identity.certificate, identity.key)
    except OSError as error:
        raise ConsumerError(
            f"{identity.certificate}, its key and {identity.trust} cannot be used: {error.strerror or error}; "
            "`ssp-emulator certs init` makes such files"
        ) from error
    return context
