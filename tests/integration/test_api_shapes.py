"""What the API's description says of each answer is held against the answers that an emulator gives."""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from support import setup, trails
from support.api import SLOW, write_scenario
from support.caller import Caller
from support.described import Described, within
from support.handshakes import heard, put, raw, said_hello
from support.running import running
from support.waiting import PATIENCE_S
from support.wire import Wire

from ssp_emulator.audit.layout import Layout
from ssp_emulator.faults.header import ASK

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from support.running import Running
    from support.stub import StubProvider

    from ssp_emulator.pki.folder import CertificateFolder

TRACE_ID = trails.trace_id(1000)
OF_THE_TRAIL = (
    "/api/v1/exchanges",
    "/api/v1/traces/{trace_id}",
    "/api/v1/advice",
    "/api/v1/audit/verify",
)
STREAM = "/api/v1/exchanges/stream"
# What is asked of each path that answers, but for the stream, which has no end.
ASKED = {
    "/health/live": ("/health/live",),
    "/health/ready": ("/health/ready",),
    "/metrics": ("/metrics",),
    "/openapi.json": ("/openapi.json",),
    "/api/v1/exchanges": (
        "/api/v1/exchanges",
        "/api/v1/exchanges?limit=2&count=true",
        "/api/v1/exchanges?text=there+is+no+such+thing",
    ),
    "/api/v1/traces/{trace_id}": (f"/api/v1/traces/{TRACE_ID}", f"/api/v1/traces/{trails.trace_id(1)}"),
    "/api/v1/audit/verify": ("/api/v1/audit/verify",),
    "/api/v1/advice": ("/api/v1/advice", f"/api/v1/advice?from={setup.OTHER_CONSUMER}", "/api/v1/advice?from=1"),
    "/api/v1/faults": ("/api/v1/faults",),
    "/api/v1/faults/{name}": ("/api/v1/faults/latency", "/api/v1/faults/unavailable"),
    "/api/v1/scenarios": ("/api/v1/scenarios",),
    "/api/v1/registry": ("/api/v1/registry",),
}


async def description(ssp: Running) -> Described:
    answer = await Caller(ssp.emulator.admin_address, root="").ask("GET", "/openapi.json")
    return Described(answer.json())


@asynccontextmanager
async def busy(folder: Path, certificates: CertificateFolder, provider: StubProvider) -> AsyncIterator[Running]:
    """Run an emulator whose trail has something of everything."""
    layout = Layout(folder / "audit" / "journal.jsonl")
    earlier = {"advisories": [{"advisory": "of-an-older-release", "found": "something"}]}
    gap = {"gap": {"torn_bytes": 7, "unrecorded": 2}}
    trails.write(layout, [trails.facts(1), trails.facts(2, **earlier), trails.facts(3, **gap)], segment=2)
    keeping = {"tokens": True, "bodies_bytes": 8, "keep": {"age_s": None}}
    async with running(folder, certificates, provider.port, audit=keeping) as ssp:
        await ask_this_and_that(ssp, provider)
        yield ssp


async def ask_this_and_that(ssp: Running, provider: StubProvider) -> None:
    """Have requests answered, refused, met by faults, and not understood; two rules stay in force."""
    await ssp.ask(Ssp_TraceID=TRACE_ID)
    provider.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\xff\xfe"
    await ssp.ask(Ssp_TraceID=TRACE_ID)
    await ssp.ask(Ssp_From=setup.OTHER_CONSUMER)
    await ssp.ask(Authorization=None, Ssp_TraceID=None)
    for line, tls in ((b"GET / HTTP/1.1", False), (b"BAD LINE", True)):
        wire = await ssp.wire(tls=tls)
        await wire.send(line + b"\r\n\r\n")
        await wire.is_closed()
    await put(ssp, {"kind": "handshake-cut", "after_bytes": 0})
    await heard(await raw(ssp, said_hello()))
    ssp.emulator.faults.clear()
    await put(ssp, {"kind": "unavailable"}, match={"from": "1"}, when={"ttl_s": 3600})
    await put(ssp, SLOW)
    await ssp.ask(fields=((ASK, "unavailable"),))
    write_scenario(ssp, "good", {"name": "one", "effect": SLOW})
    write_scenario(ssp, "bad", {"name": "one"})


