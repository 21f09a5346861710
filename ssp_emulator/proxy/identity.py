"""Who is at the other end of a consumer's connection: found out once, when it has shaken hands."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ssp_emulator.address import Address
from ssp_emulator.exchange import Client

if TYPE_CHECKING:
    import socket

    from ssp_emulator.proxy.openssl import ToConsumer


def client_over(connection: socket.socket, secured: ToConsumer | None) -> Client:
    """Return what is known of a connection's client; `secured` is None where it speaks plain HTTP.

    Raises `StrangerError`.
    """
    host, port, *_ = connection.getpeername()
    address = str(Address(host, port))
    if secured is None:
        return Client(address=address, host=host)
    judged = secured.judged()
    return Client(
        address=address,
        host=host,
        tls=sys.intern(secured.version),  # many connections have the same
        cipher=secured.cipher and sys.intern(secured.cipher),
        certificate=judged.certificate if judged is not None else None,
        fault=judged.fault if judged is not None else None,
        handshake_s=secured.handshake_s,
        sni=secured.sni,
        firings=secured.firings,
    )
