"""What passes through unchanged, and what belongs to one hop only, at the level of bytes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from support import setup
from support.stub import OK

if TYPE_CHECKING:
    from support.running import Running
    from support.stub import StubProvider

BASE = "/A20047/STU3/1/gpconnect/documents"
CHUNKED = b"HTTP/1.1 500 Oh\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"
GZIPPED = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b\x08"


async def test_request_fields_keep_order_case_and_number_but_for_those_of_the_hop(
    ssp: Running, provider: StubProvider
) -> None:
    odd = (("x-ODD", "1"), ("X-Odd", "2"), ("accept", "a/b;q=0.1"), ("Te", "trailers"), ("X-Latin", "caf\xe9"))
    hop = (("Connection", "keep-alive, X-Mine"), ("X-Mine", "private"), ("Keep-Alive", "timeout=5"))

    await ssp.ask(fields=(*odd, *hop), Ssp_TraceID="629ea9ba-a077-4d99-b289-7a9b19fd4e03")

    received = provider.received[0].fields
    assert [name for name, _ in received] == [
        "Host", "Ssp-TraceID", "Ssp-From", "Ssp-To", "Ssp-InteractionID", "Authorization",
        "x-ODD", "X-Odd", "accept", "X-Latin", "Forwarded",
    ]  # fmt: skip
    assert received[0] == ("Host", "gp.example.nhs.uk")
    assert ("X-Latin", "caf\xe9") in received
    assert received[-1] == ("Forwarded", f'for=127.0.0.1;host="localhost:{ssp.port}";proto=https')


async def test_answer_fields_keep_order_case_and_number_but_for_those_of_the_hop(
    ssp: Running, provider: StubProvider
) -> None:
    provider.answer = (
        b"HTTP/1.1 209 Quite Something\r\nx-b: 1\r\nX-A: 2\r\nX-B: 3\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n"
        b'Connection: X-Hop\r\nX-Hop: mine\r\nKeep-Alive: timeout=3\r\nContent-Length: 2\r\nETag: W/"1"\r\n\r\nok'
    )

    answer = await ssp.ask()

    assert (answer.status, answer.phrase) == (209, "Quite Something")
    assert answer.fields == [
        ("x-b", "1"), ("X-A", "2"), ("X-B", "3"), ("Set-Cookie", "a"), ("Set-Cookie", "b"),
        ("Content-Length", "2"), ("ETag", 'W/"1"'),
        ("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("method", "answer", "status", "body"),
    [
        ("GET", b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone", 404, b"none"),
        ("GET", CHUNKED, 500, b"abcde"),
        ("GET", b"HTTP/1.1 204 No Content\r\nX: y\r\n\r\n", 204, b""),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n", 304, b""),
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n", 200, b""),
        ("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, b""),
        ("DELETE", b"HTTP/1.1 799 Beyond\r\nContent-Length: 0\r\n\r\n", 799, b""),
        ("GET", b"HTTP/1.1 302 Found\r\nLocation: https://elsewhere/\r\nContent-Length: 0\r\n\r\n", 302, b""),
        ("GET", GZIPPED, 200, b"\x1f\x8b\x08"),
    ],
    ids=["404", "chunked", "204", "304", "HEAD", "empty", "unknown status", "redirect", "gzip untouched"],
)  # fmt: skip
async def test_every_kind_of_answer_comes_back_and_the_connections_go_on(
    ssp: Running, provider: StubProvider, method: str, answer: bytes, status: int, body: bytes
) -> None:
    provider.answer = answer
    wire = await ssp.wire()

    first = await wire.ask(ssp.request(method=method))
    provider.answer = OK
    second = await wire.ask(ssp.request())

    assert (first.status, first.body) == (status, body)
    assert (second.status, second.body) == (200, b"ok")
    assert provider.connections == 1
    assert ssp.records()[1]["provider"]["reused"] is True


async def test_an_answer_that_ends_with_the_connection_is_passed_on_whole(ssp: Running, provider: StubProvider) -> None:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nas much as there is")
        await writer.drain()

    provider.play = play

    answer = await ssp.ask()

    assert (answer.status, answer.body) == (200, b"as much as there is")


@pytest.mark.parametrize("chunked", [False, True], ids=["Content-Length", "chunked"])
async def test_a_body_goes_up_unchanged_and_in_its_own_framing(
    ssp: Running, provider: StubProvider, chunked: bool
) -> None:
    body = bytes(range(256)) * 1024
    if chunked:
        fields = (("Transfer-Encoding", "chunked"),)
        sent = b"".join(b"%x\r\n%b\r\n" % (len(body) // 2, body[at:][: len(body) // 2]) for at in (0, len(body) // 2))
        sent += b"0\r\n\r\n"
    else:
        fields, sent = (("Content-Length", str(len(body))),), body

    answer = await ssp.ask(method="POST", fields=fields, body=sent)

    received = provider.received[0]
    assert answer.status == 200
    assert received.body == body
    assert bool(received.all("Transfer-Encoding")) is chunked
    assert bool(received.all("Content-Length")) is not chunked
    assert ssp.record()["bytes"]["from_consumer"] == len(body)


async def test_a_transfer_coding_that_would_be_lost_is_refused(ssp: Running, provider: StubProvider) -> None:
    answer = await ssp.ask(
        method="POST", fields=(("Transfer-Encoding", "gzip, chunked"),), body=b"3\r\nabc\r\n0\r\n\r\n"
    )

    assert answer.status == 400
    assert "Transfer-Encoding should be chunked" in answer.json()["issue"][0]["diagnostics"]
    assert provider.connections == 0


@pytest.mark.parametrize("together", [True, False], ids=["with the body", "after the body"])
async def test_trailers_never_become_header_fields(ssp: Running, provider: StubProvider, together: bool) -> None:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n")
        if not together:
            await writer.drain()
        writer.write(b"0\r\nSet-Cookie: a\r\n\r\n")
        await writer.drain()
        await reader.read()

    provider.play = play

    answer = await ssp.ask()

    assert answer.body == b"ok"
    assert answer.all("Set-Cookie") == []


async def test_interim_answers_are_passed_on(ssp: Running, provider: StubProvider) -> None:
    provider.answer = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + OK

    answer = await ssp.ask()

    assert (answer.interim, answer.status) == ([103], 200)


async def test_the_proxy_follows_no_redirect_and_asks_only_the_provider(ssp: Running, provider: StubProvider) -> None:
    provider.answer = b"HTTP/1.1 307 Go\r\nLocation: https://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"

    answer = await ssp.ask(Host="elsewhere.nhs.uk", fields=(("Forwarded", "host=elsewhere.nhs.uk"),))

    assert answer.status == 307
    assert len(provider.received) == 1
    assert provider.received[0].all("Host") == ["gp.example.nhs.uk"]


@pytest.mark.parametrize(
    "host",
    ["[fe80::1%25eth0]:8443", "[v1.a]", "[::1]", "[::1]:8443", "localhost:", "ssp.example.nhs.uk:443", "127.0.0.1"],
)
async def test_every_form_of_a_host_is_served(ssp: Running, provider: StubProvider, host: str) -> None:
    answer = await ssp.ask(Host=host)

    assert (answer.status, answer.body) == (200, b"ok")
    assert provider.received[0].all("Host") == ["gp.example.nhs.uk"]


async def test_an_http_1_0_consumer_is_told_the_end_by_the_connection(ssp: Running, provider: StubProvider) -> None:
    provider.answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
    wire = await ssp.wire()

    answer = await wire.ask(ssp.request().replace(b" HTTP/1.1\r\n", b" HTTP/1.0\r\n", 1))

    assert (answer.status, answer.body) == (200, b"ok")
    assert answer.all("Transfer-Encoding") == []


async def test_many_at_once_share_few_connections_and_mix_nothing_up(ssp: Running, provider: StubProvider) -> None:
    async def echo_path(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            path = head.split(b" ")[1]
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(path), path))
            await writer.drain()

    provider.play = echo_path

    async def ten(name: int) -> None:
        wire = await ssp.wire()
        for number in range(10):
            answer = await wire.ask(ssp.request(target=f"/{setup.ROOT}/Binary/{name}-{number}"))
            assert answer.body.decode() == f"{BASE}/Binary/{name}-{number}"

    await asyncio.gather(*(ten(name) for name in range(8)))

    assert len(ssp.records()) == 80
    assert [record["sequence"] for record in ssp.records()] == list(range(1, 81))
    assert provider.connections <= 8