async def test_every_answer_is_as_it_is_described(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    async with busy(tmp_path, certificates, provider) as ssp:
        described = await description(ssp)
        api = Caller(ssp.emulator.admin_address, root="")
        answers = {(path, each): await api.ask("GET", each) for path, every in ASKED.items() for each in every}

    paths = {path for path, item in described.document["paths"].items() if "get" in item}
    assert paths == {*ASKED, STREAM}
    for (path, asked), answer in answers.items():
        assert answer.status == 200, asked
        is_json = answer.one("Content-Type").startswith("application/json")
        value = answer.json() if is_json else answer.body.decode()
        wrong = [(asked, error.json_path, error.message) for error in described.errors(path, value)]
        assert wrong == []
        assert described.get(path) != {}


async def test_the_answers_that_are_held_against_it_have_something_of_everything(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    async with busy(tmp_path, certificates, provider) as ssp:
        api = Caller(ssp.emulator.admin_address)
        page, short, trace, advice, verified, faults, scenarios = [
            (await api.ask("GET", path)).json()
            for path in (
                "/exchanges",
                "/exchanges?limit=2&count=true",
                f"/traces/{TRACE_ID}",
                "/advice",
                "/audit/verify",
                "/faults",
                "/scenarios",
            )
        ]

    records = page["exchanges"]
    assert {record["status"] for record in records} == {200, 400, 403, 497, 503, None}
    assert {check["result"] for record in records for check in record["checks"]} >= {"pass", "fail", "not reached"}
    assert {"text", "base64"} <= {
        name for record in records if record["bodies"] for name in record["bodies"]["to_consumer"]
    }
    for name in ("denial", "faults", "advisories", "provider", "gap", "token", "claims", "trace_id"):
        assert {bool(record[name]) for record in records} == {True, False}, name
    assert {record["explanation"]["page"] is None for record in records} == {True, False}
    assert (short["next"] is None, short["matching"], page["next"]) == (False, len(records), None)
    assert len(trace["exchanges"]) == 2
    found = [each for sender in advice["senders"] for each in sender["advisories"]]
    assert {"source" in each for each in found} == {True, False}
    assert (verified["sound"], verified["chains"][0]["gaps"]["records"]) == (True, 1)
    assert {rule["expires_in_s"] is None for rule in faults["faults"]} == {True, False}
    assert scenarios["scenarios"]
    assert scenarios["problems"]


async def test_a_trail_that_is_not_whole_is_told_of_as_it_is_described(ssp: Running) -> None:
    for _ in range(3):
        await ssp.ask()
    first, *others = ssp.plan.journal.read_bytes().splitlines(keepends=True)
    altered = first.replace(b'"method":"GET"', b'"method":"PUT"')
    ssp.plan.journal.write_bytes(b"".join([altered, *others]) + b'{"sequence":4,')
    Layout(ssp.plan.journal).closed(0, 9).write_bytes(b"no record\n")
    report = (await Caller(ssp.emulator.admin_address).ask("GET", "/audit/verify")).json()
    described = await description(ssp)

    (chain,) = report["chains"]
    assert (altered != first, report["sound"]) == (True, False)
    assert {problem["records"] is None for problem in chain["problems"]} == {True, False}
    assert chain["torn"] is not None
    assert [error.message for error in described.errors("/api/v1/audit/verify", report)] == []


async def test_what_is_followed_is_as_it_is_described(ssp: Running) -> None:
    described = await description(ssp)
    api = Caller(ssp.emulator.admin_address)
    wire = await Wire.open(api.address.port, None)
    ssp.wires.append(wire)
    await wire.send(api.request("GET", "/exchanges/stream"))
    head = await wire.head()
    await ssp.ask(Ssp_To=None)
    async with asyncio.timeout(PATIENCE_S):
        while not (line := await wire.reader.readline()).startswith(b"data: "):
            pass

    (media,) = described.document["paths"][STREAM]["get"]["responses"]["200"]["content"]
    assert head.one("Content-Type") == media == "text/event-stream"
    assert described.get(STREAM)["type"] == "string"
    assert "ExplainedRecord" in described.get(STREAM)["description"]
    assert described.errors_of_part("ExplainedRecord", json.loads(line[6:])) == []


@pytest.mark.parametrize(
    ("path", "spoil", "said"),
    [
        (
            "/api/v1/exchanges",
            lambda page: page["exchanges"][0]["client"].update(port=1),
            "Additional properties are not allowed ('port' was unexpected)",
        ),
        (
            "/api/v1/exchanges",
            lambda page: page["exchanges"][0].pop("explanation"),
            "'explanation' is a required property",
        ),
        ("/api/v1/exchanges", lambda page: page["exchanges"][0].pop("from"), "'from' is a required property"),
        ("/api/v1/exchanges", lambda page: page.update(matching="1"), "'1' is not of type 'integer'"),
        ("/api/v1/exchanges", lambda page: page.update(matching=None), "None is not of type 'integer'"),
        (
            "/api/v1/exchanges",
            lambda page: page["records"].update(kept=-1),
            "-1 is less than the minimum of 0",
        ),
        ("/api/v1/advice", lambda summary: summary.pop("not_covered"), "'not_covered' is a required property"),
        ("/api/v1/audit/verify", lambda report: report.update(sound="yes"), "'yes' is not of type 'boolean'"),
        (
            "/api/v1/audit/verify",
            lambda report: report["records"].update(behind=0),
            "Additional properties are not allowed ('behind' was unexpected)",
        ),
    ],
)
async def test_an_answer_that_is_spoilt_is_not_as_it_is_described(
    ssp: Running, path: str, spoil: Callable[[Any], object], said: str
) -> None:
    await ssp.ask()
    described = await description(ssp)
    answer = (await Caller(ssp.emulator.admin_address, root="").ask("GET", path)).json()
    assert described.errors(path, answer) == []

    spoil(answer)

    assert [error.message for error in described.errors(path, answer)] == [said]


async def test_every_reference_leads_somewhere_and_no_part_is_named_after_a_module(ssp: Running) -> None:
    described = await description(ssp)
    references = {each["$ref"] for each in within(described.document) if isinstance(each.get("$ref"), str)}

    assert references
    for reference in references:
        found: Any = described.document
        for step in reference.removeprefix("#/").split("/"):
            assert step in found, reference
            found = found[step]
    # What is asked and what is answered may have one name, and differ in what is always there.
    form = "[A-Z][A-Za-z]+(-Input|-Output)?"
    assert [name for name in described.schemas if "__" in name or not re.fullmatch(form, name)] == []


async def test_nothing_is_told_of_the_trail_that_is_not_described(ssp: Running) -> None:
    described = await description(ssp)

    for path in OF_THE_TRAIL:
        found = described.parts(path)
        objects = {name: part for name, part in found.items() if part["type"] == "object"}
        assert objects
        assert {name for name, part in objects.items() if part.get("additionalProperties") is not False} == set()
        nested = [each for part in objects.values() for each in within(part["properties"]) if "properties" in each]
        assert nested == []  # an object without a name would be one that this does not look at
    of_exchanges = described.parts("/api/v1/exchanges")
    assert {"ExplainedRecord", "Explanation", "Fault", "Sample"} <= of_exchanges.keys()
