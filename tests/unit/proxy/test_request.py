"""Requests are read the same however their bytes are cut, and what is no request is told in our words.

Source: RFC 9112, 2.2 (empty lines), 3.2 (Host), 6 (bodies), 7.1 (chunks) and 9.3 (persistence); RFC 9110, 6.5.
"""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssp_emulator.message import Framing
from ssp_emulator.proxy.body import BrokenBodyError
from ssp_emulator.proxy.request import LONGEST, RequestReader

if TYPE_CHECKING:
    from ssp_emulator.proxy.request import Request

HOST = b"Host: ssp\r\n"
GET = b"GET /a HTTP/1.1\r\n" + HOST + b"\r\n"
TOO_LONG = f"a line or a header is longer than {LONGEST} bytes"


class Read(NamedTuple):
    """All that was read of one request; `body` is None where it broke off."""

    method: str
    target: str
    version: tuple[int, int]
    fields: tuple[tuple[bytes, bytes], ...]
    framing: Framing
    keeps_alive: bool
    body: bytes | None


class Told(NamedTuple):
    """What was read of some bytes."""

    requests: list[Read]
    problem: str | None
    is_over: bool


def reader() -> RequestReader:
    return RequestReader(lambda: None, lambda: None)


def read(*pieces: bytes) -> Told:
    made = reader()
    for piece in pieces:
        made.feed(piece)
    return Told([_all_of(request) for request in made.requests], made.problem, made.is_over)


def _all_of(request: Request) -> Read:
    async def body() -> bytes | None:
        received = b""
        try:
            async with asyncio.timeout(0.001):
                while piece := await request.body.taken():
                    received += piece
        except (BrokenBodyError, TimeoutError):
            return None
        return received

    return Read(
        request.method, request.target, request.version, request.fields, request.framing, request.keeps_alive,
        asyncio.run(body()),
    )  # fmt: skip


def cut(data: bytes, at: list[int]) -> list[bytes]:
    places = sorted({place % (len(data) + 1) for place in at} | {0, len(data)})
    return [data[start:end] for start, end in pairwise(places)]


def get(*fields: bytes, start: bytes = b"GET /a HTTP/1.1") -> bytes:
    return b"\r\n".join([start, *fields, b"", b""])


