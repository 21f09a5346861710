"""Heads as bytes: what goes on to the next hop, and what stays behind."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssp_emulator.message import Field, Framing
from ssp_emulator.proxy import heads

FORWARDED = b'for=192.0.2.7;host="ssp";proto=https'
LAST = b"Forwarded: %b\r\n\r\n" % FORWARDED
HSTS = b"Strict-Transport-Security: max-age=31536000; includeSubDomains\r\n"


def request(*fields: Field, framing: Framing = Framing.NONE) -> bytes:
    return heads.request_head("GET", "/a?b", "gp:8443", fields, framing, FORWARDED)


def answer(*fields: Field, framing: Framing = Framing.LENGTH, connection: bytes | None = None) -> bytes:
    return heads.answer_head(200, b"OK", fields, framing, connection)


@pytest.mark.parametrize(
    ("fields", "written"),
    [
        ([], b"Host: gp:8443\r\n"),
        ([(b"A", b"1"), (b"Host", b"ssp"), (b"b", b"2")], b"A: 1\r\nHost: gp:8443\r\nb: 2\r\n"),
        ([(b"HOST", b"ssp")], b"Host: gp:8443\r\n"),
        ([(b"x-A", b"1"), (b"X-a", b"2"), (b"x-A", b"1")], b"Host: gp:8443\r\nx-A: 1\r\nX-a: 2\r\nx-A: 1\r\n"),
        ([(b"X", b"\xe9 \xff")], b"Host: gp:8443\r\nX: \xe9 \xff\r\n"),
        ([(b"X", b"")], b"Host: gp:8443\r\nX: \r\n"),
        ([(b"Forwarded", b"for=1.2.3.4")], b"Host: gp:8443\r\nForwarded: for=1.2.3.4\r\n"),
        ([(b"Connection", b"close, X-Mine"), (b"x-mine", b"1"), (b"Y", b"2")], b"Host: gp:8443\r\nY: 2\r\n"),
        (
            [(b"Connection", b"host,Content-Length"), (b"Host", b"ssp"), (b"Content-Length", b"3")],
            b"Host: gp:8443\r\nContent-Length: 3\r\n",
        ),
        (
            [(b"Expect", b"100-continue"), (b"Trailer", b"X"), (b"Accept-Encoding", b"gzip")],
            b"Host: gp:8443\r\nExpect: 100-continue\r\nTrailer: X\r\nAccept-Encoding: gzip\r\n",
        ),
    ],
    ids=[
        "no host", "host in its place", "host in capitals", "order, case and number", "bytes", "an empty value",
        "an earlier proxy's", "named by Connection", "framing named by Connection", "end-to-end",
    ],
)  # fmt: skip
def test_a_request_goes_on_with_its_fields(fields: list[Field], written: bytes) -> None:
    assert request(*fields) == b"GET /a?b HTTP/1.1\r\n" + written + LAST


@pytest.mark.parametrize(
    "name", [b"Connection", b"Keep-Alive", b"Proxy-Connection", b"TE", b"Transfer-Encoding", b"Upgrade", b"upgrade"]
)
def test_hop_by_hop_fields_stay_behind_both_ways(name: bytes) -> None:
    assert request((name, b"x")) == b"GET /a?b HTTP/1.1\r\nHost: gp:8443\r\n" + LAST
    assert answer((name, b"x")) == b"HTTP/1.1 200 OK\r\n" + HSTS + b"\r\n"
    assert heads.interim_head(103, b"Early Hints", [(name, b"x")]) == b"HTTP/1.1 103 Early Hints\r\n\r\n"


def test_a_chunked_request_stays_chunked() -> None:
    written = request((b"Transfer-Encoding", b"chunked"), framing=Framing.CHUNKED)
    assert written == b"GET /a?b HTTP/1.1\r\nHost: gp:8443\r\nTransfer-Encoding: chunked\r\n" + LAST


@pytest.mark.parametrize(
    ("fields", "framing", "connection", "written"),
    [
        ([(b"Content-Length", b"3"), (b"X", b"1")], Framing.LENGTH, None, b"Content-Length: 3\r\nX: 1\r\n" + HSTS),
        ([(b"Content-Length", b"3")], Framing.NONE, None, b"Content-Length: 3\r\n" + HSTS),
        (
            [(b"Content-Length", b"3"), (b"Transfer-Encoding", b"chunked")], Framing.CHUNKED, None,
            HSTS + b"Transfer-Encoding: chunked\r\n",
        ),
        ([], Framing.CLOSE, b"close", HSTS + b"Connection: close\r\n"),
        (
            [(b"strict-transport-security", b"max-age=1")], Framing.NONE, None,
            b"strict-transport-security: max-age=1\r\n",
        ),
        (
            [(b"Set-Cookie", b"a"), (b"set-cookie", b"b")], Framing.NONE, None,
            b"Set-Cookie: a\r\nset-cookie: b\r\n" + HSTS,
        ),
        ([(b"Connection", b"X-Mine"), (b"X-Mine", b"1")], Framing.NONE, None, HSTS),
    ],
    ids=["length", "no body", "chunked", "closing", "its own HSTS", "the same twice", "named by Connection"],
)  # fmt: skip
def test_an_answer_comes_back_with_its_fields(
    fields: list[Field], framing: Framing, connection: bytes | None, written: bytes
) -> None:
    assert answer(*fields, framing=framing, connection=connection) == b"HTTP/1.1 200 OK\r\n" + written + b"\r\n"


def test_an_unknown_status_and_an_odd_phrase_go_on() -> None:
    assert heads.answer_head(799, b"", [], Framing.NONE, None).startswith(b"HTTP/1.1 799 \r\n")
    assert heads.answer_head(200, b"Pas de probl\xe8me", [], Framing.NONE, None).startswith(
        b"HTTP/1.1 200 Pas de probl\xe8me\r\n"
    )


@pytest.mark.parametrize(
    ("client", "host", "value"),
    [
        ("192.0.2.7", "ssp:8443", 'for=192.0.2.7;host="ssp:8443";proto=https'),
        ("2001:db8::1", "ssp", 'for="[2001:db8::1]";host="ssp";proto=https'),
        ("192.0.2.7", None, "for=192.0.2.7;proto=https"),
        ("192.0.2.7", 'a"b\\c', 'for=192.0.2.7;host="a\\"b\\\\c";proto=https'),
    ],
)
def test_forwarded_says_who_asked_whom(client: str, host: str | None, value: str) -> None:
    assert heads.forwarded(client, host, "https") == value.encode()


@pytest.mark.parametrize(
    ("piece", "written"), [(b"", b""), (b"a", b"1\r\na\r\n"), (b"x" * 26, b"1a\r\n" + b"x" * 26 + b"\r\n")]
)
def test_a_piece_is_a_chunk_and_an_empty_one_does_not_end_the_body(piece: bytes, written: bytes) -> None:
    assert heads.chunk(piece) == written


HOP_BY_HOP = {b"connection", b"keep-alive", b"proxy-connection", b"te", b"transfer-encoding", b"upgrade"}
NAMES = st.one_of(
    st.from_regex(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}", fullmatch=True),
    st.sampled_from([b"TE", b"te", b"Upgrade", b"Keep-Alive", b"X-A", b"x-a", b"Content-Length"]),
)
VALUES = st.from_regex(rb"[\x21-\x7e\x80-\xff]{0,16}", fullmatch=True)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(NAMES, VALUES)), st.lists(NAMES, max_size=2))
def test_fields_keep_their_order_case_and_number(fields: list[Field], named: list[bytes]) -> None:
    fields = [field for field in fields if field[0].lower() not in {b"connection", b"host"}]
    sent = [*fields, (b"Connection", b", ".join(named))]
    dropped = HOP_BY_HOP | {name.lower() for name in named} - {b"content-length", b"host"}
    kept = [(name, value) for name, value in fields if name.lower() not in dropped]
    lines = request(*sent).split(b"\r\n")
    assert lines[0] == b"GET /a?b HTTP/1.1"
    assert lines[1] == b"Host: gp:8443"
    assert [tuple(line.split(b": ", 1)) for line in lines[2:-3]] == kept
    assert b"\r\n".join(lines[-3:]) == LAST


def test_additions_come_where_the_answer_has_none_of_that_name() -> None:
    additions = [(b"X-Rate-Limit-Limit", b"5"), (b"Vary", b"Origin")]
    fields = [(b"x-rate-limit-limit", b"9"), (b"vary", b"Accept")]
    written = heads.answer_head(200, b"OK", fields, Framing.NONE, None, additions)
    assert written == (
        b"HTTP/1.1 200 OK\r\nx-rate-limit-limit: 9\r\nvary: Accept\r\n"
        b"Strict-Transport-Security: max-age=31536000; includeSubDomains\r\nVary: Origin\r\n\r\n"
    )


def test_what_is_to_be_left_out_is_not_added() -> None:
    additions = [(b"Vary", b"Origin"), (b"X-Rate-Limit-Limit", b"1"), (b"X-Rate-Limit-Remaining", b"0")]
    omit = frozenset({b"strict-transport-security", b"vary", b"x-rate-limit-limit", b"server"})

    written = heads.answer_head(200, b"OK", [(b"Server", b"gp")], Framing.NONE, None, additions, omit)

    assert written == b"HTTP/1.1 200 OK\r\nServer: gp\r\nX-Rate-Limit-Remaining: 0\r\n\r\n"
