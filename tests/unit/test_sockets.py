"""Binding every address of a name to one port."""

from __future__ import annotations

import errno
import socket

import pytest

from ssp_emulator import sockets


def test_port_0_is_one_free_port_for_all_addresses() -> None:
    bound = sockets.bind("localhost", 0)
    try:
        ports = {each.getsockname()[1] for each in bound}
        assert len(ports) == 1
        assert ports != {0}
    finally:
        sockets.close(bound)


def test_a_port_that_is_taken_is_an_error() -> None:
    taken = sockets.bind("127.0.0.1", 0)
    try:
        taken[0].listen()
        with pytest.raises(OSError, match=r".+") as caught:
            sockets.bind("127.0.0.1", taken[0].getsockname()[1])
        assert caught.value.errno == errno.EADDRINUSE
    finally:
        sockets.close(taken)


def test_an_address_that_the_machine_has_not_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    def both(*_: object, **__: object) -> list[object]:
        kind = socket.SOCK_STREAM
        return [
            (socket.AF_INET, kind, 6, "", ("192.0.2.1", 0)),  # TEST-NET-1: nobody's
            (socket.AF_INET, kind, 6, "", ("127.0.0.1", 0)),
        ]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    bound = sockets.bind("anything", 0)
    try:
        assert [each.getsockname()[0] for each in bound] == ["127.0.0.1"]
    finally:
        sockets.close(bound)


def test_a_host_without_any_address_here_is_an_error() -> None:
    with pytest.raises(OSError, match=r".+") as caught:
        sockets.bind("192.0.2.1", 0)
    assert caught.value.errno == errno.EADDRNOTAVAIL
