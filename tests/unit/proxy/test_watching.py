from __future__ import annotations

import ssl

import pytest

from ssp_emulator.handshakes import HandshakeFailure
from ssp_emulator.proxy.channel import CutShortError
from ssp_emulator.proxy.errors import ConsumerGone, CutOff
from ssp_emulator.proxy.watching import failure_of


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (TimeoutError(), "timeout"),
        (TimeoutError(110, "Connection timed out"), "timeout"),
        (CutShortError("the consumer closed the connection"), "closed"),
        (ConnectionResetError(104, "Connection reset by peer"), "reset"),
        (BrokenPipeError(32, "Broken pipe"), "reset"),
        (ssl.SSLError(1, "unsupported protocol"), "protocol-version"),
        (ssl.SSLError(1, "tlsv1 alert protocol version"), "protocol-version"),
        (ssl.SSLError(1, "no shared cipher"), "no-shared-cipher"),
        (ssl.SSLError(1, "tlsv1 alert unknown ca"), "refused-by-consumer"),
        (ssl.SSLError(1, "sslv3 alert bad certificate"), "refused-by-consumer"),
        (ssl.SSLError(1, "wrong version number"), "not-tls"),
        (ssl.SSLError(1, "data length too long; record layer failure"), "not-tls"),
        (ssl.SSLError(1, "something that nobody has met"), "other"),
        (ConsumerGone("the consumer left"), "fault-rule"),
        (CutOff("a fault rule cut it off"), "fault-rule"),
        (OSError(24, "Too many open files"), "other"),
    ],
    ids=repr,
)
def test_each_error_counts_as_one_of_a_closed_set(error: Exception, failure: str) -> None:
    assert failure_of(error) is HandshakeFailure(failure)


@pytest.mark.parametrize("failure", HandshakeFailure)
def test_each_has_a_meaning(failure: HandshakeFailure) -> None:
    assert failure.meaning
