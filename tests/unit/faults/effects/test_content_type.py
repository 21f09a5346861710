"""Content-type: the wrong one, in the place of the right one."""

from __future__ import annotations

import pytest
from support.chains import answer, effect, problem, through

from ssp_emulator.message import Framing, Head


async def test_the_type_is_changed_and_the_body_is_not() -> None:
    sent, did = await through(effect("content-type", value="text/html"), answer(b"{}"), b"{}")

    assert sent.head.fields == [(b"Content-Type", b"text/html"), (b"Server", b"gp"), (b"Content-Length", b"2")]
    assert (sent.body, did) == (b"{}", "made the Content-Type text/html")


async def test_an_answer_without_a_type_gets_one_and_one_with_two_has_one() -> None:
    wrong = effect("content-type", value="text/html")
    two = [(b"content-type", b"a/b"), (b"Content-Type", b"c/d")]

    for fields in ([], two):
        sent, _ = await through(wrong, Head(200, b"OK", fields, Framing.NONE))
        assert sent.head.fields == [(b"Content-Type", b"text/html")]


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({}, "value: Field required"),
        ({"value": ""}, "value: String should have at least 1 character"),
        ({"value": "a/b\r\n"}, "value: Value error, should be characters of ISO 8859-1, and no line break or NUL"),
        ({"value": "a" * 1001}, "value: String should have at most 1000 characters"),
        ({"value": 1}, "value: Input should be a valid string"),
    ],
)
def test_what_is_out_of_range_is_refused(parameters: dict[str, object], told: str) -> None:
    assert told in problem("content-type", **parameters)
