"""How a provider is reached, and why it was not: in our words where the system's say too much, else in the system's."""

from __future__ import annotations

import asyncio
import errno
import socket
from typing import Any

import pytest

from ssp_emulator.address import Address
from ssp_emulator.proxy.providers import _connected, _why


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connect call failed ('::1', 1)"), "the connection is refused"),
        (OSError("a text without a number"), "a text without a number"),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "its name is not known"),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure"), "Temporary failure"),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), "Network is unreachable"),
    ],
    ids=["refused", "a text alone", "no name", "no resolver", "another"],
)
def test_the_reason_is_told(error: OSError, why: str) -> None:
    assert _why(error) == why


def resolving_to(monkeypatch: pytest.MonkeyPatch, *addresses: tuple[str, int]) -> None:
    """Have every name lead to these, one after the other."""

    async def getaddrinfo(*_: object, **__: object) -> list[tuple[Any, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", address) for address in addresses]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)


@pytest.fixture
def listening() -> Any:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest.fixture
def nobody() -> tuple[str, int]:
    """An address at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()


async def test_the_first_address_that_takes_us_is_taken(
    monkeypatch: pytest.MonkeyPatch, listening: socket.socket, nobody: tuple[str, int]
) -> None:
    resolving_to(monkeypatch, nobody, listening.getsockname(), nobody)

    with await _connected(Address("gp.example.nhs.uk", 443)) as made:
        assert made.getpeername() == listening.getsockname()
        assert not made.getblocking()


async def test_of_several_failures_a_refusal_is_the_one_that_is_told(
    monkeypatch: pytest.MonkeyPatch, nobody: tuple[str, int]
) -> None:
    unreachable = ("255.255.255.255", 1)  # no connection leads to everyone
    resolving_to(monkeypatch, unreachable, nobody)
    with pytest.raises(ConnectionRefusedError):
        await _connected(Address("gp.example.nhs.uk", 443))

    resolving_to(monkeypatch, unreachable, unreachable)
    with pytest.raises(OSError, match=r"unreachable|denied|Can't assign"):
        await _connected(Address("gp.example.nhs.uk", 443))
