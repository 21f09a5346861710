"""Advice on what real requests did, over TLS: on the record, in the report, and at the API."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from support import setup
from support.api import PROBLEM
from support.caller import Caller
from support.clocks import MovableClock
from support.running import running
from support.tokens import bearer, gp_connect_1

from ssp_emulator.cli import cli
from ssp_emulator.faults.rule import Rule

if TYPE_CHECKING:
    from pathlib import Path

    from support.running import Running
    from support.stub import StubProvider

    from ssp_emulator.pki.folder import CertificateFolder

ACCEPT = (("Accept", "application/fhir+json"),)
VERSION_1 = "6fa459ea-ee8a-11e9-81b4-2a2ae2dbcce4"


def names(record: dict[str, Any]) -> list[str]:
    return [each["advisory"] for each in record["advisories"]]


async def test_a_consumer_that_does_as_it_should_gets_none(ssp: Running, provider: StubProvider) -> None:
    wire = await ssp.wire()
    for _ in range(8):
        assert (await wire.ask(ssp.request(fields=ACCEPT))).status == 200

    assert [record["advisories"] for record in ssp.records()] == [[]] * 8


async def test_what_worked_and_is_not_wanted_is_on_the_record(ssp: Running, provider: StubProvider) -> None:
    wire = await ssp.wire()
    token = f"Bearer {ssp.token()}"
    target = f"/{setup.ROOT}/Patient?identifier=x|1".replace("//", "/")
    for _ in range(2):
        sent = ssp.request(
            Ssp_TraceID=VERSION_1, Authorization=token, Host="localhost:443", target=target, method="POST"
        )
        assert (await wire.ask(sent)).status == 200

    first, second = ssp.records()
    every_time = ["method-differs", "host-port", "target-form", "target-escapes", "accept-missing"]
    assert names(first) == ["trace-id-version", *every_time]
    assert names(second) == ["trace-id-repeated", "trace-id-version", *every_time]
    found = {each["advisory"]: each["found"] for each in second["advisories"]}
    assert found["trace-id-repeated"].startswith(f"{VERSION_1}, used 0.")
    assert found["target-escapes"] == "|, not percent-encoded"


async def test_a_connection_for_each_request_is_found(ssp: Running, provider: StubProvider) -> None:
    for _ in range(7):
        wire = await ssp.wire()
        assert (await wire.ask(ssp.request(fields=ACCEPT))).status == 200
        await wire.close()

    assert [names(record) for record in ssp.records()] == [[]] * 5 + [["connection-not-reused"]] * 2


async def test_retries_without_back_off_are_found(ssp: Running, provider: StubProvider) -> None:
    effect = {"kind": "unavailable"}
    ssp.emulator.faults.put([Rule.model_validate({"name": "outage", "effect": effect})])
    wire = await ssp.wire()
    for _ in range(6):
        assert (await wire.ask(ssp.request(fields=ACCEPT))).status == 503

    hasty, many = "no-back-off", "too-many-retries"
    assert [names(record) for record in ssp.records()][:4] == [[], [], [hasty], [hasty]]
    assert set(names(ssp.record())) == {hasty, many}


async def test_no_request_and_no_browsers_question_gets_advice(ssp: Running, provider: StubProvider) -> None:
    assert (await ssp.ask(method="OPTIONS")).status == 200
    wire = await ssp.wire()
    await wire.ask(b"no HTTP\r\n\r\n")
    assert (await ssp.ask(Ssp_From="299999999999")).status == 403

    assert [record["advisories"] for record in ssp.records()] == [[]] * 3


async def test_a_token_that_is_used_again_is_found_and_kept_nowhere(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    clock = MovableClock()
    async with running(tmp_path, certificates, provider.port, clock) as ssp:
        token = ssp.token()
        for _ in range(2):
            assert (await ssp.ask(Authorization=f"Bearer {token}", fields=ACCEPT)).status == 200
            clock.elapse(7)

        (advisory,) = ssp.record()["advisories"]
        files = [each.read_bytes() for each in ssp.plan.journal.parent.iterdir() if each.is_file()]
    assert advisory == {"advisory": "token-repeated", "found": "the same token, first used 7.000 s before"}
    assert files
    assert all(part.encode() not in held for held in files for part in token.split(".") if part)


async def test_in_record_mode_a_scope_that_does_not_fit_is_advised_on(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    claims = gp_connect_1(scope="patient/*.write")
    async with running(tmp_path, certificates, provider.port, token={"mode": "record"}) as ssp:
        assert (await ssp.ask(Authorization=bearer(claims), fields=ACCEPT)).status == 200

        (advisory,) = ssp.record()["advisories"]
    assert advisory == {
        "advisory": "scope-differs",
        "found": f"patient/*.write, where {setup.READ_BINARY} asks for patient/*.read",
    }


@pytest.fixture
async def asked(ssp: Running, provider: StubProvider) -> Running:
    """An emulator that one sender has asked four times, with the same trace ID, of version 1."""
    wire = await ssp.wire()
    for _ in range(4):
        await wire.ask(ssp.request(Ssp_TraceID=VERSION_1, fields=ACCEPT))
    return ssp


def advised(summary: dict[str, Any]) -> dict[str, dict[str, int]]:
    return {
        sender["asid"]: {each["advisory"]: each["count"] for each in sender["advisories"]}
        for sender in summary["senders"]
    }


async def test_the_api_sums_up_what_has_just_ended(asked: Running) -> None:
    api = Caller(asked.emulator.admin_address)
    answer = await api.ask("GET", "/advice")

    assert answer.status == 200
    assert advised(answer.json()) == {setup.CONSUMER: {"trace-id-repeated": 3, "trace-id-version": 4}}
    assert answer.json()["records"] == {"kept": 4, "removed": 0, "behind": 0}
    one = await api.ask("GET", f"/advice?from={setup.CONSUMER}")
    assert one.json() == answer.json()
    other = await api.ask("GET", f"/advice?from={setup.OTHER_CONSUMER}")
    assert (other.status, other.json()["senders"]) == (200, [])


@pytest.mark.parametrize(
    ("query", "named"),
    [("from=", "from"), ("from=x", "from"), ("from=1&from=2", "from"), ("sender=1", "from"), ("from=1%0A", "from")],
)
async def test_a_question_that_cannot_be_asked_is_a_400_that_says_why(ssp: Running, query: str, named: str) -> None:
    answer = await Caller(ssp.emulator.admin_address).ask("GET", f"/advice?{query}")
    assert (answer.status, answer.one("Content-Type")) == (400, PROBLEM)
    assert named in answer.json()["detail"]


async def test_the_command_tells_what_the_api_tells(asked: Running) -> None:
    config = str(asked.plan.configuration.file)
    told = await asyncio.to_thread(CliRunner().invoke, cli, ["audit", "advise", "--json", "--config", config])

    assert told.exit_code == 0
    assert json.loads(told.stdout) == (await Caller(asked.emulator.admin_address).ask("GET", "/advice")).json()
