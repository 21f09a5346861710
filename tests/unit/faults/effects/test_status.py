"""Status: another status with its phrase, and the framing that goes with it."""

from __future__ import annotations

import pytest
from support.chains import answer, effect, problem, through

from ssp_emulator.message import Framing, Head


@pytest.mark.parametrize(
    ("status", "phrase"),
    [
        (200, b"OK"),
        (418, b"I'm a Teapot"),
        (422, b"Unprocessable Entity"),
        (495, b"SSL Certificate Error"),
        (500, b"Internal Server Error"),
        (599, b"Network Connect Timeout Error"),
        (299, b""),
    ],
)
async def test_the_status_has_its_standard_phrase(status: int, phrase: bytes) -> None:
    head = answer(b"{}", status=201)

    sent, did = await through(effect("status", status=status), head, b"{}")

    assert (sent.head.status, sent.head.phrase) == (status, phrase)
    assert (sent.head.fields, sent.head.framing, sent.body) == (head.fields, Framing.LENGTH, b"{}")
    assert did == f"made the status {status}, which was 201"


@pytest.mark.parametrize("phrase", ["", "Tout va bien, c'est promis \xe9", "a\tb"])
async def test_a_phrase_of_ones_own(phrase: str) -> None:
    sent, _ = await through(effect("status", status=500, phrase=phrase), answer())

    assert sent.head.phrase == phrase.encode("latin-1")


@pytest.mark.parametrize("status", [204, 304])
async def test_a_status_without_a_body_takes_it_and_its_length_away(status: int) -> None:
    sent, _ = await through(effect("status", status=status), answer(b"{}"), b"{", b"}")

    assert (sent.head.status, sent.head.framing, sent.length) == (status, Framing.NONE, [])


@pytest.mark.parametrize("status", [204, 304])
async def test_an_answer_that_had_no_body_gets_one_of_no_bytes(status: int) -> None:
    head = Head(status, b"", [(b"Content-Length", b"70")], Framing.NONE)

    sent, _ = await through(effect("status", status=200), head)

    assert (sent.head.status, sent.length, sent.body) == (200, [b"0"], b"")


async def test_the_answer_to_a_head_keeps_its_length() -> None:
    head = Head(200, b"OK", [(b"Content-Length", b"70")], Framing.NONE)

    sent, _ = await through(effect("status", status=500), head)

    assert (sent.head.status, sent.length, sent.head.framing) == (500, [b"70"], Framing.NONE)


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({}, "status: Field required"),
        ({"status": 199}, "status: Input should be greater than or equal to 200"),
        ({"status": 101}, "status: Input should be greater than or equal to 200"),
        ({"status": 600}, "status: Input should be less than or equal to 599"),
        ({"status": "500"}, "status: Input should be a valid integer"),
        ({"status": 500, "phrase": "a\r\nX: y"}, "phrase: Value error, should be characters of ISO 8859-1"),
        ({"status": 500, "phrase": "\u20ac"}, "found '\u20ac'"),
        ({"status": 500, "phrase": "\0"}, r"found '\x00'"),
        ({"status": 500, "phrase": "a" * 1001}, "phrase: String should have at most 1000 characters"),
        ({"status": 500, "reason": "a"}, "reason: Extra inputs are not permitted"),
    ],
)
def test_what_is_out_of_range_is_refused(parameters: dict[str, object], told: str) -> None:
    assert told in problem("status", **parameters)
