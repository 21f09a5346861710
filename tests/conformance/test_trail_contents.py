"""What is in the trail, the log and the metrics of a request: tokens and bodies where they are asked for, and nowhere
else; NHS numbers as they came, or masked wherever they could be.

The emulator is a process of its own here, so that its whole log can be read.

Source: Spine Core SSP implementation guide, "Auditing" and "Security"; NHS Data Model and Dictionary, "NHS NUMBER".
"""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from support import setup, tokens
from support.caller import Caller
from support.processes import started
from support.running import Running
from support.wire import Wire

from ssp_emulator.address import Address
from ssp_emulator.plan import read_plan

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from support.stub import StubProvider

    from ssp_emulator.emulator import Emulator
    from ssp_emulator.pki.folder import CertificateFolder

NUMBER, SPACED, MASK = "9434765919", "943%20476%205919", "##########"
UP, DOWN = "the body that went up: café", "the body that came down: \x00 café"
BINARY = bytes(range(128, 228))
SIGNATURE = b"a signature that nobody is to see"
TARGET = f"{setup.ROOT}/Patient"


@dataclass
class Left:
    """What an emulator left behind: each file of its trail, its log, and its metrics as they were last."""

    files: dict[str, bytes] = field(default_factory=dict)
    log: str = ""
    metrics: str = ""
    records: list[dict[str, Any]] = field(default_factory=list)

    def places_of(self, *texts: str | bytes) -> set[str]:
        """Return where any of some texts stands."""
        places = {**self.files, "log": self.log.encode(), "metrics": self.metrics.encode()}
        wanted = [text if isinstance(text, bytes) else text.encode() for text in texts]
        return {place for place, data in places.items() if any(text in data for text in wanted)}


@asynccontextmanager
async def serving(
    folder: Path, certificates: CertificateFolder, port: int, left: Left, **audit: Any
) -> AsyncIterator[Running]:
    """Run an emulator as a process; fill in what it left behind once it has ended."""
    log = {"format": "json", "level": "debug"}
    audit = {"journal": "../audit/journal.jsonl", **audit}
    path = setup.write(folder / "config", certificates, port, audit=audit, log=log)
    async with started(folder, "up") as process:
        assert process.process.stdout is not None
        at = (await process.process.stdout.readline()).decode().rpartition("//")[2].strip()
        emulator = SimpleNamespace(address=Address("127.0.0.1", process.port), admin_address=Address.parse(at))
        ssp = Running(read_plan(path), cast("Emulator", emulator), certificates)
        yield ssp
        for wire in ssp.wires:
            await wire.close()
        await indexed(emulator.admin_address)
        wire = await Wire.open(emulator.admin_address.port, None)
        metrics = await wire.ask(f"GET /metrics HTTP/1.1\r\nHost: {at}\r\n\r\n".encode())
        await wire.close()
        ended = await process.end()
    assert (ended.code, metrics.status) == (0, 200)
    left.metrics, left.log = metrics.body.decode(), ended.err
    left.files = {each.name: each.read_bytes() for each in (folder / "audit").iterdir()}
    left.records = ssp.records()
    # Else nothing was looked at.
    assert {"journal.jsonl", "journal.index"} <= left.files.keys()
    assert "ssp_" in left.metrics
    assert sum(json.loads(line)["event"] == "request" for line in left.log.splitlines()) == len(left.records)


async def indexed(address: Address) -> None:
    """Wait until every record is in the index."""
    behind = 1
    while behind:
        answer = await Caller(address).ask("GET", "/exchanges")
        behind = answer.json()["records"]["behind"]


def posting(body: bytes) -> dict[str, Any]:
    return {"method": "POST", "body": body, "fields": (("Content-Length", str(len(body))),)}


def answering(provider: StubProvider, body: bytes) -> None:
    provider.answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


async def ask_in_every_way(ssp: Running, provider: StubProvider) -> list[str]:
    """Have requests answered, refused, malformed and broken, and return the tokens that they bore."""
    signed = tokens.encoded(tokens.gp_connect_1(), signature=SIGNATURE)
    refused = tokens.encoded({**tokens.gp_connect_1(), "reason_for_request": ""})
    good = ssp.token()
    answering(provider, DOWN.encode())
    up = posting(UP.encode())
    statuses = [
        (await ssp.ask(**up, Authorization=f"Bearer {good}")).status,
        (await ssp.ask(Authorization=f"Bearer {refused}")).status,
        (await ssp.ask(Authorization=f"Bearer {signed}")).status,
        (await ssp.ask(**up, Authorization=f"Bearer {good}", Ssp_From="1")).status,
        (await ssp.ask(Authorization=f"Bearer {good}", fields=(("Bad Name", "x"),))).status,
        (await (await ssp.wire(tls=False)).ask(ssp.request(Authorization=f"Bearer {good}"))).status,
    ]
    provider.answer = b"this is no HTTP: " + DOWN.encode() + b"\r\n\r\n"
    statuses.append((await ssp.ask(**up, Authorization=f"Bearer {good}")).status)
    assert [statuses[0], statuses[1], *statuses[3:]] == [200, 400, 403, 400, 497, 502]
    return [good, signed, refused]


