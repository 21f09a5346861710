"""Reading an answer as the load generator does: wherever it is cut into pieces, and whatever tells its end."""

from __future__ import annotations

import zlib

import pytest
from load.answer import Answer

BODY = b'{"resourceType":"Binary"}'
LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 25\r\nX-A: b\r\n\r\n" + BODY
LOWER = b"HTTP/1.1 200 OK\r\ncontent-length:25\r\n\r\n" + BODY
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n"
    + BODY[:5]
    + b"\r\n14\r\n"
    + BODY[5:]
    + b"\r\n0\r\n\r\n"
)


@pytest.mark.parametrize("answer", [LENGTH, LOWER, CHUNKED], ids=["length", "length in lower case", "chunked"])
@pytest.mark.parametrize("piece", [1, 7, 40, 1000])
def test_an_answer_is_whole_with_its_last_byte_and_no_sooner(answer: bytes, piece: int) -> None:
    reader = Answer(zlib.crc32(BODY))
    pieces = [answer[at : at + piece] for at in range(0, len(answer), piece)]
    assert [reader.feed(each) for each in pieces] == [False] * (len(pieces) - 1) + [True]
    assert (reader.status, reader.length, reader.wire_bytes, reader.right) == (200, 25, len(answer), True)


def test_content_that_is_not_what_is_expected_is_not_right() -> None:
    reader = Answer(zlib.crc32(BODY))
    assert reader.feed(LENGTH.replace(b"Binary", b"Basic!"))
    assert not reader.right


def test_only_a_sample_has_its_content_looked_at_and_the_first_is_in_it() -> None:
    reader = Answer(zlib.crc32(b"something else"))
    found = []
    for _ in range(998):
        reader.reset()
        reader.feed(LENGTH)
        found.append(reader.right)
    assert [number for number, right in enumerate(found) if not right] == [0, 997]


def test_an_answer_that_can_have_no_body_is_whole_with_its_head() -> None:
    reader = Answer()
    assert reader.feed(b"HTTP/1.1 204 No Content\r\n\r\n")
    assert reader.length == 0


@pytest.mark.parametrize(("field", "told"), [(b"Retry-After: 1\r\n", True), (b"X-Retry: 1\r\n", False)])
def test_a_refusal_is_quoted_and_whether_it_says_when_to_come_again_is_kept(field: bytes, told: bool) -> None:
    reader = Answer()
    assert reader.feed(b"HTTP/1.1 503 Unavailable\r\n" + field + b"Content-Length: 600\r\n\r\n" + b"x" * 600)
    assert (reader.status, reader.retry_after, reader.said) == (503, told, b"x" * 500)


def test_a_server_that_will_close_is_noticed() -> None:
    reader = Answer()
    assert reader.feed(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
    assert reader.closes
    reader.reset()
    assert reader.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    assert not reader.closes


def test_what_is_no_http_is_refused() -> None:
    with pytest.raises(ValueError, match="does not begin as HTTP"):
        Answer().feed(b"SSH-2.0-server\r\n\r\n")
