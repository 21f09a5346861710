"""Calling our own listeners, and nobody else's: short, and without any proxy that the environment names."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ssp_emulator.address import Address

PATIENCE_S = 1.5
_LARGEST = 1 << 20


@dataclass(frozen=True, slots=True)
class Said:
    """What was answered: `value` is its JSON, None where it is none."""

    status: int
    headers: dict[str, str]
    value: Any


def get(address: Address, path: str) -> Said | None:
    """Ask for a path; None where what listens speaks no HTTP. Raises `OSError`."""
    connection = http.client.HTTPConnection(address.host, address.port, timeout=PATIENCE_S)
    try:
        with closing(connection):
            connection.request("GET", path, headers={"Accept": "application/json"})
            answer = connection.getresponse()
            text = answer.read(_LARGEST)
    except (http.client.HTTPException, ValueError):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    return Said(answer.status, {name.lower(): value for name, value in answer.getheaders()}, value)


def listens(address: Address) -> bool:
    """Tell whether somebody takes connections there."""
    try:
        with socket.create_connection((address.host, address.port), PATIENCE_S):
            return True
    except OSError:
        return False


def certificate_at(address: Address) -> bytes | None:
    """Return the certificate that is shown there (DER), whoever has issued it; None where no TLS is spoken."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # it is only compared
    try:
        with socket.create_connection((address.host, address.port), PATIENCE_S) as connected:
            connected.settimeout(PATIENCE_S)
            with context.wrap_socket(connected, server_hostname=address.host) as secured:
                return secured.getpeercert(binary_form=True)
    except (OSError, ValueError):
        return None
