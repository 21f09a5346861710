"""Flip-bytes: just so many bytes differ, each in one bit, and it is the same ones for the same count."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.chains import Sent, answer, effect, firing, problem, through

from ssp_emulator.message import Framing


def differing(before: bytes, after: bytes) -> list[int]:
    """The places at which two texts of one length differ."""
    return [place for place, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]


@given(
    body=st.binary(min_size=1, max_size=300),
    count=st.integers(1, 40),
    room=st.integers(0, 100),
    cuts=st.lists(st.integers(0, 300), max_size=5),
    hit=st.integers(1, 1000),
)
async def test_count_bytes_differ_each_in_a_bit_within_the_beginning(
    body: bytes, count: int, room: int, cuts: list[int], hit: int
) -> None:
    places = [0, *sorted(cuts), len(body)]
    pieces = [body[start:end] for start, end in pairwise(places)]

    sent, did = await through(
        effect("flip-bytes", count=count, within=count + room), answer(body), *pieces, noted=firing(hit)
    )

    reach = min(len(body), count + room)
    found = differing(body, sent.body)
    assert len(found) == min(count, reach)
    assert all(place < reach for place in found)
    assert all((body[place] ^ sent.body[place]).bit_count() == 1 for place in found)
    assert did == f"flipped a bit in {len(found)} of the first {reach} bytes of the body"


async def test_the_same_count_flips_the_same_bits_and_another_count_others() -> None:
    made, body = effect("flip-bytes", count=5), bytes(1024)

    once, again, other = [(await through(made, answer(body), body, noted=firing(n)))[0].body for n in (7, 7, 8)]

    assert once == again
    assert once != other


async def test_the_head_is_as_it_was_and_no_more_is_held_than_the_beginning() -> None:
    sent, noted = Sent(), firing()
    way = effect("flip-bytes", count=1, within=10).around(sent, None, noted)
    head = answer(bytes(30), framing=Framing.CHUNKED)
    await way.begin(head)

    await way.write(bytes(9), last=False)
    assert sent.pieces == []
    await way.write(bytes(11), last=False)
    assert len(sent.body) == 20
    await way.write(b"rest", last=False)
    await way.write(b"end", last=True)

    assert sent.head is head
    assert sent.body.endswith(b"restend")
    assert len(differing(bytes(20), sent.body[:20])) == 1


async def test_an_answer_that_begins_anew_is_flipped_from_its_own_beginning() -> None:
    sent, noted = Sent(), firing()
    way = effect("flip-bytes", count=4, within=4).around(sent, None, noted)

    await way.begin(answer(b"old"))
    await way.write(b"old", last=False)
    await way.begin(answer(bytes(8)))
    await way.write(bytes(8), last=True)

    assert differing(bytes(8), sent.body) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("head", "did"),
    [
        (answer(framing=Framing.NONE), "nothing: the answer has no body"),
        (answer(b""), "nothing: the body is empty"),
    ],
)
async def test_where_there_is_nothing_nothing_is_flipped(head: object, did: str) -> None:
    sent, told = await through(effect("flip-bytes", count=1), head, b"")

    assert (sent.head, sent.body, told) == (head, b"", did)


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({}, "count: Field required"),
        ({"count": 0}, "count: Input should be greater than or equal to 1"),
        ({"count": 10_001, "within": 20_000}, "count: Input should be less than or equal to 10000"),
        ({"count": 1, "within": 0}, "within: Input should be greater than or equal to 1"),
        ({"count": 1, "within": 1_048_577}, "within: Input should be less than or equal to 1048576"),
        ({"count": 1025}, "within should be at least count, which is 1025, found 1024"),
        ({"count": 3, "within": 2}, "within should be at least count, which is 3, found 2"),
    ],
)
def test_what_is_out_of_range_is_refused(parameters: dict[str, object], told: str) -> None:
    assert told in problem("flip-bytes", **parameters)
