"""Changed content over real TLS: what a consumer gets byte for byte, and what the trail says was done to it."""

from __future__ import annotations

import asyncio
import gzip
import json
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest
from support import setup

from ssp_emulator.faults.effects.effect import Context
from ssp_emulator.faults.rule import Rule

if TYPE_CHECKING:
    from pathlib import Path

    from support.running import Running
    from support.stub import StubProvider
    from support.wire import Answer, Wire

MIB = 1024 * 1024
PATIENT = b'{"resourceType": "Patient", "multipleBirthInteger": 2, "height": 1.10}'
TYPE = b"Content-Type: application/fhir+json\r\n"
HSTS = ("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
NO_BODY = "nothing: the answer has no body"
BODIES: list[dict[str, Any]] = [
    {"kind": "body", "text": "other"},
    {"kind": "json-patch", "patch": [{"op": "add", "path": "/a", "value": 1}]},
    {"kind": "flip-bytes", "count": 1},
    {"kind": "invalid-json"},
    {"kind": "empty-body"},
    {"kind": "sized-body", "bytes": 10},
]
ALL_EFFECTS = [
    *BODIES,
    {"kind": "status", "status": 500},
    {"kind": "headers", "set": {"X-A": "1"}},
    {"kind": "content-type", "value": "text/html"},
]


def of_kind(effect: dict[str, Any]) -> str:
    return str(effect["kind"])


def put(ssp: Running, *effects: dict[str, Any], context: Context | None = None) -> None:
    """Put rules in force, in this order."""
    rules = [{"name": f"rule-{place}", "effect": effect} for place, effect in enumerate(effects)]
    ssp.emulator.faults.put([Rule.model_validate(rule, context=context) for rule in rules])


def says(provider: StubProvider, body: bytes = PATIENT, *, chunked: bool = False, more: bytes = b"") -> None:
    """Have the provider answer with a body."""
    framing, sent = b"Content-Length: %d\r\n" % len(body), body
    if chunked:
        framing, sent = b"Transfer-Encoding: chunked\r\n", b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    provider.answer = b"HTTP/1.1 200 OK\r\n" + TYPE + more + framing + b"\r\n" + sent


def did(ssp: Running) -> list[str | None]:
    """What each rule did to the last request."""
    return [fault["did"] for fault in ssp.record()["faults"]]


async def is_kept(ssp: Running, wire: Wire) -> bool:
    """Tell whether a connection takes another request, and that one passes unchanged."""
    ssp.emulator.faults.clear()
    return (await wire.ask(ssp.request())).body == PATIENT


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(
    ("effect", "status", "media_type", "body", "told"),
    [
        (
            {"kind": "status", "status": 503},
            503, "application/fhir+json", PATIENT, "made the status 503, which was 200",
        ),
        ({"kind": "content-type", "value": "text/html"}, 200, "text/html", PATIENT, "made the Content-Type text/html"),
        (
            {"kind": "body", "text": "<p>\xe9", "content_type": "text/html"},
            200, "text/html", "<p>\xe9".encode(), "replaced the body by one of 5 bytes",
        ),
        (
            {"kind": "json-patch", "patch": [{"op": "replace", "path": "/multipleBirthInteger", "value": 3}]},
            200, "application/fhir+json", b'{"resourceType":"Patient","multipleBirthInteger":3,"height":1.10}',
            "changed the body by 1 operation",
        ),
        (
            {"kind": "invalid-json"},
            200, "application/fhir+json", PATIENT[:-1], "left out the last closing bracket of the body",
        ),
        ({"kind": "empty-body"}, 200, "application/fhir+json", b"", "replaced the body by one of 0 bytes"),
        (
            {"kind": "sized-body", "bytes": 100_000},
            200, "application/fhir+json", b"x" * 100_000, "replaced the body by one of 100000 bytes",
        ),
    ],
    ids=["status", "content-type", "body", "json-patch", "invalid-json", "empty-body", "sized-body"],
)  # fmt: skip
async def test_the_consumer_gets_the_changed_answer_and_keeps_its_connection(
    ssp: Running, provider: StubProvider, effect: dict[str, Any], status: int, media_type: str, body: bytes, told: str,
    *, chunked: bool,
) -> None:  # fmt: skip
    says(provider, chunked=chunked)
    put(ssp, effect)
    wire = await ssp.wire()

    answer = await wire.ask(ssp.request())

    assert (answer.status, answer.one("Content-Type"), answer.body) == (status, media_type, body)
    record = ssp.record()
    assert did(ssp) == [told]
    assert (record["status"], record["provider"]["status"]) == (status, 200)
    assert record["bytes"]["to_consumer"] == len(body)
    assert record["denial"] is None
    assert await is_kept(ssp, wire)
    assert len(provider.received) == 2


@pytest.mark.parametrize("effect", ALL_EFFECTS, ids=of_kind)
async def test_the_proxys_own_refusal_is_changed_like_any_answer(ssp: Running, effect: dict[str, Any]) -> None:
    usual = await ssp.ask(Ssp_From="999999999999")
    put(ssp, effect)

    answer = await ssp.ask(Ssp_From="999999999999")

    assert usual.status == 403
    assert (answer.status, answer.body, answer.all("X-A"), answer.one("Content-Type")) != (
        usual.status,
        usual.body,
        [],
        usual.one("Content-Type"),
    )
    record = ssp.record()
    assert record["denial"]["reason"] == "asid-check-failed"
    assert record["faults"][0]["did"]
    assert not record["faults"][0]["did"].startswith("nothing")


@pytest.mark.parametrize("effect", BODIES, ids=of_kind)
@pytest.mark.parametrize(
    ("method", "head"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 70\r\n\r\n"),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 70\r\n\r\n"),
    ],
    ids=["HEAD", "204", "304"],
)
async def test_an_answer_without_a_body_gets_none(
    ssp: Running, provider: StubProvider, effect: dict[str, Any], method: str, head: bytes
) -> None:
    provider.answer = head
    wire = await ssp.wire()
    usual = await wire.ask(ssp.request(method=method))
    put(ssp, effect)

    answer = await wire.ask(ssp.request(method=method))

    assert (answer.status, answer.fields) == (usual.status, usual.fields)
    assert did(ssp) == [NO_BODY]
    says(provider)
    assert await is_kept(ssp, wire), "no byte came behind the head"


