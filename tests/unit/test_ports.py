"""Which two addresses cannot both be listened on."""

from __future__ import annotations

import pytest

from ssp_emulator.address import Address
from ssp_emulator.ports import clashes, is_loopback, overlap


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("127.0.0.1:8443", "127.0.0.1:8443", True),
        ("127.0.0.1:8443", "127.0.0.1:8444", False),
        ("127.0.0.1:0", "127.0.0.1:0", False),
        ("localhost:8443", "127.0.0.1:8443", True),
        ("LOCALHOST:8443", "[::1]:8443", True),
        ("localhost:8443", "127.0.0.2:8443", False),
        ("0.0.0.0:8443", "127.0.0.2:8443", True),
        ("0.0.0.0:8443", "localhost:8443", True),
        ("0.0.0.0:8443", "[::1]:8443", False),
        ("[::]:8443", "[::1]:8443", True),
        ("[::]:8443", "127.0.0.1:8443", False),
        ("a.example:8443", "A.example:8443", True),
        ("a.example:8443", "0.0.0.0:8443", False),
    ],
)
def test_overlapping(one: str, other: str, expected: bool) -> None:
    here, there = Address.parse(one), Address.parse(other)
    assert (overlap(here, there), overlap(there, here)) == (expected, expected)


def test_each_clash_is_named_once() -> None:
    same, other = Address("127.0.0.1", 1), Address("127.0.0.1", 2)
    assert list(clashes({"a": same, "b": other, "c": same, "d": other})) == [("a", "c"), ("b", "d")]


@pytest.mark.parametrize(
    ("host", "expected"), [("localhost", True), ("127.0.0.9", True), ("::1", True), ("10.0.0.1", False), ("gp", False)]
)
def test_what_is_this_machine_alone(host: str, expected: bool) -> None:
    assert is_loopback(Address(host, 1)) is expected