def parts_of(shown: list[str]) -> list[str]:
    return [part for token in shown for part in (token, *token.split(".")[1:]) if part]


async def test_neither_token_nor_body_is_anywhere_unless_asked_for(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    left = Left()
    async with serving(tmp_path, certificates, provider.port, left) as ssp:
        shown = await ask_in_every_way(ssp, provider)

    assert len(left.records) == 7
    assert left.places_of(*parts_of(shown), "Bearer", SIGNATURE, "eyJ") == set()
    assert left.places_of(UP, DOWN, UP[:12], DOWN[:12]) == set()
    assert {(record["token"], record["bodies"]) for record in left.records} == {(None, None)}


async def test_tokens_are_in_the_trail_where_they_are_asked_for_and_nowhere_else(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    left = Left()
    async with serving(tmp_path, certificates, provider.port, left, tokens=True) as ssp:
        good, signed, refused = await ask_in_every_way(ssp, provider)

    told = [record["token"] for record in left.records]
    assert told == [f"Bearer {each}" for each in (good, refused, signed, good, good, good, good)]
    assert "journal.jsonl" in left.places_of(good)
    assert left.places_of(*parts_of([good, signed, refused]), "Bearer").isdisjoint({"log", "metrics"})
    assert left.places_of(UP, DOWN) == set()
    assert {record["bodies"] for record in left.records} == {None}


async def test_bodies_are_in_the_trail_where_they_are_asked_for_up_to_so_many_bytes_and_nowhere_else(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    left, limit = Left(), 100
    long = b"0123456789" * 11
    async with serving(tmp_path, certificates, provider.port, left, bodies_bytes=limit) as ssp:
        token = ssp.token()
        answers = []
        for up, down in ((UP.encode(), DOWN.encode()), (BINARY, BINARY[:-1]), (long, BINARY * 2), (b"", long[:limit])):
            answering(provider, down)
            answers.append(await ssp.ask(**posting(up), Authorization=f"Bearer {token}"))
        refused = await ssp.ask(**posting(UP.encode()), Ssp_From="1")
        malformed = await ssp.ask(fields=(("Bad Name", "x"),))

    assert [answer.status for answer in answers] == [200] * 4
    assert (
        [record["bodies"] for record in left.records]
        == [
            {"from_consumer": {"text": UP, "whole": True}, "to_consumer": {"text": DOWN, "whole": True}},
            {
                "from_consumer": {"base64": base64_of(BINARY), "whole": True},
                "to_consumer": {"base64": base64_of(BINARY[:-1]), "whole": True},
            },
            {
                "from_consumer": {"text": long[:limit].decode(), "whole": False},
                "to_consumer": {"base64": base64_of(BINARY[:limit]), "whole": False},
            },
            {
                "from_consumer": {"text": "", "whole": True},
                "to_consumer": {"text": long[:limit].decode(), "whole": True},
            },
            *(
                {
                    "from_consumer": {"text": "", "whole": True},  # which never was read
                    "to_consumer": {"text": answer.body[:limit].decode(), "whole": False},
                }
                for answer in (refused, malformed)
            ),
        ]
    )
    assert left.places_of(UP[:20], DOWN[:20], long[:40]).isdisjoint({"log", "metrics"})
    assert left.places_of(*parts_of([token]), "Bearer") == set()


def base64_of(data: bytes) -> str:
    from base64 import b64encode

    return b64encode(data).decode()


async def ask_with_numbers(ssp: Running, provider: StubProvider) -> None:
    """Have an NHS number be wherever a consumer can put one."""
    provider.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    for written in (NUMBER, SPACED, "943-476-5919"):
        for sign in ("|", "%7C", "%257C", "="):
            assert (await ssp.ask(target=f"/{TARGET}?identifier=x{sign}{written}&_count=1")).status == 200
        assert (await ssp.ask(target=f"/{TARGET}/{written}")).status == 200
    claims = tokens.gp_connect_1()
    device = tokens.within(claims, "requesting_device", model=f"for {NUMBER}")
    reason = {**claims, "reason_for_request": NUMBER}
    html = {**tokens.gp_connect_0(), "requested_record": {"resourceType": "Patient", "identifier": [{"value": NUMBER}]}}
    provider.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    await ssp.ask(Authorization=tokens.bearer(device))
    await ssp.ask(Authorization=tokens.bearer(reason))
    await ssp.ask(Authorization=tokens.bearer({**claims, "requested_scope": f"patient/{NUMBER}"}))
    await (await ssp.wire()).ask(tokens.HTML.request(ssp, tokens.bearer(html)))
    await ssp.ask(Ssp_TraceID=NUMBER)
    await ssp.ask(Ssp_To=NUMBER)
    await ssp.ask(Ssp_InteractionID=f"urn:nhs:{NUMBER}")
    await ssp.ask(target=f"/https://elsewhere.nhs.uk/Patient?identifier=x%7C{NUMBER}")  # repeated in the refusal
    await ssp.ask(target=f"/{TARGET}?identifier=x%7C{NUMBER}", fields=(("Bad Name", "x"),))
    await ssp.ask(target=f"/Patient/{NUMBER}")
    rule = {"name": "gone", "effect": {"kind": "connection-refused"}, "match": {"target": f"*Patient?{NUMBER}*"}}
    assert (await Caller(ssp.emulator.admin_address).ask("PUT", "/faults/gone", rule)).status in (200, 201)
    assert (await ssp.ask(target=f"/{TARGET}?{NUMBER}")).status == 502
    provider.answer = f"no HTTP for {NUMBER}\r\n\r\n".encode()
    assert (await ssp.ask(target=f"/{TARGET}/{NUMBER}")).status == 502


WRITTEN = (NUMBER, SPACED, SPACED.replace("%", "%25"), "943-476-5919", "943 476 5919", "943+476+5919")


async def test_nhs_numbers_are_masked_wherever_they_could_be_where_that_is_asked_for(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    left = Left()
    async with serving(tmp_path, certificates, provider.port, left, nhs_numbers="mask") as ssp:
        await ask_with_numbers(ssp, provider)

    assert left.places_of(*WRITTEN) == set()
    targets = [record["target"] for record in left.records]
    assert targets[:5] == [
        *(f"{TARGET}?identifier=x{sign}{MASK}&_count=1" for sign in ("|", "%7C", "%257C", "=")),
        f"{TARGET}/{MASK}",
    ]
    assert [record["claims"]["device"] for record in left.records if MASK in str(record["claims"])] == [
        f"for {MASK} 1.0",
        "Consumer 1.0",
        "Consumer 1.0",
    ]
    assert [record["trace_id"] for record in left.records].count(MASK) == 1
    assert any(MASK in record["denial"]["text"] for record in left.records if record["denial"] is not None)
    # What is no NHS number stays.
    assert {record["from"]["asid"] for record in left.records} == {setup.CONSUMER}
    assert left.records[0]["client"]["certificate"]["names"] == ["consumer.example.nhs.uk"]


async def test_nhs_numbers_stand_in_the_trail_as_they_came_where_they_are_to_be_kept(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    left = Left()
    async with serving(tmp_path, certificates, provider.port, left, nhs_numbers="keep") as ssp:
        await ask_with_numbers(ssp, provider)

    targets = [record["target"] for record in left.records]
    assert targets[:4] == [f"{TARGET}?identifier=x{sign}{NUMBER}&_count=1" for sign in ("|", "%7C", "%257C", "=")]
    assert MASK not in "".join(targets)
    assert "journal.jsonl" in left.places_of(NUMBER)
    assert left.places_of(*WRITTEN) <= {"journal.jsonl", "journal.index", "log"}
    assert left.places_of(f"x%7C{NUMBER}") <= {"journal.jsonl", "journal.index"}  # no query is in the log


async def test_no_one_can_ask_for_tokens_or_bodies_and_masking_at_once(
    tmp_path: Path, certificates: CertificateFolder
) -> None:
    for asked in ({"tokens": True}, {"bodies_bytes": 1}):
        audit = {"nhs_numbers": "mask", **asked}
        path = setup.write(tmp_path / "config", certificates, 1, audit=audit)
        with pytest.raises(Exception, match="nhs_numbers: mask goes with tokens: false and bodies_bytes: 0"):
            read_plan(path)
