"""CORS: the fields of a preflight's answer, and of any other."""

from __future__ import annotations

import pytest

from ssp_emulator.proxy.cors import Cors

OURS, THEIRS = "https://app.example.nhs.uk", "https://elsewhere.example"
ALLOWED, VARY = b"Access-Control-Allow-Origin", (b"Vary", b"Origin")


@pytest.mark.parametrize(
    ("origins", "origin", "fields"),
    [
        ({"*"}, None, [(ALLOWED, b"*")]),
        ({"*"}, THEIRS, [(ALLOWED, b"*")]),
        ({OURS}, OURS, [(ALLOWED, OURS.encode()), VARY]),
        ({OURS}, THEIRS, [VARY]),
        ({OURS}, OURS.upper(), [VARY]),
        ({OURS}, None, [VARY]),
        ({OURS, "null"}, "null", [(ALLOWED, b"null"), VARY]),
    ],
)
def test_an_origin_is_told_whether_it_is_allowed(
    origins: set[str], origin: str | None, fields: list[tuple[bytes, bytes]]
) -> None:
    cors = Cors(frozenset(origins), 5)
    told = cors.preflight(origin, ("GET", "PUT"))
    assert told[: len(fields)] == fields
    assert told[len(fields) :][:2] == [
        (b"Access-Control-Allow-Methods", b"GET, PUT"),
        (b"Access-Control-Request-Method", b"GET, PUT"),
    ]
    assert told[-1] == (b"Access-Control-Max-Age", b"5")
    actual = cors.actual(origin)
    assert actual[:-1] == ([] if origin is None else fields)
    assert bool(actual) == (origin is not None)
