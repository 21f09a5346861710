"""The shipped scenarios: what a consumer sees of each, over real TLS."""

from __future__ import annotations

import asyncio
import gzip
import random
import re
import ssl
import zlib
from base64 import b64encode
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support import setup
from support.running import running
from support.waiting import until

from ssp_emulator.faults.chance import happens
from ssp_emulator.faults.effects.effect import Context
from ssp_emulator.faults.scenario import Scenario, read_all

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from support.running import Running
    from support.stub import StubProvider
    from support.wire import Answer

    from ssp_emulator.pki.folder import CertificateFolder

SCENARIOS = Path(__file__).parents[3] / "config" / "scenarios"
DOCUMENT = b'{"resourceType":"Binary","contentType":"application/msword","content":"' + b"QUJD" * 1000 + b'"}'
# Another one, of which much is left when it is compressed.
LETTER = b'{"resourceType":"Binary","content":"' + b64encode(random.Random(1).randbytes(6000)) + b'"}'
PACKED = gzip.compress(LETTER, mtime=0)
SEARCH = f"{setup.DOCUMENTS}fhir:rest:search:patient-1"


@pytest.fixture
async def scene(tmp_path: Path, certificates: CertificateFolder, provider: StubProvider) -> AsyncIterator[Running]:
    """An emulator with the shipped scenarios at hand, and a practice that answers with a document."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\nContent-Length: %d\r\n\r\n" % len(DOCUMENT)
    provider.answer = head + DOCUMENT
    async with running(tmp_path, certificates, provider.port, faults={"folder": str(SCENARIOS)}) as made:
        yield made


async def statuses(scene: Running, number: int) -> list[int]:
    """Ask so many times, one after the other, and return the statuses."""
    return [(await scene.ask()).status for _ in range(number)]


def text_of(answer: Answer) -> Any:
    return answer.json()["issue"][0]["diagnostics"]


async def ended(scene: Running, request: bytes | None = None) -> BaseException | bytes:
    """Ask, and return what came until the connection ended: the bytes, or the error that it ended in."""
    wire = await scene.wire()
    await wire.send(request or scene.request())
    try:
        async with asyncio.timeout(10):
            return await wire.reader.read()
    except OSError as error:
        return error


def answer_in_chunks(provider: StubProvider) -> None:
    """Have the practice answer as the demo's does where the consumer takes gzip: compressed, and in chunks."""
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
    pieces = (PACKED[:700], PACKED[700:3000], PACKED[3000:])
    provider.answer = head + b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (*pieces, b""))


def different(came: bytes, sent: bytes) -> int:
    """Return in how many places two bodies of one length are different."""
    return sum(one != other for one, other in zip(came, sent, strict=True))


async def test_practice_offline(scene: Running, provider: StubProvider) -> None:
    await scene.emulator.control.apply("practice-offline")

    answers = [await scene.ask() for _ in range(3)]

    assert {answer.status for answer in answers} == {502}
    assert text_of(answers[0]) == f"ERROR_COMMUNICATING_TO_ENDPOINT_URL_{setup.ROOT}/Binary/1"
    assert scene.record()["provider"]["error"].endswith("the connection is refused")
    assert provider.connections == 0


async def test_flapping_practice(scene: Running) -> None:
    await scene.emulator.control.apply("flapping-practice")

    assert await statuses(scene, 8) == [502, 502, 200, 200, 502, 502, 200, 200]


async def test_slow_documents(scene: Running) -> None:
    await scene.emulator.control.apply("slow-documents")
    loop = asyncio.get_running_loop()
    begun = loop.time()
    document = await scene.ask()
    took = loop.time() - begun

    other = await scene.ask(target=f"/{setup.ROOT}/Patient", Ssp_InteractionID=SEARCH, Authorization=bearer(scene))

    waited, paced = scene.records()[0]["faults"]
    assert document.body == DOCUMENT
    assert took >= float(waited["did"].split(" ")[1]) / 1000
    assert (waited["kind"], paced["kind"]) == ("latency", "bandwidth")
    assert other.status == 200
    assert scene.record()["faults"] == []


def bearer(scene: Running) -> str:
    return f"Bearer {scene.token(SEARCH)}"


