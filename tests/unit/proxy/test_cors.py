"""CORS: the fields of a preflight's answer, and of any other."""

from __future__ import annotations

import pytest

from ssp_emulator.proxy.cors import Cors

OURS, THEIRS = "https://app.example.nhs.uk", "https://elsewhere.example"
ALLOWED, VARY = b"Access-Control-Allow-Origin", (b"Vary", b"Origin")


EXPOSED = b"Access-Control-Expose-Headers"


@pytest.mark.parametrize(
    ("origins", "origin", "fields"),
    [
        ({"*"}, None, []),
        ({"*"}, THEIRS, [(ALLOWED, b"*"), EXPOSED]),
        ({OURS}, OURS, [(ALLOWED, OURS.encode()), VARY, EXPOSED]),
        ({OURS}, THEIRS, [VARY]),
        ({OURS}, OURS.upper(), [VARY]),
        ({OURS}, None, [VARY]),
        ({OURS, "null"}, "null", [(ALLOWED, b"null"), VARY, EXPOSED]),
    ],
)
def test_an_origin_is_told_whether_it_is_allowed(
    origins: set[str], origin: str | None, fields: list[bytes | tuple[bytes, bytes]]
) -> None:
    told = Cors(frozenset(origins), 5).actual(origin)
    assert [EXPOSED if name == EXPOSED else (name, value) for name, value in told] == fields


@pytest.mark.parametrize(("origins", "first"), [({"*"}, [(ALLOWED, b"*")]), ({OURS}, [])])
def test_a_preflight_lists_the_methods_twice(origins: set[str], first: list[tuple[bytes, bytes]]) -> None:
    told = Cors(frozenset(origins), 5).preflight(("GET", "PUT"))
    assert told[: len(first) + 2] == [
        *first,
        (b"Access-Control-Allow-Methods", b"GET, PUT"),
        (b"Access-Control-Request-Method", b"GET, PUT"),
    ]
    assert told[-1] == (b"Access-Control-Max-Age", b"5")
