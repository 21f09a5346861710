"""Request smuggling: bytes that two servers could read as different requests reach the provider as none.

Each is refused with the status named here, the connection ends, and the trail has it; the request that stands behind,
and would pass every check, is never asked. What is odd and has one meaning all the same arrives as one request.

Source: RFC 9112, 2.2 (line ends), 3 (request line), 5.1 and 5.2 (white space, folding), 6 and 11.2 (framing) and
7.1 (chunks); RFC 9110, 5.5 (field values), 6.5.1 (trailers); RFC 9931 (bytes sent in hope of another protocol).
"""

from __future__ import annotations

import asyncio
from itertools import product
from typing import TYPE_CHECKING

import pytest
from support import setup

if TYPE_CHECKING:
    from support.running import Running
    from support.stub import StubProvider
    from support.wire import Wire

PATH = f"{setup.ROOT.removeprefix('https://gp.example.nhs.uk')}/Binary/1"
TARGET = f"/{setup.ROOT}/Binary/1".encode()
HIDDEN = f"/{setup.ROOT}/Binary/hidden".encode()
LONG = b"a" * 64 * 1024
CHUNKED = b"Transfer-Encoding: chunked\r\n"
NO_CHUNKS = b"\r\n0\r\n\r\n"

# What a POST can say of its body's length; any two of these, in any order, are one too many.
SAYINGS = (
    *(b"Content-Length: 5", b"Content-Length: 6", b"Content-Length:", b"Transfer-Encoding: chunked"),
    *(b"Transfer-Encoding: identity", b"Transfer-Encoding:", b"Transfer-Encoding : chunked"),
)

# Behind the fields of a POST that is otherwise in order.
LENGTHS = {
    f"{one.decode()}, {other.decode()}": one + b"\r\n" + other + b"\r\n" + NO_CHUNKS
    for one, other in product(SAYINGS, repeat=2)
} | {
    "folded before the coding": b"Transfer-Encoding:\r\n chunked\r\n" + NO_CHUNKS,
    "folded behind the coding": CHUNKED + b" , identity\r\n" + NO_CHUNKS,
    "a folded length": b"Content-Length: 5\r\n 6\r\n\r\nhello",
    "a coding in a folded line": b"X: y\r\n Transfer-Encoding: chunked\r\n" + NO_CHUNKS,
    "a coding behind a bare LF": b"X: y\nTransfer-Encoding: chunked\r\n" + NO_CHUNKS,
    "a coding behind a bare CR": b"X: y\rTransfer-Encoding: chunked\r\n" + NO_CHUNKS,
} | {
    f"the length {length!r}": b"Content-Length: " + length + b"\r\n\r\nhello"
    for length in (
        *(b"5, 6", b"5, 5", b"5 6", b"+5", b"-1", b"0x5", b"5.0", b"5_0", b"5;", b'"5"', b"\xc2\xb2", b"", b"\0"),
        *(b"%d" % length for length in (2**63 + 5, 2**64 - 1, 2**64 + 5)),
    )
} | {
    f"the coding {coding!r}": b"Transfer-Encoding: " + coding + b"\r\n" + NO_CHUNKS
    for coding in (
        *(b"xchunked", b"chunkedx", b"identity", b"gzip", b"", b"gzip, chunked", b"chunked, gzip", b"chunked,"),
        *(b"identity, chunked", b"chunked, identity", b"chunked, chunked", b", chunked", b"chunked;q=1", b'"chunked"'),
        *(b"\x0bchunked", b"\x0cchunked", b"\xa0chunked", b"chunked\x85", b"chun\xe2\x84\xaaed", b"chunked\x00"),
    )
}  # fmt: skip