async def test_one_retry_then_success(scene: Running) -> None:
    await scene.emulator.control.apply("one-retry-then-success")

    assert await statuses(scene, 3) == [502, 200, 200]


async def test_three_retries_then_success(scene: Running) -> None:
    await scene.emulator.control.apply("three-retries-then-success")

    assert await statuses(scene, 5) == [502, 504, 503, 200, 200]


async def test_asid_being_deregistered(scene: Running) -> None:
    await scene.emulator.control.apply("asid-being-deregistered")

    assert await statuses(scene, 7) == [200, 403, 200, 403, 403, 403, 403]
    assert text_of(await scene.ask()) == f"ASID_CHECK_FAILED_MESSAGESENDER_{setup.CONSUMER}"


async def test_certificate_expired_at_midnight(scene: Running) -> None:
    await scene.emulator.control.apply("certificate-expired-at-midnight")

    with pytest.raises(ssl.SSLCertVerificationError, match="certificate has expired"):
        await scene.wire()
    await until(scene.records)  # the consumer's alert is on its way

    assert "00:00:00" in scene.record()["faults"][0]["did"]


async def test_throttled_consumer(scene: Running) -> None:
    await scene.emulator.control.apply("throttled-consumer")

    answers = [await scene.ask() for _ in range(6)]

    assert [answer.status for answer in answers] == [200, 200, 200, 429, 429, 200]
    assert [answer.all("Retry-After") for answer in answers] == [[], [], [], ["2"], ["2"], []]
    assert text_of(answers[3]) == f"RATE_LIMIT_EXCEEDED_MESSAGESENDER_{setup.CONSUMER}"


async def test_truncated_document(scene: Running) -> None:
    await scene.emulator.control.apply("truncated-document")

    came = await ended(scene)

    assert isinstance(came, bytes)
    head, _, body = came.partition(b"\r\n\r\n")
    assert f"Content-Length: {len(DOCUMENT)}".encode() in head.split(b"\r\n")
    assert body == DOCUMENT[:1000]


async def test_truncated_document_that_is_compressed_and_in_chunks(scene: Running, provider: StubProvider) -> None:
    answer_in_chunks(provider)
    await scene.emulator.control.apply("truncated-document")

    came = await ended(scene)

    assert isinstance(came, bytes)
    head, _, body = came.partition(b"\r\n\r\n")
    chunks = []
    while body:
        size, _, rest = body.partition(b"\r\n")
        length = int(size, 16)
        chunks.append(rest[:length])
        assert length  # none of them is the last
        assert rest[length : length + 2] == b"\r\n"
        body = rest[length + 2 :]
    assert {b"Content-Encoding: gzip", b"Transfer-Encoding: chunked"} <= set(head.split(b"\r\n"))
    assert b"".join(chunks) == PACKED[:1000]
    with pytest.raises(EOFError, match="before the end-of-stream marker"):
        gzip.decompress(b"".join(chunks))


async def test_malformed_operationoutcome(scene: Running) -> None:
    await scene.emulator.control.apply("malformed-operationoutcome")

    answer = await scene.ask()

    assert answer.status == 404
    assert b"NO_RECORD_FOUND" in answer.body
    with pytest.raises(ValueError, match=r"Expecting|delimiter"):
        answer.json()


async def test_capability_disabled(scene: Running, provider: StubProvider) -> None:
    await scene.emulator.control.apply("capability-disabled")

    document = await scene.ask()
    search = await scene.ask(target=f"/{setup.ROOT}/Patient", Ssp_InteractionID=SEARCH, Authorization=bearer(scene))
    metadata = await scene.ask(
        target=f"/{setup.ROOT}/metadata",
        Ssp_InteractionID=setup.READ_METADATA,
        Authorization=f"Bearer {scene.token(setup.READ_METADATA)}",
    )

    assert (document.status, search.status, metadata.status) == (403, 403, 200)
    assert document.json()["issue"][0]["details"]["coding"][0]["code"] == "ACCESS DENIED"
    assert text_of(search) == "The Access Document capability is disabled at this practice."
    assert len(provider.received) == 1


async def test_spine_outage(scene: Running) -> None:
    await scene.emulator.control.apply("spine-outage")

    with pytest.raises(ConnectionResetError):
        await scene.wire()