async def test_a_head_is_changed_where_there_is_no_body(ssp: Running, provider: StubProvider) -> None:
    provider.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 70\r\n\r\n"
    put(
        ssp,
        {"kind": "status", "status": 500},
        {"kind": "headers", "set": {"X-A": "1"}},
        {"kind": "content-type", "value": "a/b"},
    )
    wire = await ssp.wire()

    answer = await wire.ask(ssp.request(method="HEAD"))

    assert (answer.status, answer.one("X-A"), answer.one("Content-Type")) == (500, "1", "a/b")
    assert answer.one("Content-Length") == "70"
    says(provider)
    assert await is_kept(ssp, wire)


@pytest.mark.parametrize("status", [204, 304])
async def test_a_status_without_a_body_ends_with_its_head(ssp: Running, provider: StubProvider, status: int) -> None:
    says(provider)
    put(ssp, {"kind": "status", "status": status})
    wire = await ssp.wire()

    answer = await wire.ask(ssp.request())

    assert (answer.status, answer.all("Content-Length"), answer.all("Transfer-Encoding")) == (status, [], [])
    assert await is_kept(ssp, wire)


async def test_a_204_that_becomes_another_has_a_body_of_no_bytes(ssp: Running, provider: StubProvider) -> None:
    provider.answer = b"HTTP/1.1 204 No Content\r\n\r\n"
    put(ssp, {"kind": "status", "status": 200, "phrase": "Fine"})
    wire = await ssp.wire()

    answer = await wire.ask(ssp.request())

    assert (answer.status, answer.phrase, answer.one("Content-Length"), answer.body) == (200, "Fine", "0", b"")
    says(provider)
    assert await is_kept(ssp, wire)


async def test_fields_are_set_added_and_removed_those_of_the_proxy_too(ssp: Running, provider: StubProvider) -> None:
    says(provider, more=b"ETag: W/1\r\nX-Many: 1\r\nx-many: 2\r\n")
    effect = {
        "kind": "headers",
        "set": {"content-type": "text/html; charset=\xe9"},
        "add": {"X-Many": "3"},
        "remove": ["etag", "strict-transport-security"],
    }
    put(ssp, effect)
    wire = await ssp.wire()

    answer = await wire.ask(ssp.request())

    assert answer.fields == [
        ("content-type", "text/html; charset=\xe9"),
        ("X-Many", "1"),
        ("x-many", "2"),
        ("Content-Length", str(len(PATIENT))),
        ("X-Many", "3"),
    ]
    assert did(ssp) == ["removed etag, strict-transport-security, set content-type, added X-Many"]
    ssp.emulator.faults.clear()
    assert HSTS in (await wire.ask(ssp.request())).fields


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(
    ("effect", "lengths"),
    [
        ({"set": {"Content-Length": "10"}}, ["10"]),
        ({"set": {"Content-Length": "1000"}}, ["1000"]),
        ({"set": {"Content-Length": "none"}}, ["none"]),
        ({"remove": ["Content-Length"]}, []),
    ],
    ids=["too small", "too large", "no number", "none"],
)
async def test_a_length_of_ones_own_stands_and_the_connection_closes(
    ssp: Running, provider: StubProvider, effect: dict[str, Any], lengths: list[str], *, chunked: bool
) -> None:
    says(provider, chunked=chunked)
    put(ssp, {"kind": "headers", **effect})
    wire = await ssp.wire()
    await wire.send(ssp.request())

    head = await wire.head()
    body = await wire.reader.read()

    assert (head.all("Content-Length"), head.all("Transfer-Encoding"), head.one("Connection")) == (lengths, [], "close")
    assert body == PATIENT


