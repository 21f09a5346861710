"""Watching: what is told of consumers' connections as they come, and of the handshakes that fail."""

from __future__ import annotations

import ssl
from typing import Protocol

from ssp_emulator.handshakes import HandshakeFailure
from ssp_emulator.proxy.channel import CutShortError
from ssp_emulator.proxy.errors import ConsumerGone, CutOff

# What OpenSSL says, by a part of it; the first that is there counts.
_SAID = (
    ("protocol version", HandshakeFailure.PROTOCOL_VERSION),  # the consumer's alert
    ("unsupported protocol", HandshakeFailure.PROTOCOL_VERSION),
    ("version too low", HandshakeFailure.PROTOCOL_VERSION),
    ("inappropriate fallback", HandshakeFailure.PROTOCOL_VERSION),
    ("no shared cipher", HandshakeFailure.NO_SHARED_CIPHER),
    ("no suitable signature algorithm", HandshakeFailure.NO_SHARED_CIPHER),
    (" alert ", HandshakeFailure.REFUSED_BY_CONSUMER),
    ("wrong version number", HandshakeFailure.NOT_TLS),
    ("http request", HandshakeFailure.NOT_TLS),
    ("unexpected message", HandshakeFailure.NOT_TLS),
    ("unexpected record", HandshakeFailure.NOT_TLS),
    ("bad record type", HandshakeFailure.NOT_TLS),
    ("record layer failure", HandshakeFailure.NOT_TLS),
    ("length", HandshakeFailure.NOT_TLS),
)


class Watcher(Protocol):
    """Whoever counts connections."""

    def connected(self) -> None:
        """Take note of a connection that was accepted."""
        ...

    def handshake_failed(self, reason: HandshakeFailure) -> None:
        """Take note of one that ended before it could carry a request."""
        ...


def failure_of(error: Exception) -> HandshakeFailure:
    """Return what an error of a handshake counts as."""
    match error:
        case ConsumerGone() | CutOff():
            return HandshakeFailure.FAULT_RULE
        case ssl.SSLError():
            said = str(error).lower()
            return next((failure for part, failure in _SAID if part in said), HandshakeFailure.OTHER)
        case TimeoutError():
            return HandshakeFailure.TIMEOUT
        case CutShortError():
            return HandshakeFailure.CLOSED
        case ConnectionError():
            return HandshakeFailure.RESET
        case _:
            return HandshakeFailure.OTHER
