"""`host:port`, as configuration writes it."""

from __future__ import annotations

import pytest

from ssp_emulator.address import Address, is_host_name


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("localhost:8443", Address("localhost", 8443)),
        ("127.0.0.1:0", Address("127.0.0.1", 0)),
        ("[::1]:8443", Address("::1", 8443)),
        ("gp.example.nhs.uk:65535", Address("gp.example.nhs.uk", 65535)),
    ],
)
def test_an_address_is_read_and_written_the_same_way(text: str, address: Address) -> None:
    assert Address.parse(text) == address
    assert str(address) == text


@pytest.mark.parametrize(
    "text",
    [
        "", "localhost", ":8443", "localhost:", "localhost:65536", "localhost:-1", "localhost:٨", "localhost:8443\n",
        "::1:8443", "[::1]", "[localhost]:1", "[]:1", "a b:1", "-a:1", "a..b:1", "a_b:1", "https://a:1", "é:1",
    ],
)  # fmt: skip
def test_what_is_no_address_is_told_what_would_be(text: str) -> None:
    with pytest.raises(ValueError, match=r'^should be "host:port", such as "localhost:8443", found ') as caught:
        Address.parse(text)
    assert str(caught.value).endswith(f"found {text!r}")


@pytest.mark.parametrize("text", ["[....]:1", "[1]:1", "[:::]:1"])
def test_brackets_hold_an_ipv6_address(text: str) -> None:
    with pytest.raises(ValueError, match=r"^should be "):
        Address.parse(text)


@pytest.mark.parametrize("name", ["a", "A1", "gp.example.nhs.uk", "192.0.2.1", "xn--p1ai", "a" * 63, "a-b.c"])
def test_host_names(name: str) -> None:
    assert is_host_name(name)


@pytest.mark.parametrize(
    "name",
    ["", ".", "a.", ".a", "a..b", "-a", "a-", "a-.b", "a_b", "a b", "a/b", "é", "a\n", "a" * 64, ".".join("a" * 128)],
)
def test_what_is_no_host_name(name: str) -> None:
    assert not is_host_name(name)