@pytest.mark.parametrize("name", ["a.pdf", "deep/a.pdf"])
async def test_a_body_comes_from_a_file(ssp: Running, provider: StubProvider, tmp_path: Path, name: str) -> None:
    path = tmp_path / "bodies" / name
    path.parent.mkdir(parents=True)
    path.write_bytes(b"%PDF" + bytes(range(256)) * 1000)
    put(
        ssp,
        {"kind": "body", "file": name, "content_type": "application/pdf"},
        context=Context(tmp_path / "bodies"),
    )
    path.unlink()

    answer = await ssp.ask()

    assert answer.body == b"%PDF" + bytes(range(256)) * 1000
    assert answer.one("Content-Type") == "application/pdf"


async def test_a_body_in_gzip_is_patched_within(ssp: Running, provider: StubProvider) -> None:
    says(provider, gzip.compress(PATIENT), more=b"Content-Encoding: gzip\r\n")
    put(ssp, {"kind": "json-patch", "patch": [{"op": "remove", "path": "/resourceType"}]})

    answer = await ssp.ask()

    assert gzip.decompress(answer.body) == b'{"multipleBirthInteger":2,"height":1.10}'
    assert answer.one("Content-Encoding") == "gzip"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"%PDF-1.7", "nothing: the body is not JSON in UTF-8"),
        (b'{"secret": "9999999999"}', "nothing: operation 1 (replace /a) does not fit the body"),
    ],
)
async def test_a_patch_that_does_not_fit_leaves_the_answer_alone_and_the_body_out_of_the_trail(
    ssp: Running, provider: StubProvider, body: bytes, told: str
) -> None:
    says(provider, body)
    usual = await ssp.ask()
    put(ssp, {"kind": "json-patch", "patch": [{"op": "replace", "path": "/a", "value": 1}]})

    answer = await ssp.ask()

    assert (answer.fields, answer.body) == (usual.fields, body)
    assert did(ssp) == [told]
    assert "9999999999" not in ssp.plan.journal.read_text()


async def test_bits_are_flipped_the_same_for_the_same_count(ssp: Running, provider: StubProvider) -> None:
    body = bytes(5000)
    says(provider, body)

    async def flipped() -> list[Answer]:
        put(ssp, {"kind": "flip-bytes", "count": 20, "within": 4000})
        return [await ssp.ask() for _ in range(2)]

    first, second = [await flipped() for _ in range(2)]

    assert [answer.body for answer in first] == [answer.body for answer in second]
    assert first[0].body != first[1].body
    for answer in first:
        assert len(answer.body) == 5000
        assert sum(byte.bit_count() for byte in answer.body) == sum(map(bool, answer.body)) == 20
        assert not any(answer.body[4000:])
    assert did(ssp) == ["flipped a bit in 20 of the first 4000 bytes of the body"]


async def test_flipping_holds_no_more_than_the_beginning(ssp: Running, provider: StubProvider) -> None:
    """The provider does not send the rest before the consumer has seen the beginning."""
    seen = asyncio.Event()

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + bytes(2000))
        await seen.wait()
        writer.write(bytes(3000))
        await reader.read()

    provider.play = play
    put(ssp, {"kind": "flip-bytes", "count": 1, "within": 2000})
    wire = await ssp.wire()
    await wire.send(ssp.request())

    async with asyncio.timeout(10):
        await wire.head()
        beginning = await wire.reader.readexactly(2000)
        seen.set()
        rest = await wire.reader.readexactly(3000)

    assert sum(byte.bit_count() for byte in beginning) == 1
    assert not any(rest)


async def test_a_body_of_any_size_takes_no_memory_to_speak_of(ssp: Running, provider: StubProvider) -> None:
    size = 64 * MIB
    put(ssp, {"kind": "sized-body", "bytes": size, "content_type": "application/pdf"})
    wire = await ssp.wire()
    tracemalloc.start()
    await wire.send(ssp.request())
    try:
        head = await wire.head()
        left = size
        while left:
            piece = await wire.reader.read(MIB)
            assert piece.strip(b"x") == b""
            left -= len(piece)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert head.one("Content-Length") == str(size)
    assert peak < 16 * MIB
    assert ssp.record()["bytes"]["to_consumer"] == size


