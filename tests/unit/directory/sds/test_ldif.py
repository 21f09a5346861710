"""LDIF as RFC 2849 has it, held against a reader that is not ours."""

from __future__ import annotations

import io
import re
from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ldif import LDIFParser

from ssp_emulator.directory.sds import ldif

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
SAFE = re.compile(r"[A-Za-z0-9]+: [^\0\n\r :<]?[^\0\n\r]*\Z|[A-Za-z0-9]+::( [A-Za-z0-9+/]+=*)?\Z")


def unfolded(text: str) -> str:
    return text.replace("\n ", "")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("A20047", "a: A20047"),
        ("https://gp.example.nhs.uk/A B", "a: https://gp.example.nhs.uk/A B"),
        ("a:<b", "a: a:<b"),
        ("", "a::"),
        (" b", "a:: IGI="),
        ("b ", "a:: YiA="),
        (":b", "a:: OmI="),
        ("<b", "a:: PGI="),
        ("b\n", "a:: Ygo="),
        ("b\r\ndn: o=nhs", "a:: Yg0KZG46IG89bmhz"),
        ("b\0", "a:: YgA="),
        ("b\x1b[2J", "a:: YhtbMko="),
        ("Śródmieście", "a:: xZpyw7NkbWllxZtjaWU="),
        ("😀", "a:: 8J+YgA=="),
    ],
)
def test_what_is_not_plain_ascii_is_in_base64(value: str, written: str) -> None:
    assert ldif.line("a", value) == f"{written}\n"


@pytest.mark.parametrize(("length", "lines"), [(73, [76]), (74, [76, 2]), (148, [76, 76]), (149, [76, 76, 2])])
def test_a_long_line_goes_on_after_a_space(length: int, lines: list[int]) -> None:
    written = ldif.line("a", "x" * length)

    assert written.endswith("\n")
    assert [len(each) for each in written.splitlines()] == lines
    assert all(each.startswith(" ") for each in written.splitlines()[1:])
    assert unfolded(written) == f"a: {'x' * length}\n"


@given(TEXTS)
def test_every_value_is_read_as_it_was_and_every_line_is_safe(value: str) -> None:
    written = ldif.line("description", value)

    assert all(len(each) <= 76 for each in written.split("\n"))
    assert SAFE.match(unfolded(written)[:-1])
    assert written.isascii()
    name, _, rest = unfolded(written)[:-1].partition(":")
    assert name == "description"
    assert (b64decode(rest[1:]).decode() if rest.startswith(":") else rest[1:]) == value


@given(st.lists(TEXTS, min_size=1, max_size=5))
def test_another_reader_finds_the_same_values(values: list[str]) -> None:
    lines = (ldif.line("description", value) for value in values)
    written = f"{ldif.VERSION}{ldif.entry('o=nhs', lines)}"

    assert list(LDIFParser(io.BytesIO(written.encode("ascii"))).parse()) == [
        ("o=nhs", {"description": values}),
    ]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("200000000115", "200000000115"),
        ("a,b", r"a\,b"),
        ('"a"+<b>;c', r"\"a\"\+\<b\>\;c"),
        ("a\\b", r"a\\b"),
        ("#a#", r"\#a#"),
        (" a b ", r"\ a b\ "),
        (" ", r"\ "),
        ("a\0", r"a\00"),
        ("a=b", "a=b"),
        ("Łódź", "Łódź"),
    ],
)
def test_a_value_in_a_distinguished_name_is_escaped(value: str, written: str) -> None:
    assert ldif.escaped(value) == written


def test_a_distinguished_name_that_is_not_ascii_is_in_base64() -> None:
    assert ldif.entry(f"o={ldif.escaped('Łódź, B')}", [ldif.line("o", "x")]) == "dn:: bz3FgcOzZMW6XCwgQg==\no: x\n"