# The same place: lines that are no fields, or end in another way than by CRLF.
LINES = {
    "a folded line": b"X: a\r\n b\r\n\r\n",
    "a line folded with a tab": b"X: a\r\n\tb\r\n\r\n",
    "an empty value folded": b"X:\r\n b\r\n\r\n",
    "a blank folded line at the end": b"X: a\r\n \r\n\r\n",
    "LF between fields": b"A: b\nC: d\r\n\r\n",
    "LF behind an empty value": b"A:\nC: d\r\n\r\n",
    "LF ends the head": b"A: b\r\n\n",
    "LF ends the last field": b"A: b\n\r\n",
    "two LF end the head": b"A: b\n\n",
    "CR between fields": b"A: b\rC: d\r\n\r\n",
    "CR ends the head": b"A: b\r\n\r",
    "CR CR LF": b"A: b\r\r\n\r\n",
    "a space before a colon": b"A : b\r\n\r\n",
    "a tab before a colon": b"A\t: b\r\n\r\n",
    "an empty name": b": b\r\n\r\n",
    "no colon": b"A\r\n\r\n",
    "another Host": b"Host: gp.example.nhs.uk\r\n\r\n",
    "a long value": b"A: " + LONG + b"\r\n\r\n",
    "a long name": LONG + b": b\r\n\r\n",
    "too many fields": b"A: b\r\n" * 200 + b"\r\n",
} | {
    f"the byte {code:#04x} in a value": b"A: b%cc\r\n\r\n" % code for code in (0, 1, 8, 0x0B, 0x0C, 0x1B, 0x1F, 0x7F)
} | {
    f"the byte {code:#04x} in a name": b"A%cB: c\r\n\r\n" % code
    for code in (0, 1, 0x0A, 0x0D, 0x1F, *b' "(),/;<=>?@[\\]{}', 0x7F, 0x80, 0xA0, 0xFF)
}  # fmt: skip

# Before the fields: request lines.
STARTS = {
    f"the line {line!r}": line.replace(b"/target", TARGET)
    for line in (
        *(b"GET /target" + version + b"\r\n" for version in (b"", b" ", b" http/1.1", b" HTTP/0.9", b" HTTP/2.0")),
        *(b"GET /target" + version + b"\r\n" for version in (b" HTTP/1", b" HTTP/1.2", b" HTTP/1.10", b" HTTP/01.1")),
        *(b"GET /target HTTP/1.1 \r\n", b"GET /target HTTP/1.1\t\r\n", b"GET /target\tHTTP/1.1\r\n"),
        *(b"GET /target x HTTP/1.1\r\n", b"GET /target HTTP/1.1 HTTP/1.1\r\n", b"GET /target\0 HTTP/1.1\r\n"),
        *(b" GET /target HTTP/1.1\r\n", b"GET\t/target HTTP/1.1\r\n", b"GET  HTTP/1.1\r\n", b"GET /target HTTP/1.1\n"),
        *(b"GET /target HTTP/1.1\r", b"GET /target HTTP/1.1\r\n X: y\r\n", b"GET /target HTTP/1.1\r\nHost: a b\r\n"),
        *(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"CONNECT gp.example.nhs.uk:443 HTTP/1.1\r\n"),
    )
} | {"too long a line": b"GET " + TARGET + LONG + b" HTTP/1.1\r\n"}  # fmt: skip

# Behind a head that is in order and promises chunks.
CHUNKS = {
    **{
        f"the size {size!r}": size + b"\r\nhello\r\n0\r\n\r\n"
        for size in (
            *(b"-1", b"+5", b"0x5", b"g", b"5g", b"", b" 5", b"5 ", b"5\t", b"5 ;a=b", b"5;", b"5,", b"F" * 17),
            *(b"1" + b"0" * 15 + b"5", b"5;a\nb", b'5;a="\nb"', b"5;a\rb", b"5;a\0b", b"5\n", b"5\r", b"3", b"6"),
        )
    },
    **{
        f"the trailer {trailer!r}": b"5\r\nhello\r\n0\r\n" + trailer + b"\r\n\r\n"
        for trailer in (b"Content-Length: 5", CHUNKED[:-2], b"A : b", b"A: b\r\n c", b"A: b\nC: d", b"A", b": b")
    },
    "LF behind the size": b"5\nhello\r\n0\r\n\r\n",
    "CR behind the size": b"5\rhello\r\n0\r\n\r\n",
    "nothing behind the data": b"5\r\nhello0\r\n\r\n",
    "LF behind the data": b"5\r\nhello\n0\r\n\r\n",
    "LF behind the last size": b"5\r\nhello\r\n0\n\r\n",
    "LF ends the body": b"5\r\nhello\r\n0\r\n\n",
}  # fmt: skip


def fields(ssp: Running) -> bytes:
    """Return the fields of a request that passes every check, as they go on the wire."""
    return ssp.request().partition(b"\r\n")[2].removesuffix(b"\r\n")


def hidden(ssp: Running) -> bytes:
    """Return a request that passes every check, to be put where none should be."""
    return b"GET " + HIDDEN + b" HTTP/1.1\r\n" + fields(ssp) + b"\r\n"


def post(ssp: Running, rest: bytes) -> bytes:
    """Return a POST with what stands behind its fields."""
    return b"POST " + TARGET + b" HTTP/1.1\r\n" + fields(ssp) + rest


