"""Handshakes that failed: by which name each reason is known, to whoever meets it and to whoever counts it."""

from __future__ import annotations

from enum import StrEnum


class HandshakeFailure(StrEnum):
    """Why a connection never came to carry a request; the value is the name that metrics know it by."""

    LEFT = "left"
    TIMEOUT = "timeout"
    CLOSED = "closed"
    RESET = "reset"
    PROTOCOL_VERSION = "protocol-version"
    NO_SHARED_CIPHER = "no-shared-cipher"
    REFUSED_BY_CONSUMER = "refused-by-consumer"
    NOT_TLS = "not-tls"
    FAULT_RULE = "fault-rule"
    OTHER = "other"

    @property
    def meaning(self) -> str:
        """What it is, for people."""
        return _MEANINGS[self]


_MEANINGS = {
    HandshakeFailure.LEFT: "the consumer closed the connection before it had sent a byte, as a check of the port does",
    HandshakeFailure.TIMEOUT: "the consumer did not get to the end of its handshake in `proxy.handshake_timeout_s`",
    HandshakeFailure.CLOSED: "the consumer closed the connection in the middle of its handshake",
    HandshakeFailure.RESET: "the consumer's connection was reset in the middle of its handshake",
    HandshakeFailure.PROTOCOL_VERSION: "the two have no version of TLS in common",
    HandshakeFailure.NO_SHARED_CIPHER: "the two have no cipher suite in common",
    HandshakeFailure.REFUSED_BY_CONSUMER: "the consumer sent an alert, as one does that does not trust the proxy",
    HandshakeFailure.NOT_TLS: "what came began like TLS, and was none",
    HandshakeFailure.FAULT_RULE: "a fault rule ended the connection, or held it until the consumer left",
    HandshakeFailure.OTHER: "anything else; the log says what",
}
