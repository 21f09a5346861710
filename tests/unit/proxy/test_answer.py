"""A provider's answer, read out of its bytes."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssp_emulator.message import Framing
from ssp_emulator.proxy.answer import AnswerReader
from ssp_emulator.proxy.errors import ProviderError


def read(*pieces: bytes, method: str = "GET") -> AnswerReader:
    reader = AnswerReader(method)
    for piece in pieces:
        reader.feed(piece)
    return reader


LENGTH = b"HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    ("data", "method", "framing", "body", "complete", "keeps_alive"),
    [
        (LENGTH, "GET", Framing.LENGTH, b"hello", True, True),
        (LENGTH[:-1], "GET", Framing.LENGTH, b"hell", False, False),
        (CHUNKED, "GET", Framing.CHUNKED, b"hello", True, True),
        (CHUNKED[:-2], "GET", Framing.CHUNKED, b"hello", False, False),
        (b"HTTP/1.1 200 OK\r\n\r\nhello", "GET", Framing.CLOSE, b"hello", False, False),
        (LENGTH.replace(b"X-A: 1", b"Connection: close"), "GET", Framing.LENGTH, b"hello", True, False),
        (LENGTH.replace(b"1.1", b"1.0"), "GET", Framing.LENGTH, b"hello", True, False),
        (LENGTH[:-5], "HEAD", Framing.NONE, b"", True, True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", "GET", Framing.NONE, b"", True, True),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "GET", Framing.NONE, b"", True, True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "GET", Framing.LENGTH, b"", True, True),
        (b"HTTP/1.1 799 Odd\r\nContent-Length: 1\r\n\r\nx", "GET", Framing.LENGTH, b"x", True, True),
    ],
    ids=[
        "length", "length, cut", "chunked", "chunked, cut", "until close", "closing", "HTTP/1.0", "to HEAD", "204",
        "304", "empty", "an unknown status",
    ],
)  # fmt: skip
def test_where_the_body_ends(
    data: bytes, method: str, framing: Framing, body: bytes, complete: bool, keeps_alive: bool
) -> None:
    reader = read(data, method=method)
    (head,) = reader.heads
    assert head.framing is framing
    assert (reader.take(), reader.complete, reader.keeps_alive) == (body, complete, keeps_alive)
    assert reader.take() == b""
    assert reader.buffered == 0


def test_the_head_keeps_phrase_order_case_and_number() -> None:
    (head,) = read(b"HTTP/1.1 299 Tr\xe8s bien, merci\r\nX-A: 1\r\nx-a: 2\r\nX-A: 1\r\nContent-Length: 0\r\n\r\n").heads
    assert (head.status, head.phrase) == (299, b"Tr\xe8s bien, merci")
    assert head.fields == [(b"X-A", b"1"), (b"x-a", b"2"), (b"X-A", b"1"), (b"Content-Length", b"0")]
    assert not head.interim


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_interim_heads_come_before_the_final_one(method: str) -> None:
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
    reader = read(interim, method=method)
    assert [(head.status, head.interim, head.framing) for head in reader.heads] == [
        (100, True, Framing.NONE),
        (103, True, Framing.NONE),
    ]
    assert reader.heads[1].fields == [(b"Link", b"x")]
    assert not reader.complete
    reader.feed(b"HTTP/1.1 204 No Content\r\n\r\n")
    assert [head.status for head in reader.heads] == [100, 103, 204]
    assert reader.complete


@pytest.mark.parametrize(
    ("data", "ends"),
    [
        (b"", False),
        (b"HTTP/1.1 200 OK\r\nX: 1\r\n", False),
        (b"HTTP/1.1 100 Continue\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\n\r\nhello", True),
        (LENGTH, True),
        (LENGTH[:-1], False),
        (CHUNKED[:-5], False),
    ],
    ids=["nothing", "half a head", "only an interim head", "no body", "a body", "whole", "length, cut", "chunked, cut"],
)
def test_a_connection_that_closes_ends_only_an_answer_that_may_end_so(data: bytes, ends: bool) -> None:
    assert read(data).end(cleanly=True) is ends


def test_an_answer_up_to_the_end_of_a_connection_needs_a_clean_one() -> None:
    assert read(b"HTTP/1.1 200 OK\r\n\r\nas much as").end(cleanly=False) is False


SECOND = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nX: y\r\n\r\nEVIL"


@pytest.mark.parametrize("junk", [SECOND, b"junk", b"HTTP/1.1 101 X\r\nUpgrade: x\r\n\r\n"])
@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_follows_an_answer_is_never_a_part_of_it(junk: bytes, together: bool, method: str) -> None:
    first = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + (b"ok" if method == "GET" else b"")
    reader = AnswerReader(method)
    for piece in (first + junk,) if together else (first, junk):
        reader.feed(piece)
    assert reader.complete
    assert reader.take() == (b"ok" if method == "GET" else b"")
    assert [head.fields for head in reader.heads] == [[(b"Content-Length", b"2")]]
    assert reader.keeps_alive is False


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"HTTP/1.1 099 X\r\nContent-Length: 0\r\n\r\n", "the answer's status is 99"),
        (b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n", "the answer is in HTTP/2.0"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            "Transfer-Encoding should be chunked",
        ),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "Transfer-Encoding should be chunked"),
    ],
)
def test_an_answer_that_would_not_pass_unchanged_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(ProviderError, match=why):
        AnswerReader("GET").feed(data)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"SSH-2.0-OpenSSH_9.6\r\n", "the answer is not HTTP: "),
        (b"\x15\x03\x03\x00\x02\x02\x28", "the answer is not HTTP: "),
        (b"HTTP/1.1 abc OK\r\n\r\n", "the answer is not HTTP: "),
        (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "the answer is not HTTP: "),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "the answer is not HTTP: "),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "the answer is not HTTP: "),
        (
            b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
            "the answer switches protocols, which was not asked for",
        ),
        (
            b"HTTP/1.1 200 OK\r\n" + b"X: " + b"a" * 60_000 + b"\r\n" + (b"Y: " + b"b" * 60_000 + b"\r\n") * 5,
            "the answer's head is larger than 262144 bytes",
        ),
    ],
    ids=["SSH", "TLS", "a bad status", "a bad length", "two lengths", "a bad chunk", "an upgrade", "too large a head"],
)
def test_what_is_no_answer_is_a_providers_error(data: bytes, why: str) -> None:
    with pytest.raises(ProviderError) as caught:
        read(data)
    assert str(caught.value).startswith(why)


def test_bytes_that_nobody_asked_for_end_the_connection() -> None:
    reader = read(LENGTH)
    assert reader.keeps_alive
    reader.feed(b"HTTP/1.1 200 OK\r\n\r\n")
    assert not reader.keeps_alive
    assert len(reader.heads) == 1


def test_a_body_in_answer_to_head_is_left_out_and_ends_the_connection() -> None:
    reader = read(LENGTH, method="HEAD")
    assert reader.take() == b""
    assert not reader.keeps_alive


@settings(max_examples=100, deadline=None)
@given(st.sampled_from([LENGTH, CHUNKED]), st.lists(st.integers(1, 80)))
def test_however_the_bytes_are_cut_the_answer_is_the_same(data: bytes, cuts: list[int]) -> None:
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    reader = read(*(data[start:end] for start, end in pairwise(places)))
    (head,) = reader.heads
    (whole,) = read(data).heads
    assert head == whole
    assert (reader.take(), reader.complete, reader.keeps_alive) == (b"hello", True, True)


@pytest.mark.parametrize("trailer", [b"X: " + b"t" * 400_000, b"X: t\r\n" * 60_000], ids=["one", "many"])
def test_trailers_without_end_are_a_providers_error(trailer: bytes) -> None:
    data = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n" + trailer
    pieces = [data[place : place + 16_384] for place in range(0, len(data), 16_384)]

    with pytest.raises(ProviderError, match="the answer's trailers are larger than 262144 bytes"):
        read(*pieces)
