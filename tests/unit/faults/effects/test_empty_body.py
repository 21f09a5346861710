"""Empty-body: the head as it was, a length of 0, and nothing behind it."""

from __future__ import annotations

import pytest
from support.chains import FIELDS, answer, effect, problem, through

from ssp_emulator.message import Framing


@pytest.mark.parametrize("framing", [Framing.LENGTH, Framing.CHUNKED, Framing.CLOSE])
async def test_the_body_is_left_out(framing: Framing) -> None:
    head = answer(b"old", (b"Content-Encoding", b"gzip"), status=201, framing=framing)

    sent, did = await through(effect("empty-body"), head, b"ol", b"d")

    assert sent.head.fields == [*FIELDS, (b"Content-Length", b"0")]
    assert (sent.head.status, sent.head.framing, sent.body) == (201, Framing.LENGTH, b"")
    assert did == "replaced the body by one of 0 bytes"


async def test_an_answer_without_a_body_stays_as_it_was() -> None:
    head = answer(framing=Framing.NONE)

    sent, did = await through(effect("empty-body"), head)

    assert (sent.head, did) == (head, "nothing: the answer has no body")


def test_it_takes_no_parameters() -> None:
    assert "bytes: Extra inputs are not permitted" in problem("empty-body", bytes=0)