async def send(wire: Wire, *pieces: bytes) -> None:
    """Send pieces that the proxy reads one by one; it runs in this event loop, which gets its turns in between."""
    for piece in pieces:
        wire.writer.write(piece)
        for _ in range(10):
            await asyncio.sleep(0)


async def are_refused(
    ssp: Running, provider: StubProvider, raw: bytes, status: int = 400, ways: tuple[int, ...] = (1, 2)
) -> None:
    """Send bytes in so many pieces (0: in one, with no request behind), and see that nobody was asked anything."""
    for count, pieces in enumerate(ways, 1):
        middle = len(raw) // 2 if pieces == 2 else 0
        wire = await ssp.wire()
        await send(wire, raw[:middle], raw[middle:] + (hidden(ssp) if pieces else b""))

        answer = await wire.answer()

        assert (answer.status, answer.all("Connection")) == (status, ["close"])
        assert await wire.is_closed()
        assert provider.received == []
        assert len(ssp.records()) == count
        assert ssp.record()["status"] == status
        assert ssp.record()["denial"]["reason"] == {400: "bad-request", 405: "method-not-allowed"}[status]
        assert HIDDEN.decode() not in ssp.record()["target"]


@pytest.mark.parametrize("rest", (LENGTHS | LINES).values(), ids=LENGTHS | LINES)
async def test_a_head_with_two_meanings_is_refused(ssp: Running, provider: StubProvider, rest: bytes) -> None:
    await are_refused(ssp, provider, post(ssp, rest))
    assert provider.connections == 0


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
async def test_a_request_line_that_is_none_is_refused(ssp: Running, provider: StubProvider, start: bytes) -> None:
    rest = fields(ssp).partition(b"\r\n")[2] if b"\r\nHost:" in start else fields(ssp)
    status = 405 if start.startswith(b"CONNECT") else 400
    await are_refused(ssp, provider, start + rest + b"\r\n", status, (0, 1, 2))
    assert provider.connections == 0


@pytest.mark.parametrize("body", CHUNKS.values(), ids=CHUNKS)
async def test_a_chunk_that_is_none_is_refused(ssp: Running, provider: StubProvider, body: bytes) -> None:
    await are_refused(ssp, provider, post(ssp, CHUNKED + b"\r\n" + body))


# Odd, with one meaning: how a POST goes on behind its fields, and the body that arrives.
ONE_MEANING = {
    "white space around a length": (b"Content-Length: \t5 \t\r\n\r\nhello", b"hello"),
    "zeros before a length": (b"Content-Length: 00005\r\n\r\nhello", b"hello"),
    "a length that Connection names": (b"Connection: Content-Length\r\nContent-Length: 5\r\n\r\nhello", b"hello"),
    "a coding that is none": (b"Transfer_Encoding: chunked\r\nContent-Length: 5\r\n\r\nhello", b"hello"),
    "a coding behind a tab": (b"Transfer-Encoding:\tchunked\r\n\r\n5\r\nhello" + NO_CHUNKS, b"hello"),
    "a coding in capitals": (b"TRANSFER-ENCODING: CHUNKED\r\n\r\n5\r\nhello" + NO_CHUNKS, b"hello"),
    "a coding that Connection names": (b"Connection: Transfer-Encoding\r\n" + CHUNKED + b"\r\n" + NO_CHUNKS[2:], b""),
    "zeros before a size": (CHUNKED + b"\r\n0000005\r\nhello\r\n000\r\n\r\n", b"hello"),
    "extensions": (CHUNKED + b'\r\n5;a=b;c="d;e"\r\nhello\r\n0;f\r\n\r\n', b"hello"),
    "trailers": (CHUNKED + b"\r\n5\r\nhello\r\n0\r\nA: b\r\nC: 0\r\n\r\n", b"hello"),
    "a request in the body": (b"Content-Length: %(size)d\r\n\r\n%(hidden)b", b"%(hidden)b"),
    "a request in a chunk": (CHUNKED + b"\r\n%(size)x\r\n%(hidden)b" + NO_CHUNKS, b"%(hidden)b"),
}  # fmt: skip


