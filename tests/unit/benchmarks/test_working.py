"""The load generator at work, against a provider that answers what the test says, over real TLS."""

from __future__ import annotations

import asyncio
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from load.crew import LoadError
from load.job import Door, Job, Sheet
from load.working import Work

if TYPE_CHECKING:
    from load.tally import Tally
    from support.stub import StubProvider

    from ssp_emulator.pki.folder import CertificateFolder

CLAIMS: dict[str, Any] = {"iss": "https://consumer.example.nhs.uk", "requesting_practitioner": {"id": "1"}}
SHEET = Sheet("/Binary/1", {"Host": "gp.example.nhs.uk"}, CLAIMS, length=2, crc32=zlib.crc32(b"ok"))


@pytest.fixture
def door(certificates: CertificateFolder, provider: StubProvider) -> Door:
    ours = certificates.consumer
    return Door(
        "127.0.0.1",
        provider.port,
        "gp.example.nhs.uk",
        str(ours.certificate),
        str(ours.key),
        str(certificates.chain),
    )


async def done(job: Job) -> list[Tally]:
    work = Work(Job.from_json(job.to_json()), asyncio.get_running_loop())
    try:
        await work.prepare()
        return await work.do()
    finally:
        await work.close()


async def test_each_request_has_a_trace_id_and_a_token_of_its_own(door: Door, provider: StubProvider) -> None:
    (tally,) = await done(Job((door,), SHEET, connections=3, requests=20, warm_up=5))
    assert (tally.right, tally.trouble, len(provider.received), provider.connections) == (20, "", 25, 3)
    tokens = [each.all("Authorization")[0].removeprefix("Bearer ") for each in provider.received]
    assert len(set(tokens)) == len({each.all("Ssp-TraceID")[0] for each in provider.received}) == 25
    claims = jwt.decode(tokens[-1], options={"verify_signature": False})
    assert claims["sub"] == claims["requesting_practitioner"]["id"]
    assert claims["exp"] - claims["iat"] == 300


@pytest.mark.parametrize(("resume", "resumed"), [(False, 0), (True, 12)])
async def test_a_new_connection_for_each_takes_up_a_session_only_where_that_is_asked_for(
    door: Door, provider: StubProvider, resume: bool, resumed: int
) -> None:
    door = replace(door, fresh=True, resume=resume)
    (tally,) = await done(Job((door,), SHEET, connections=2, requests=12, warm_up=2))
    assert (tally.right, tally.trouble, tally.resumed) == (12, "", resumed)
    assert provider.connections >= 14


async def test_requests_at_a_rate_are_all_sent_and_their_wait_in_line_is_counted(
    door: Door, provider: StubProvider
) -> None:
    job = Job((door,), SHEET, manner="paced", connections=1, requests=30, rate=10_000.0, warm_up=1)
    (tally,) = await done(job)
    assert (tally.right, tally.trouble, len(tally.served)) == (30, "", 30)
    # One connection has to serve them one after the other, and they are due long before their turn.
    waits = [whole - served for whole, served in zip(tally.latencies, tally.served, strict=True)]
    assert min(waits) >= 0
    assert sum(waits) > sum(tally.served)


async def test_several_doors_are_asked_in_turn(door: Door, provider: StubProvider) -> None:
    tallies = await done(Job((door, door), SHEET, manner="alternating", requests=10, warm_up=1))
    assert [tally.right for tally in tallies] == [5, 5]
    assert [each.connection for each in provider.received[2:]] == [1, 2] * 5


async def test_idle_connections_were_used_once_and_stay_open(door: Door, provider: StubProvider) -> None:
    (tally,) = await done(Job((door,), SHEET, connections=1, requests=4, warm_up=1, idle=3))
    assert (tally.right, provider.connections) == (4, 4)
    assert sorted({each.connection for each in provider.received}) == [1, 2, 3, 4]


async def test_a_refusal_while_it_warms_up_stops_it_with_the_servers_words(door: Door, provider: StubProvider) -> None:
    provider.answer = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 12\r\n\r\nnot for you!"
    with pytest.raises(LoadError, match="5 x 403 not for you!"):
        await done(Job((door,), SHEET, requests=5, warm_up=5))


async def test_refusals_are_counted_where_they_may_be(door: Door, provider: StubProvider) -> None:
    provider.answer = b"HTTP/1.1 503 Wait\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"
    (tally,) = await done(Job((door,), SHEET, requests=5, warm_up=2, lenient=True))
    assert (tally.right, dict(tally.statuses), tally.retry_after) == (0, {503: 5}, 5)


@pytest.mark.parametrize(
    "sheet", [replace(SHEET, length=3), replace(SHEET, crc32=1)], ids=["its length", "its content"]
)
async def test_an_answer_is_wrong_by_its_length_or_its_content(
    door: Door, provider: StubProvider, sheet: Sheet
) -> None:
    with pytest.raises(LoadError, match="wrong content"):
        await done(Job((door,), sheet, requests=1, warm_up=1))


async def test_a_server_that_is_not_who_it_should_be_gets_no_request(door: Door, provider: StubProvider) -> None:
    with pytest.raises(LoadError, match="handshake: CERTIFICATE_VERIFY_FAILED"):
        await done(Job((replace(door, server_name="other.example.nhs.uk"),), SHEET, requests=1))
    assert provider.received == []


async def test_connections_that_break_are_counted_and_made_anew(door: Door, provider: StubProvider) -> None:
    async def answer_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await writer.drain()
        await reader.readuntil(b"\r\n\r\n")

    provider.play = answer_once
    (tally,) = await done(Job((door,), SHEET, requests=6, warm_up=1))
    assert tally.right == 3
    assert tally.errors.total() == 3
    assert set(tally.statuses) == {200}
