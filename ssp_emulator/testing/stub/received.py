"""What the stub provider has received."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from multidict import CIMultiDict, CIMultiDictProxy

from ssp_emulator.demo.provider.gate import certificate_names
from ssp_emulator.exchange import INTERACTION_ID, TRACE_ID

if TYPE_CHECKING:
    from aiohttp import web


@dataclass(frozen=True)
class Received:
    """A request as the provider got it.

    `path` is raw, with its query; `headers` are in their order, case-insensitive, with each value of those that came
    more than once. `client` is the host name in the certificate that the SSP showed, and `tls` the protocol's version.
    """

    method: str
    path: str
    headers: CIMultiDictProxy[str] = field(repr=False)
    body: bytes = field(repr=False)
    client: str
    tls: str

    @property
    def trace_id(self) -> str | None:
        """The value of `Ssp-TraceID`."""
        return self.headers.get(TRACE_ID)

    @property
    def interaction(self) -> str | None:
        """The value of `Ssp-InteractionID`."""
        return self.headers.get(INTERACTION_ID)

    @property
    def json(self) -> Any:
        """The body, read as JSON; raises `ValueError` where it is none."""
        return json.loads(self.body)


async def received(request: web.Request) -> Received:
    """Read a request to its end."""
    transport = request.transport
    certificate = transport.get_extra_info("peercert") if transport is not None else None
    secured = transport.get_extra_info("ssl_object") if transport is not None else None
    return Received(
        request.method,
        request.raw_path,
        CIMultiDictProxy(CIMultiDict(request.headers)),
        await request.read(),
        ", ".join(sorted(certificate_names(certificate or {}))),
        secured.version() if secured is not None else "",
    )