HEADS: dict[str, tuple[bytes, Read]] = {
    "plain": (GET, Read("GET", "/a", (1, 1), ((b"Host", b"ssp"),), Framing.NONE, True, b"")),
    "no host": (get(), Read("GET", "/a", (1, 1), (), Framing.NONE, True, b"")),
    "order, case and number": (
        get(b"x-A: 1", b"X-a:  2\t", b"x-A:1"),
        Read("GET", "/a", (1, 1), ((b"x-A", b"1"), (b"X-a", b"2"), (b"x-A", b"1")), Framing.NONE, True, b""),
    ),
    "empty values": (
        get(b"X:", b"Y: ", b"Z: z"),
        Read("GET", "/a", (1, 1), ((b"X", b""), (b"Y", b""), (b"Z", b"z")), Framing.NONE, True, b""),
    ),
    "bytes beyond ASCII": (
        get(b"X: caf\xc3\xa9 \xff"),
        Read("GET", "/a", (1, 1), ((b"X", b"caf\xc3\xa9 \xff"),), Framing.NONE, True, b""),
    ),
    "a target in absolute form": (
        get(start=b"GET https://gp/a?b=c#d HTTP/1.1"),
        Read("GET", "https://gp/a?b=c#d", (1, 1), (), Framing.NONE, True, b""),
    ),
    "OPTIONS of the server": (
        get(start=b"OPTIONS * HTTP/1.1"),
        Read("OPTIONS", "*", (1, 1), (), Framing.NONE, True, b""),
    ),
    "empty lines before it": (
        b"\r\n\r\n" + GET,
        Read("GET", "/a", (1, 1), ((b"Host", b"ssp"),), Framing.NONE, True, b""),
    ),
    "it asks for the end": (
        get(b"Connection: close"),
        Read("GET", "/a", (1, 1), ((b"Connection", b"close"),), Framing.NONE, False, b""),
    ),
    "HTTP/1.0": (get(start=b"GET /a HTTP/1.0"), Read("GET", "/a", (1, 0), (), Framing.NONE, False, b"")),
    "HTTP/1.0 that stays": (
        get(b"Connection: keep-alive", start=b"GET /a HTTP/1.0"),
        Read("GET", "/a", (1, 0), ((b"Connection", b"keep-alive"),), Framing.NONE, True, b""),
    ),
    "a length": (
        get(b"Content-Length: 4", start=b"POST /a HTTP/1.1") + b"body",
        Read("POST", "/a", (1, 1), ((b"Content-Length", b"4"),), Framing.LENGTH, True, b"body"),
    ),
    "a length with zeros before it": (
        get(b"Content-Length: 0004", start=b"POST /a HTTP/1.1") + b"body",
        Read("POST", "/a", (1, 1), ((b"Content-Length", b"0004"),), Framing.LENGTH, True, b"body"),
    ),
    "a length of nothing": (
        get(b"Content-Length: 0", start=b"POST /a HTTP/1.1"),
        Read("POST", "/a", (1, 1), ((b"Content-Length", b"0"),), Framing.NONE, True, b""),
    ),
    "chunks": (
        get(b"Transfer-Encoding: chunked", start=b"PUT /a HTTP/1.1") + b"4;x=y\r\nbody\r\n02\r\n\r\n\r\n0\r\n\r\n",
        Read("PUT", "/a", (1, 1), ((b"Transfer-Encoding", b"chunked"),), Framing.CHUNKED, True, b"body\r\n"),
    ),
    "trailers, which are no fields": (
        get(b"Transfer-Encoding: chunked", start=b"PUT /a HTTP/1.1") + b"1\r\nx\r\n0\r\nHost: evil\r\nX: y\r\n\r\n",
        Read("PUT", "/a", (1, 1), ((b"Transfer-Encoding", b"chunked"),), Framing.CHUNKED, True, b"x"),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("data", "whole"), HEADS.values(), ids=HEADS)
def test_a_request_is_read_in_one_piece_and_byte_by_byte(data: bytes, whole: Read) -> None:
    told = Told([whole], None, not whole.keeps_alive)

    assert read(data) == told
    assert read(*(bytes([byte]) for byte in data)) == told


CHUNKED = HEADS["trailers, which are no fields"][0]
LAST: dict[str, bytes] = {
    "it says so": get(b"Connection: close"),
    "HTTP/1.0": get(start=b"GET /a HTTP/1.0"),
    "an upgrade": get(b"Connection: Upgrade", b"Upgrade: websocket"),
    "an upgrade with a body": get(b"Connection: Upgrade", b"Upgrade: h2c", b"Content-Length: 4") + b"body",
    "an upgrade with a body in chunks": get(b"Connection: Upgrade", b"Upgrade: h2c", b"Transfer-Encoding: chunked")
    + b"4\r\nbody\r\n0\r\n\r\n",
    "CONNECT": get(start=b"CONNECT gp:443 HTTP/1.1"),
}
BEHIND: dict[str, bytes] = {
    "another": GET,
    "chunks with trailers, and another": CHUNKED + GET,
    "what is none": CHUNKED + b"GET /a b HTTP/1.1\r\n\r\n",
    "a chunk that is none": CHUNKED.replace(b"1\r\nx", b"zz\r\nx") + GET,
    "the last": get(b"Connection: close") + GET,
    "an upgrade": get(b"Connection: upgrade", b"Upgrade: x") + GET,
    "an upgrade with a body": LAST["an upgrade with a body in chunks"] + GET,
    "an upgrade with half a body": LAST["an upgrade with a body"][:-1],
    "half": HEADS["a length"][0][:-2],
}


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(BEHIND)), st.lists(st.integers(0, 1000), max_size=6))
def test_however_the_bytes_are_cut_the_same_is_read(behind: str, at: list[int]) -> None:
    data = HEADS["a length"][0] + BEHIND[behind]

    assert read(*cut(data, at)) == read(data)


def test_requests_behind_each_other_are_read_in_their_order() -> None:
    told = read(HEADS["chunks"][0] + GET + HEADS["a length"][0])

    assert [(request.method, request.body) for request in told.requests] == [
        ("PUT", b"body\r\n"), ("GET", b""), ("POST", b"body"),
    ]  # fmt: skip
    assert told.problem is None


def test_a_trailer_is_no_field_of_the_next_request_either() -> None:
    _, second = read(CHUNKED + GET).requests

    assert second.fields == ((b"Host", b"ssp"),)


def test_a_request_is_handed_out_as_soon_as_its_head_is_here() -> None:
    made = reader()
    made.feed(HEADS["a length"][0][:-5])
    before = len(made.requests)
    made.feed(b"\n")

    assert (before, len(made.requests)) == (0, 1)
    assert not made.requests[0].body.whole


