"""A consumer's connection: plain HTTP is told so and closed, HSTS is on every answer, and good ones are kept.

Source: Spine Core SSP implementation guide (497, keep-alive, Strict-Transport-Security); GP Connect 1.6.2, "Security
guidance"; RFC 6797, 6.1 and 7.1; RFC 9112, 9.3 and 9.6.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from support import outcomes, setup
from support.processes import run
from support.stub import OK

from ssp_emulator import checks

if TYPE_CHECKING:
    import asyncio
    from pathlib import Path

    from support.running import Running
    from support.stub import StubProvider
    from support.wire import Answer

UNKNOWN = "999999999999"
HSTS = "max-age=31536000; includeSubDomains"
PLAIN = outcomes.proxy_error("security", 497, "HTTP_REQUEST_SENT_TO_HTTPS_PORT")


def assert_497(ssp: Running, provider: StubProvider, answer: Answer) -> None:
    body = answer.json()
    UUID(body.pop("id"))
    assert (answer.status, answer.phrase) == (497, "HTTP Request Sent to HTTPS Port")
    assert body == PLAIN
    assert answer.one("Connection") == "close"
    # Nothing that would lead a client to send its token again, in the clear or not.
    assert not any(answer.all(name) for name in ("Location", "Refresh", "Upgrade", "Content-Location"))
    assert all(link.endswith('; rel="describedby"') for link in answer.all("Link"))
    (record,) = ssp.records()
    assert record["status"] == 497
    assert record["denial"] == {"reason": "plain-http", "text": "HTTP_REQUEST_SENT_TO_HTTPS_PORT"}
    assert record["checks"][0] == {"check": "tls", "result": "fail", "expected": "TLS", "found": "plain HTTP"}
    assert {check["result"] for check in record["checks"][1:]} == {"not reached"}
    assert provider.connections == 0


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"Authorization": None},
        {"method": "POST", "body": b"{}", "fields": (("Content-Length", "2"),)},
        {"method": "BREW"},
        {"target": "/"},
        {"Ssp_From": UNKNOWN, "Ssp_TraceID": None},
    ],
    ids=["good but for that", "no token", "POST", "method", "target", "headers"],
)
async def test_plain_http_gets_497_in_plain_http_and_no_second_answer(
    ssp: Running, provider: StubProvider, changes: dict[str, str]
) -> None:
    wire = await ssp.wire(tls=False)

    answer = await wire.ask(ssp.request(**changes) + ssp.request(**changes))

    assert await wire.is_closed()
    assert_497(ssp, provider, answer)


async def test_the_token_in_a_plain_request_is_neither_answered_nor_written_down(
    ssp: Running, provider: StubProvider
) -> None:
    token = ssp.token()
    wire = await ssp.wire(tls=False)

    answer = await wire.ask(ssp.request(Authorization=f"Bearer {token}"))

    assert_497(ssp, provider, answer)
    for part in token.rstrip(".").split("."):
        assert part not in f"{answer.fields}{answer.body!r}"
        assert part not in ssp.plan.journal.read_text()
    assert ssp.record()["claims"]["organisation"] == "A1001"  # but who it was that sent it in the clear


async def test_a_head_over_plain_http_gets_497_without_a_body(ssp: Running) -> None:
    wire = await ssp.wire(tls=False)

    answer = await wire.ask(ssp.request(method="HEAD"))

    assert (answer.status, int(answer.one("Content-Length")) > 0) == (497, True)
    assert await wire.is_closed()


@pytest.mark.parametrize("data", [b"nonsense\r\n\r\n", b"\x00\x01\x02\r\n\r\n", b"GET / HTTP/9\r\n\r\n"])
async def test_what_is_not_even_http_gets_497_too(ssp: Running, provider: StubProvider, data: bytes) -> None:
    wire = await ssp.wire(tls=False)

    answer = await wire.ask(data)

    assert await wire.is_closed()
    assert_497(ssp, provider, answer)


async def test_curl_follows_plain_http_nowhere(ssp: Running, provider: StubProvider, tmp_path: Path) -> None:
    """Told to follow redirects and to send its token to wherever they lead, it still makes one request."""
    follow = ["--silent", "--location-trusted", "--header", f"Authorization: Bearer {ssp.token()}"]

    seen = await run(
        tmp_path, "curl", *follow, "--write-out", "%{http_code} %{num_redirects}", "--output", "/dev/null",
        f"http://localhost:{ssp.port}/{setup.ROOT}/Binary/1",
    )  # fmt: skip

    assert seen.out == "497 0"
    assert [record["status"] for record in ssp.records()] == [497]
    assert provider.connections == 0


@pytest.mark.parametrize(
    ("status", "changes"),
    [
        (200, {}),
        (200, {"method": "HEAD"}),
        (405, {"method": "BREW"}),
        (400, {"Ssp_TraceID": None}),
        (400, {"target": "/"}),
        (403, {"Ssp_From": UNKNOWN}),
        (495, {"Ssp_From": setup.PROVIDER}),
        (400, {"Ssp_To": UNKNOWN}),
        (400, {"target": "/https://elsewhere.nhs.uk/"}),
        (403, {"Ssp_From": setup.OTHER_CONSUMER}),
        (400, {"Authorization": None}),
        (400, {"fields": (("Bad Name", "x"),)}),
        (400, {"target": "/a b"}),
    ],
)
async def test_hsts_is_on_answers_of_every_check(ssp: Running, status: int, changes: dict[str, str]) -> None:
    answer = await ssp.ask(**changes)

    assert answer.status == status
    assert answer.one("Strict-Transport-Security") == HSTS


async def test_hsts_is_on_answers_to_whoever_is_not_let_in(ssp: Running) -> None:
    plain = await (await ssp.wire(tls=False)).ask(ssp.request())
    nobody = await (await ssp.wire(shown=None)).ask(ssp.request())
    expired = await (await ssp.wire(shown=ssp.certificates.invalid("expired"))).ask(ssp.request())

    assert [answer.status for answer in (plain, nobody, expired)] == [497, 496, 495]
    assert [answer.one("Strict-Transport-Security") for answer in (plain, nobody, expired)] == [HSTS] * 3


@pytest.mark.parametrize("status", [200, 204, 304, 404, 500])
async def test_hsts_is_added_to_every_answer_of_a_provider_that_has_none(
    ssp: Running, provider: StubProvider, status: int
) -> None:
    body = b"" if status in (204, 304) else b"Content-Length: 0\r\n"
    provider.answer = b"HTTP/1.1 %d X\r\n%b\r\n" % (status, body)

    answer = await ssp.ask()

    assert (answer.status, answer.one("Strict-Transport-Security")) == (status, HSTS)


async def test_hsts_of_the_providers_own_is_left_as_it_is(ssp: Running, provider: StubProvider) -> None:
    provider.answer = OK.replace(b"\r\n", b"\r\nstrict-transport-security: max-age=1\r\n", 1)

    assert (await ssp.ask()).one("Strict-Transport-Security") == "max-age=1"


async def test_hsts_is_on_a_502(ssp: Running, provider: StubProvider) -> None:
    provider.answer = b"this is no HTTP\r\n\r\n"

    answer = await ssp.ask()

    assert (answer.status, answer.one("Strict-Transport-Security")) == (502, HSTS)


async def test_both_legs_are_kept_from_request_to_request(ssp: Running, provider: StubProvider) -> None:
    wire = await ssp.wire()

    answers = [await wire.ask(ssp.request()) for _ in range(5)]
    from_another = await ssp.ask()

    assert [answer.status for answer in (*answers, from_another)] == [200] * 6
    assert [answer.all("Connection") for answer in answers] == [[]] * 5
    assert len({record["client"]["address"] for record in ssp.records()}) == 2
    assert [record["provider"]["reused"] for record in ssp.records()] == [False] + [True] * 5
    assert provider.connections == 1


async def test_curl_asks_twice_on_one_connection(ssp: Running, provider: StubProvider, tmp_path: Path) -> None:
    lines = ssp.request().decode("latin-1").split("\r\n")[2:-2]
    headers = [part for line in lines for part in ("--header", line)]
    shown = ssp.certificates.consumer
    identity = ["--cert", str(shown.certificate), "--key", str(shown.key), "--cacert", str(ssp.certificates.chain)]
    url = f"https://localhost:{ssp.port}/{setup.ROOT}/Binary/1"

    seen = await run(
        tmp_path, "curl", "--silent", "--write-out", " %{http_code} %{num_connects}\n", *identity, *headers, url, url
    )

    assert seen.out == "ok 200 1\nok 200 0\n"
    assert provider.connections == 1


@pytest.mark.parametrize(
    ("status", "check", "changes"),
    [
        (405, "method", {"method": "TRACE"}),
        (400, "headers", {"Ssp_TraceID": None}),
        (400, "target", {"target": "/"}),
        (403, "sender", {"Ssp_From": UNKNOWN}),
        (400, "receiver", {"Ssp_To": UNKNOWN}),
        (400, "endpoint", {"target": "/https://elsewhere.nhs.uk/"}),
        (403, "agreement", {"Ssp_From": setup.OTHER_CONSUMER}),
        (400, "token", {"Authorization": None}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_refusal_of_a_request_leaves_the_connection_open(
    ssp: Running, status: int, check: str, changes: dict[str, str]
) -> None:
    wire = await ssp.wire()

    refused = await wire.ask(ssp.request(**changes))
    passed = await wire.ask(ssp.request())

    assert (refused.status, passed.status) == (status, 200)
    assert ssp.records()[0]["checks"][checks.NAMES.index(check)]["result"] == "fail"


@pytest.mark.parametrize(
    ("version", "asked", "told"),
    [("1.1", "close", ["close"]), ("1.0", None, ["close"]), ("1.0", "keep-alive", ["keep-alive"])],
)
async def test_the_consumer_may_ask_otherwise(
    ssp: Running, provider: StubProvider, version: str, asked: str | None, told: list[str]
) -> None:
    wire = await ssp.wire()
    request = ssp.request(Connection=asked).replace(b" HTTP/1.1\r\n", f" HTTP/{version}\r\n".encode(), 1)

    answer = await wire.ask(request)

    assert (answer.status, answer.all("Connection")) == (200, told)
    assert provider.received[0].all("Connection") == []
    if told == ["close"]:
        assert await wire.is_closed()
    else:
        assert (await wire.ask(ssp.request())).status == 200
    assert (await ssp.ask()).status == 200
    assert provider.connections == 1  # that the one leg closes is nothing to the other


async def test_nothing_is_read_behind_the_last_request(ssp: Running, provider: StubProvider) -> None:
    """RFC 9112, 9.6: a request that says that it is the last is answered, and what follows is none."""
    wire = await ssp.wire()

    answer = await wire.ask(ssp.request(Connection="close") + ssp.request())

    assert (answer.status, answer.all("Connection")) == (200, ["close"])
    assert await wire.is_closed()
    assert len(provider.received) == len(ssp.records()) == 1


async def test_a_provider_that_closes_does_not_close_the_consumers_connection(
    ssp: Running, provider: StubProvider
) -> None:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
        await writer.drain()

    provider.play = play
    wire = await ssp.wire()

    answers = [await wire.ask(ssp.request()) for _ in range(3)]

    assert [(answer.status, answer.all("Connection")) for answer in answers] == [(200, [])] * 3
    assert provider.connections == 3
