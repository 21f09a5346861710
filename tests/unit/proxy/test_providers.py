"""Why a provider could not be reached: in our words where the system's say too much, and in the system's elsewhere."""

from __future__ import annotations

import errno
import socket

import pytest

from ssp_emulator.proxy.providers import _why


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connect call failed ('::1', 1)"), "the connection is refused"),
        (
            OSError(
                "Multiple exceptions: [Errno 99] Connect call failed ('::1', 1, 0, 0), "
                f"[Errno {errno.ECONNREFUSED}] Connect call failed ('127.0.0.1', 1)"
            ),
            "the connection is refused",
        ),
        (OSError("Multiple exceptions: [Errno 99] a, [Errno 9] b"), "Multiple exceptions: [Errno 99] a, [Errno 9] b"),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "its name is not known"),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure"), "Temporary failure"),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), "Network is unreachable"),
    ],
    ids=["refused", "refused at one of two", "two others", "no name", "no resolver", "another"],
)  # fmt: skip
def test_the_reason_is_told(error: OSError, why: str) -> None:
    assert _why(error) == why
