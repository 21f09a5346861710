"""Consumers that resume a TLS session, or try to; asyncio's own cannot."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import TYPE_CHECKING, NamedTuple

from support.wire import PATIENCE_S

if TYPE_CHECKING:
    import ssl

    from ssp_emulator.pki.folder import CertificateFolder
    from support.running import Running


class Resumed(NamedTuple):
    """An answer, whether it came over a session that was resumed, and what the next connection may resume."""

    status: int
    diagnostics: str | None
    reused: bool
    session: ssl.SSLSession | None


def with_tls_1_3(certificates: CertificateFolder) -> dict[str, object]:
    """Return the settings of a proxy that speaks both versions."""
    return {
        "certificate": str(certificates.ssp_server.certificate),
        "key": str(certificates.ssp_server.key),
        "trust": str(certificates.chain),
        "crl": str(certificates.crl),
        "tls_1_3": True,
    }


async def asked(ssp: Running, using: ssl.SSLContext, session: ssl.SSLSession | None = None) -> Resumed:
    """Send a good request over a connection of its own, which resumes a session if there is one to resume."""
    return await asyncio.to_thread(_asked, ssp.port, ssp.request(Connection="close"), using, session)


def _asked(port: int, request: bytes, using: ssl.SSLContext, session: ssl.SSLSession | None) -> Resumed:
    with (
        socket.create_connection(("127.0.0.1", port), PATIENCE_S) as connection,
        using.wrap_socket(connection, server_hostname="localhost", session=session) as secured,
    ):
        secured.sendall(request)
        received = b""
        while some := secured.recv(1 << 16):
            received += some
        head, _, body = received.partition(b"\r\n\r\n")
        status = int(head.split(b" ")[1])
        diagnostics = None if status == 200 else json.loads(body)["issue"][0]["diagnostics"]
        return Resumed(status, diagnostics, bool(secured.session_reused), secured.session)
