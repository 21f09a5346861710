"""Sized-body: just so many bytes, made in pieces."""

from __future__ import annotations

import pytest
from support.chains import Sent, answer, effect, firing, problem, through

from ssp_emulator.faults.effects.replacing import PIECE_BYTES
from ssp_emulator.message import Framing

MOST = 1 << 30


@pytest.mark.parametrize(
    "size", [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 2 * PIECE_BYTES, 2 * PIECE_BYTES + 1]
)
@pytest.mark.parametrize("framing", [Framing.LENGTH, Framing.CHUNKED])
async def test_the_body_has_the_size(size: int, framing: Framing) -> None:
    made = effect("sized-body", bytes=size, content_type="application/pdf")

    sent, did = await through(made, answer(b"old", framing=framing), b"o", b"ld")

    assert (len(sent.body), sent.length, sent.head.framing) == (size, [b"%d" % size], Framing.LENGTH)
    assert set(sent.body) <= {ord("x")}
    assert max(map(len, sent.pieces)) <= PIECE_BYTES
    assert sent.head.all(b"Content-Type") == [b"application/pdf"]
    assert did == f"replaced the body by one of {size} bytes"


async def test_pieces_are_made_one_by_one_and_the_last_is_the_last_byte() -> None:
    class Counting(Sent):
        async def write(self, piece: bytes, *, last: bool) -> None:
            nonlocal size, pieces
            size, pieces = size + len(piece), pieces + 1
            assert last is (size == MOST)
            assert piece is first or pieces == 1

    size = pieces = 0
    first = None
    counting = Counting()
    way = effect("sized-body", bytes=MOST).around(counting, None, firing())
    await way.begin(answer())
    first = next(way._pieces())
    await way.write(b"", last=True)

    assert (size, pieces) == (MOST, MOST // PIECE_BYTES)


async def test_an_answer_without_a_body_stays_one() -> None:
    sent, did = await through(effect("sized-body", bytes=5), answer(framing=Framing.NONE))

    assert (sent.body, did) == (b"", "nothing: the answer has no body")


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({}, "bytes: Field required"),
        ({"bytes": -1}, "bytes: Input should be greater than or equal to 0"),
        ({"bytes": MOST + 1}, "bytes: Input should be less than or equal to 1073741824"),
        ({"bytes": 1.5}, "bytes: Input should be a valid integer"),
        ({"bytes": 1, "content_type": ""}, "content_type: String should have at least 1 character"),
    ],
)
def test_what_is_out_of_range_is_refused(parameters: dict[str, object], told: str) -> None:
    assert told in problem("sized-body", **parameters)