@pytest.mark.parametrize(("rest", "body"), ONE_MEANING.values(), ids=ONE_MEANING)
async def test_what_has_one_meaning_arrives_as_one_request(
    ssp: Running, provider: StubProvider, rest: bytes, body: bytes
) -> None:
    inside = {b"hidden": hidden(ssp), b"size": len(hidden(ssp))}
    raw = post(ssp, rest % inside)
    for count, middle in enumerate((0, len(raw) // 2), 1):
        wire = await ssp.wire()
        await send(wire, raw[:middle], raw[middle:])

        assert (await wire.answer()).status == 200
        assert [received.body for received in provider.received] == [body % inside] * count
        assert [record["status"] for record in ssp.records()] == [200] * count


@pytest.mark.parametrize("start", [b"GET  " + TARGET + b"   HTTP/1.1", b"\r\n\r\nGET " + TARGET + b" HTTP/1.1"])
async def test_a_request_line_with_one_meaning_arrives(ssp: Running, provider: StubProvider, start: bytes) -> None:
    answer = await (await ssp.wire()).ask(start + b"\r\n" + fields(ssp) + b"\r\n")

    assert answer.status == 200
    assert [received.start for received in provider.received] == [f"GET {PATH} HTTP/1.1"]


@pytest.mark.parametrize(
    ("status", "start"),
    [(400, b"GET " + TARGET[1:]), (400, b"OPTIONS *"), (400, b"GET " + TARGET + b"#a"), (405, b"TRACE " + TARGET)],
    ids=["absolute", "asterisk", "fragment", "TRACE"],
)
async def test_what_a_check_refuses_leaves_no_doubt_about_the_request_behind_it(
    ssp: Running, provider: StubProvider, status: int, start: bytes
) -> None:
    wire = await ssp.wire()
    await send(wire, start + b" HTTP/1.1\r\n" + fields(ssp) + b"\r\n" + hidden(ssp))

    assert [(await wire.answer()).status for _ in range(2)] == [status, 200]
    assert [received.start.split(" ")[1][-6:] for received in provider.received] == ["hidden"]
    assert [record["status"] for record in ssp.records()] == [status, 200]


TRAILER = CHUNKED + b"\r\n5\r\nhello\r\n0\r\nX-Trailer: 0\r\n\r\n"


@pytest.mark.parametrize("cut", [0, -25, -1], ids=["nowhere", "in the chunk", "in its last byte"])
@pytest.mark.parametrize("behind", ["at once", "later"])
async def test_a_trailer_never_becomes_a_field_of_the_next_request(
    ssp: Running, provider: StubProvider, cut: int, behind: str
) -> None:
    raw, other = post(ssp, TRAILER), hidden(ssp)
    pieces = [raw[:cut], raw[cut:] + other] if behind == "at once" else [raw[:cut], raw[cut:], other]
    wire = await ssp.wire()
    await send(wire, *pieces)

    assert [(await wire.answer()).status for _ in range(2)] == [200, 200]
    assert [received.body for received in provider.received] == [b"hello", b""]
    assert [received.all("X-Trailer") for received in provider.received] == [[], []]


@pytest.mark.parametrize("cut", [0, -10, -1], ids=["nowhere", "in the chunk", "in its last byte"])
async def test_a_body_without_trailers_leaves_no_doubt(ssp: Running, provider: StubProvider, cut: int) -> None:
    raw = post(ssp, CHUNKED + b"\r\n5\r\nhello" + NO_CHUNKS)
    wire = await ssp.wire()
    for _ in range(3):
        await send(wire, raw[:cut], raw[cut:])
        assert (await wire.answer()).status == 200

    assert [received.body for received in provider.received] == [b"hello"] * 3


async def test_a_trailer_in_a_full_queue_goes_nowhere(ssp: Running, provider: StubProvider) -> None:
    wire = await ssp.wire()
    await send(wire, hidden(ssp) * 31 + post(ssp, TRAILER) + post(ssp, CHUNKED + NO_CHUNKS))

    assert [(await wire.answer()).status for _ in range(33)] == [200] * 33
    assert [received.all("X-Trailer") for received in provider.received] == [[]] * 33


@pytest.mark.parametrize("behind", ["at once", "later"])
@pytest.mark.parametrize("protocol", [b"h2c", b"websocket", b"TLS/1.2"])
@pytest.mark.parametrize("rest", [b"Content-Length: 5\r\n\r\nhello", CHUNKED + b"\r\n5\r\nhello" + NO_CHUNKS])
async def test_nothing_is_read_behind_a_request_for_another_protocol(
    ssp: Running, provider: StubProvider, rest: bytes, protocol: bytes, behind: str
) -> None:
    raw = post(ssp, b"Connection: Upgrade\r\nUpgrade: " + protocol + b"\r\n" + rest)
    wire = await ssp.wire()
    await send(wire, *([raw + hidden(ssp)] if behind == "at once" else [raw, hidden(ssp)]))

    answer = await wire.answer()

    assert (answer.status, answer.one("Connection")) == (200, "close")
    assert await wire.is_closed()
    assert [received.body for received in provider.received] == [b"hello"]