@pytest.mark.parametrize("data", LAST.values(), ids=LAST)
@pytest.mark.parametrize("more", [GET, b"\x16\x03\x01 what is no HTTP"], ids=["a request", "none"])
def test_behind_the_last_request_nothing_is_read_and_nothing_is_wrong(data: bytes, more: bytes) -> None:
    for pieces in ((data + more,), (data, more), tuple(bytes([byte]) for byte in data + more)):
        told = read(*pieces)
        (request,) = told.requests
        assert (request.keeps_alive, told.problem, told.is_over) == (False, None, True)
        assert request.body == (b"body" if b"body" in data else b"")


WRONG: dict[str, tuple[bytes, str]] = {
    "a method that is none": (get(start=b"BREW TEA /a HTTP/1.1"), "the method is not one that HTTP knows"),
    "a method in small letters": (get(start=b"get /a HTTP/1.1"), "the method is not one that HTTP knows"),
    "a space in the path": (
        get(start=b"GET /a b HTTP/1.1"),
        "the first line should be a method, a target and HTTP/1.1",
    ),
    "a control character in the path": (get(start=b"GET /a\x01 HTTP/1.1"), "the path is not one that a URL can have"),
    "a path beyond ASCII": (get(start=b"GET /caf\xc3\xa9 HTTP/1.1"), "the path is not one that a URL can have"),
    "a relative path": (get(start=b"GET a HTTP/1.1"), "the path is not one that a URL can have"),
    "a newer version": (get(start=b"GET /a HTTP/2.0"), "the request should be in HTTP/1.1"),
    "an older version": (get(start=b"GET /a HTTP/0.9"), "the request should be in HTTP/1.1"),
    "a version that is none": (get(start=b"GET /a HTTP/9"), "expected dot"),
    "no version": (get(start=b"GET /a"), "the request should be in HTTP/1.1"),
    "TLS": (b"\x16\x03\x01\x00\x05hello", "the method is not one that HTTP knows"),
    "a space before the colon": (get(b"X : y"), "Invalid header token"),
    "a folded line": (get(b"X: y", b" z"), "unexpected whitespace after header value"),
    "a lone line feed": (b"GET /a HTTP/1.1\nHost: ssp\n\n", "expected CRLF after version"),
    "a lone carriage return": (get(b"X: y\rZ: z"), "missing expected LF"),
    "NUL in a value": (get(b"X: y\x00"), "invalid header value char"),
    "two hosts": (get(b"Host: ssp", b"Host: ssp"), "the header Host is not a host with or without a port"),
    "a host with a path": (get(b"Host: ssp/a"), "the header Host is not a host with or without a port"),
    "a host with a user": (get(b"Host: me@ssp"), "the header Host is not a host with or without a port"),
    "a host in two parts": (get(b"Host: ssp, gp"), "the header Host is not a host with or without a port"),
    "two media types": (
        get(b"Content-Type: a/b", b"content-type: a/b"),
        "the header Content-Type is there more than once",
    ),
    "a length and chunks": (get(b"Content-Length: 4", b"Transfer-Encoding: chunked"), "can't be present"),
    "chunks and a length": (get(b"Transfer-Encoding: chunked", b"Content-Length: 4"), "can't be present"),
    "two lengths": (get(b"Content-Length: 4", b"Content-Length: 4"), "Content-Length"),
    "a list of lengths": (get(b"Content-Length: 4, 4"), "Content-Length"),
    "a length with a sign": (get(b"Content-Length: +4"), "Content-Length"),
    "a length that is negative": (get(b"Content-Length: -4"), "Content-Length"),
    "a length in hexadecimal": (get(b"Content-Length: 0x4"), "Content-Length"),
    "a length beyond 64 bits": (get(b"Content-Length: 9" + b"9" * 18), "the header Content-Length is too large"),
    "a coding behind chunked": (
        get(b"Transfer-Encoding: chunked, gzip", start=b"POST /a HTTP/1.1"),
        "Transfer-Encoding",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("data", "why"), WRONG.values(), ids=WRONG)
def test_what_is_no_request_is_told_and_nothing_is_read_behind_it(data: bytes, why: str) -> None:
    for pieces in ((data + GET,), (data, GET), tuple(bytes([byte]) for byte in data + GET)):
        told = read(*pieces)
        assert (told.requests, told.is_over) == ([], True)
        assert why.lower() in (told.problem or "").lower()


def test_what_is_wrong_behind_a_request_leaves_that_as_it_is() -> None:
    told = read(HEADS["a length"][0] + WRONG["two hosts"][0])

    assert [request.body for request in told.requests] == [b"body"]
    assert told.problem == WRONG["two hosts"][1]


@pytest.mark.parametrize(
    "rest",
    [b"zz\r\n", b"4\r\nbodyXX", b"-1\r\n", b"4 \r\nbody\r\n", b"4\nbody\n", b"11111111111111111\r\n"],
    ids=["no number", "longer than it says", "a sign", "a space", "line feeds alone", "more than 64 bits"],
)
@pytest.mark.parametrize("asks", [(), (b"Connection: upgrade", b"Upgrade: h2c")], ids=["", "for another protocol"])
def test_a_chunk_that_is_none_breaks_the_body_off(rest: bytes, asks: tuple[bytes, ...]) -> None:
    head = get(*asks, b"Transfer-Encoding: chunked", start=b"PUT /a HTTP/1.1")
    told = read(head + b"2\r\nab\r\n", rest + GET)

    assert [request.body for request in told.requests] == [None]
    assert told.problem is not None


LIMITS: dict[str, tuple[bytes, bytes, bytes, str]] = {
    "a path": (b"GET /", b"a", b" HTTP/1.1\r\n\r\n", TOO_LONG),
    "a value": (b"GET /a HTTP/1.1\r\nX: ", b"x", b"\r\n\r\n", TOO_LONG),
    "a name": (b"GET /a HTTP/1.1\r\n", b"x", b": y\r\n\r\n", TOO_LONG),
}


@pytest.mark.parametrize(("before", "filling", "after", "why"), LIMITS.values(), ids=LIMITS)
@pytest.mark.parametrize("piece", [1 << 20, 1000])
def test_a_line_has_a_limit(before: bytes, filling: bytes, after: bytes, why: str, piece: int) -> None:
    def told(length: int) -> Told:
        data = before + filling * length + after
        return read(*(data[start : start + piece] for start in range(0, len(data), piece)))

    assert (len(told(LONGEST - 2).requests), told(LONGEST - 2).problem) == (1, None)
    assert (told(LONGEST + 1).requests, told(LONGEST + 1).problem) == ([], why)


@pytest.mark.parametrize("filling", [b"X: " + b"x" * 30_000 + b"\r\n", b"\r\n"], ids=["fields", "empty lines"])
def test_a_whole_head_has_a_limit(filling: bytes) -> None:
    begun = b"" if filling == b"\r\n" else b"GET /a HTTP/1.1\r\n"
    made = reader()
    made.feed(begun)
    fed = 0
    while made.problem is None and fed < 10_000_000:
        made.feed(filling)
        fed += len(filling)

    assert made.problem == "the request's head is longer than 262144 bytes"
    assert fed < 300_000
    assert not made.requests


@pytest.mark.parametrize(
    ("fields", "problem"), [(128, None), (129, "the request has more than 128 headers")], ids=["just", "one more"]
)
def test_a_head_has_so_many_fields_and_no_more(fields: int, problem: str | None) -> None:
    told = read(get(*[b"X: y"] * fields), GET)

    assert [len(request.fields) for request in told.requests] == ([128, 1] if problem is None else [])
    assert told.problem == problem


def test_a_field_without_end_has_a_limit_too() -> None:
    made = reader()
    made.feed(b"GET /a HTTP/1.1\r\nX: ")
    fed = 0
    while made.problem is None and fed < 10_000_000:
        made.feed(b"x" * 10_000)
        fed += 10_000

    assert made.problem is not None
    assert fed < 300_000


def test_the_limit_is_each_heads_own() -> None:
    made = reader()
    for _ in range(400):
        made.feed(get(b"X: " + b"x" * 1000))

    assert (len(made.requests), made.problem) == (400, None)


def test_a_body_counts_towards_no_limit_of_a_head() -> None:
    made = reader()
    made.feed(get(b"Content-Length: 1000000", start=b"POST /a HTTP/1.1"))
    for _ in range(100):
        made.feed(b"x" * 10_000)
    made.feed(GET)

    assert (len(made.requests), made.problem) == (2, None)


@pytest.mark.parametrize(
    "host",
    [b"ssp", b"ssp:8443", b"ssp:", b"", b"192.0.2.7:1", b"[2001:db8::1]", b"[::1]:8443", b"xn--a.nhs.uk", b"a_b"],
)
def test_every_form_of_a_host_is_one(host: bytes) -> None:
    assert read(get(b"Host: " + host)).problem is None


@pytest.mark.parametrize("trailer", [b"X: " + b"t" * 400_000, b"X: t\r\n" * 60_000], ids=["one", "many"])
def test_trailers_without_end_have_a_limit(trailer: bytes) -> None:
    made = reader()
    made.feed(get(b"Transfer-Encoding: chunked", start=b"POST /a HTTP/1.1") + b"3\r\nabc\r\n0\r\n")
    for place in range(0, len(trailer), 16_384):
        made.feed(trailer[place : place + 16_384])

    assert made.problem == "the request's trailers are longer than 262144 bytes"