async def test_a_consumer_that_does_not_read_is_waited_for(ssp: Running, provider: StubProvider) -> None:
    put(ssp, {"kind": "sized-body", "bytes": 1024 * MIB})
    slow, quick = await ssp.wire(), await ssp.wire()
    await slow.send(ssp.request())
    await slow.head()
    ssp.emulator.faults.clear()

    answer = await quick.ask(ssp.request())

    assert answer.status == 200
    assert [record["bytes"]["to_consumer"] for record in ssp.records()] == [2], "the other is under way"


async def test_changes_come_one_upon_the_other_in_the_order_of_the_rules(ssp: Running, provider: StubProvider) -> None:
    says(provider)
    put(
        ssp,
        {"kind": "body", "text": '{"a": 1}'},
        {"kind": "json-patch", "patch": [{"op": "add", "path": "/b", "value": 2}]},
        {"kind": "invalid-json"},
        {"kind": "headers", "set": {"Content-Length": "3"}},
        {"kind": "status", "status": 418},
    )
    wire = await ssp.wire()

    await wire.send(ssp.request())
    head = await wire.head()
    body = await wire.reader.read()

    assert (head.status, head.one("Content-Length"), body) == (418, "3", b'{"a":1,"b":2')
    assert did(ssp) == [
        "replaced the body by one of 8 bytes",
        "changed the body by 1 operation",
        "left out the last closing bracket of the body",
        "set Content-Length",
        "made the status 418, which was 200",
    ]


async def test_a_later_change_of_the_body_sets_its_length_right(ssp: Running, provider: StubProvider) -> None:
    says(provider)
    put(ssp, {"kind": "headers", "set": {"Content-Length": "3"}}, {"kind": "body", "text": "other"})

    answer = await ssp.ask()

    assert (answer.one("Content-Length"), answer.body, answer.one("Connection")) == ("5", b"other", "close")


async def test_content_is_changed_before_it_is_cut(ssp: Running, provider: StubProvider) -> None:
    says(provider)
    put(ssp, {"kind": "truncate", "after_bytes": 3}, {"kind": "body", "text": "other"})
    wire = await ssp.wire()
    await wire.send(ssp.request())

    head = await wire.head()

    assert (head.one("Content-Length"), await wire.reader.read()) == ("5", b"oth")


@pytest.mark.parametrize("effect", BODIES, ids=of_kind)
async def test_a_provider_that_breaks_off_while_its_answer_is_held_is_a_502(
    ssp: Running, provider: StubProvider, effect: dict[str, Any]
) -> None:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        await writer.drain()

    provider.play = play
    put(ssp, effect, {"kind": "headers", "set": {"X-A": "1"}})

    answer = await ssp.ask()

    assert (answer.status, answer.one("X-A")) == (502, "1")
    assert answer.one("Content-Length") == str(len(answer.body))
    record = ssp.record()
    assert (record["status"], record["denial"]["reason"], record["broken_off"]) == (502, "bad-gateway", False)
    if effect["kind"] == "json-patch":
        assert json.loads(answer.body)["a"] == 1


@pytest.mark.parametrize("effect", ALL_EFFECTS, ids=of_kind)
async def test_an_older_consumer_gets_it_too(ssp: Running, provider: StubProvider, effect: dict[str, Any]) -> None:
    """HTTP/1.0 knows no chunks, and its connection closes unless it asks for more."""
    says(provider, chunked=True)
    put(ssp, effect)
    wire = await ssp.wire()

    answer = await wire.ask(ssp.request().replace(b" HTTP/1.1\r\n", b" HTTP/1.0\r\n"))

    assert answer.all("Transfer-Encoding") == []
    assert len(answer.body) == ssp.record()["bytes"]["to_consumer"]
    assert await wire.is_closed()


async def test_only_what_matches_is_changed(ssp: Running, provider: StubProvider) -> None:
    says(provider)
    rule = {"name": "a", "match": {"header": {"X-Test": "1"}}, "effect": {"kind": "empty-body"}}
    ssp.emulator.faults.put([Rule.model_validate(rule)])

    answers = [await ssp.ask(fields=(("X-Test", value),)) for value in ("1", "2")]

    assert [answer.body for answer in answers] == [b"", PATIENT]
    assert {record["interaction"] for record in ssp.records()} == {setup.READ_BINARY}
