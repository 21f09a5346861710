"""Malformed chunk: an answer turned into chunks, and where the bad one stands."""

from __future__ import annotations

import pytest
from support.chains import answer, effect, firing, problem
from support.deliveries import Consumer, deliver

from ssp_emulator.faults.effects.effect import Ending
from ssp_emulator.message import Framing, Head

BROKEN = [("flush",), ("raw", b"no-size\r\n"), ("end", Ending.CLOSE)]
DID = ["sent a chunk whose size is no number, and closed the connection"]


@pytest.mark.parametrize("framing", [Framing.LENGTH, Framing.CHUNKED, Framing.CLOSE])
@pytest.mark.parametrize(
    ("after_bytes", "pieces", "written"),
    [
        (0, [b"body"], []),
        (0, [b""], []),
        (3, [b"bo", b"dy"], [b"bo", b"d"]),
        (4, [b"bo", b"dy"], [b"bo", b"dy"]),
        (9, [b"bo", b"dy"], [b"bo", b"dy"]),
    ],
)
async def test_it_comes_within_the_body_or_at_its_end(
    framing: Framing, after_bytes: int, pieces: list[bytes], written: list[bytes]
) -> None:
    noted, consumer = firing(), Consumer()
    head = answer(b"body", framing=framing)

    did = await deliver(effect("malformed-chunk", after_bytes=after_bytes), consumer, noted, head, *pieces)

    assert did[0] == ("begin", Framing.CHUNKED, False)
    assert did[-3:] == BROKEN
    assert consumer.written == written
    assert head.framing is framing  # another answer may be said with it
    assert noted.did == DID


@pytest.mark.parametrize(
    ("takes_chunks", "head", "what"),
    [
        (False, answer(b"body"), "nothing: HTTP/1.0 knows no chunks"),
        (True, Head(204, b"No Content", [], Framing.NONE), "nothing: the answer has no body"),
    ],
)
async def test_where_there_can_be_no_chunks_nothing_happens(takes_chunks: bool, head: Head, what: str) -> None:
    noted, consumer = firing(), Consumer(takes_chunks=takes_chunks)

    did = await deliver(effect("malformed-chunk"), consumer, noted, head, b"body")

    assert did == [("begin", head.framing, False), ("write", b"body", True)]
    assert noted.did == [what]


def test_what_is_refused() -> None:
    assert "after_bytes: Input should be greater" in problem("malformed-chunk", after_bytes=-1)