async def test_spine_brownout(scene: Running) -> None:
    await scene.emulator.control.apply("spine-brownout")
    counts = range(1, 41)

    seen = await asyncio.gather(*(ended(scene, scene.request(Connection="close")) for _ in counts))

    reset = {count for count in counts if happens(0.1, 0, "spine-brownout-reset", count)}
    timed_out = {count for count in counts if happens(0.333, 0, "spine-brownout-timeout", count)} - reset
    expected = {"RST": len(reset), "599": len(timed_out), "200": len(counts) - len(reset) - len(timed_out)}
    kinds = ("RST" if isinstance(came, OSError) else came.split(b" ")[1].decode() for came in seen)
    assert min(expected.values()) > 0
    assert Counter(kinds) == expected
    records = scene.records()
    waits = [record["faults"][0]["did"] for record in records]
    assert all(re.fullmatch(r"waited [0-9.]+ ms before the request", did) for did in waits)
    assert len(set(waits)) > 1
    assert all(  # to the millisecond, as the loop's clock has it
        record["timings_ms"]["faults"] >= float(did.split(" ")[1]) - 1
        for record, did in zip(records, waits, strict=True)
    )


async def test_spine_latency(scene: Running) -> None:
    await scene.emulator.control.apply("spine-latency")

    answer = await scene.ask()

    assert answer.body == DOCUMENT
    assert scene.record()["timings_ms"]["faults"] >= 15
    assert scene.record()["faults"][0]["did"] == "waited 15 ms before the request"


async def test_patient_without_consent(scene: Running) -> None:
    await scene.emulator.control.apply("patient-without-consent")

    answer = await scene.ask()

    assert answer.status == 403
    assert answer.json()["issue"][0]["details"]["coding"][0]["code"] == "NO_PATIENT_CONSENT"


async def test_answer_lost(scene: Running, provider: StubProvider) -> None:
    await scene.emulator.control.apply("answer-lost")

    first, second = await ended(scene), await scene.ask()

    assert isinstance(first, ConnectionResetError)
    assert second.body == DOCUMENT
    assert len(provider.received) == 2  # the practice did it twice


async def test_stale_keep_alive(scene: Running, provider: StubProvider) -> None:
    await scene.emulator.control.apply("stale-keep-alive")
    wire = await scene.wire()
    first = await wire.ask(scene.request())

    await wire.send(scene.request())

    assert await wire.is_closed()
    assert first.status == (await scene.ask()).status == 200
    assert len(provider.received) == 2


async def test_practice_certificate_expired(scene: Running) -> None:
    await scene.emulator.control.apply("practice-certificate-expired")

    answer = await scene.ask()

    assert answer.status == 502
    assert scene.record()["provider"]["error"].endswith("certificate has expired")


async def test_damaged_document(scene: Running) -> None:
    await scene.emulator.control.apply("damaged-document")

    answer = await scene.ask()

    assert answer.one("Content-Length") == str(len(DOCUMENT))
    assert different(answer.body, DOCUMENT) == 3


async def test_damaged_document_that_is_compressed_and_in_chunks(scene: Running, provider: StubProvider) -> None:
    answer_in_chunks(provider)
    unharmed = await scene.ask()
    await scene.emulator.control.apply("damaged-document")

    answer = await scene.ask()

    assert (answer.status, answer.one("Transfer-Encoding"), answer.one("Content-Encoding")) == (200, "chunked", "gzip")
    assert gzip.decompress(unharmed.body) == LETTER
    assert different(answer.body, PACKED) == 3
    with pytest.raises((zlib.error, gzip.BadGzipFile)):
        gzip.decompress(answer.body)


def test_every_shipped_scenario_is_valid_shown_here_and_shares_no_rule_with_another() -> None:
    scenarios = read_all(Context(SCENARIOS))
    assert all(isinstance(scenario, Scenario) for scenario in scenarios)
    names = [scenario.name for scenario in scenarios if isinstance(scenario, Scenario)]
    rules = [rule.name for scenario in scenarios if isinstance(scenario, Scenario) for rule in scenario.rules]

    assert len(names) >= 12
    assert {f"test_{name.replace('-', '_')}" for name in names} <= globals().keys()
    assert len(set(rules)) == len(rules)
