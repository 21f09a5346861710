"""The Spine Directory Service's FHIR face: what it finds, how it tells it in FHIR R4, and what it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
import yaml
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.operationoutcome import OperationOutcome
from support import setup
from support.enquiries import BASE, CORRELATION_ID, FOR_READING, OF_SURGERY, WITH_KEY, look_up, url
from support.running import Running, running

from ssp_emulator.audit.explaining import explain

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from support.stub import StubProvider

    from ssp_emulator.pki.folder import CertificateFolder

SHIPPED = yaml.safe_load((Path(__file__).parents[2] / "config" / "registry.yaml").read_text(encoding="utf-8"))
ID = "https://fhir.nhs.uk/Id/"


@pytest.fixture
async def shipped(tmp_path: Path, certificates: CertificateFolder, provider: StubProvider) -> AsyncIterator[Running]:
    """An emulator with the registry that is shipped."""
    async with running(tmp_path, certificates, provider.port, registry=SHIPPED) as made:
        yield made


def values(resource: dict[str, Any]) -> dict[str, str]:
    return {each["system"].removeprefix(ID): each["value"] for each in resource["identifier"]}


def pair(name: str, system: str, value: str) -> tuple[str, str]:
    return name, f"{ID}{system}|{value}"


async def test_a_consumer_finds_endpoint_party_key_and_asid(shipped: Running) -> None:
    endpoints = (await look_up(shipped, url("Endpoint", OF_SURGERY, FOR_READING))).json()
    (endpoint,) = (entry["resource"] for entry in endpoints["entry"])
    assert endpoint["address"] == setup.ROOT
    party_key = values(endpoint)["nhsMhsPartyKey"]
    assert party_key == "A20047-810002"

    with_key = pair("identifier", "nhsMhsPartyKey", party_key)
    devices = (await look_up(shipped, url("Device", OF_SURGERY, FOR_READING, with_key))).json()
    (device,) = (entry["resource"] for entry in devices["entry"])
    assert values(device) == {"nhsSpineASID": "200000000116", "nhsMhsPartyKey": party_key}


OF_HOSPITAL = pair("organization", "ods-organization-code", "A1001")
OF_ITS_KEY = pair("identifier", "nhsMhsPartyKey", "A20047-810002")
OF_ANOTHER_KEY = pair("identifier", "nhsMhsPartyKey", "A1001-810001")
OF_A_MAKER = pair("manufacturing-organization", "ods-organization-code", "YEX02")
ASKED: dict[str, tuple[str, list[tuple[str, str]], int]] = {
    "organisation and interaction": ("Endpoint", [OF_SURGERY, FOR_READING], 1),
    "organisation and party key": ("Endpoint", [OF_SURGERY, OF_ITS_KEY], 1),
    "interaction and party key": ("Endpoint", [FOR_READING, OF_ITS_KEY], 1),
    "all three": ("Endpoint", [OF_SURGERY, FOR_READING, OF_ITS_KEY], 1),
    "another's party key": ("Endpoint", [OF_SURGERY, FOR_READING, OF_ANOTHER_KEY], 0),
    "who only sends has no endpoint": ("Endpoint", [OF_HOSPITAL, FOR_READING], 0),
    "a device by its party key": ("Device", [OF_SURGERY, FOR_READING, OF_ITS_KEY], 1),
    "no device has another's party key": ("Device", [OF_SURGERY, FOR_READING, OF_ANOTHER_KEY], 0),
    "a device by its maker": ("Device", [OF_SURGERY, FOR_READING, OF_A_MAKER], 1),
    "no device of another maker": ("Device", [OF_HOSPITAL, FOR_READING, OF_A_MAKER], 0),
    "who sends is a device": ("Device", [OF_HOSPITAL, FOR_READING], 1),
}


@pytest.mark.parametrize(("kind", "pairs", "total"), ASKED.values(), ids=ASKED.keys())
async def test_what_matches_is_found(kind: str, pairs: list[tuple[str, str]], total: int, shipped: Running) -> None:
    found = await look_up(shipped, url(kind, *pairs))

    told = found.json()
    assert (found.status, told["type"], told["total"], len(told["entry"])) == (200, "searchset", total, total)
    assert {(entry["resource"]["resourceType"], entry["search"]["mode"]) for entry in told["entry"]} == (
        {(kind, "match")} if total else set()
    )


@pytest.mark.parametrize("ods", [each["ods"] for each in SHIPPED["organisations"]])
@pytest.mark.parametrize("kind", ["Device", "Endpoint"])
async def test_all_that_is_shipped_is_told_in_fhir_r4(kind: str, ods: str, shipped: Running) -> None:
    answer = await look_up(shipped, url(kind, pair("organization", "ods-organization-code", ods), FOR_READING))

    found = answer.json()
    Bundle.model_validate(found)
    assert (answer.status, answer.one("Content-Type")) == (200, "application/fhir+json")
    assert found["total"] == (0 if (kind, ods) == ("Endpoint", "A1001") else 1)
    for entry in found["entry"]:
        assert UUID(entry["resource"]["id"]) is not None
        assert entry["resource"]["id"].isupper() or entry["resource"]["id"].replace("-", "").isdigit()
        assert entry["fullUrl"] == f"http://{shipped.emulator.sds_address}{BASE}/{kind}/{entry['resource']['id']}"


async def test_the_link_leads_to_the_same_answer(ssp: Running) -> None:
    target = f"{BASE}/Endpoint?{OF_SURGERY[0]}={OF_SURGERY[1]}&{FOR_READING[0]}={FOR_READING[1]}"  # bars as they are
    first = await look_up(ssp, target)
    (link,) = first.json()["link"]
    assert link == {"relation": "self", "url": f"http://{ssp.emulator.sds_address}{target}"}
    again = await look_up(ssp, link["url"].removeprefix(f"http://{ssp.emulator.sds_address}"))
    assert again.body == first.body


REFUSED: dict[str, tuple[str, str, dict[str, str | None], int, str, str]] = {
    "another case": ("GET", f"{BASE}/device?a=b", {}, 404, "NO_RECORD_FOUND", "HTTP endpoint not found"),
    "another path": ("GET", "/", {}, 404, "NO_RECORD_FOUND", "HTTP endpoint not found"),
    "a way round": ("GET", f"{BASE}/Device/../Device", {}, 404, "NO_RECORD_FOUND", "HTTP endpoint not found"),
    "no path": ("OPTIONS", "*", {}, 404, "NO_RECORD_FOUND", "HTTP endpoint not found"),
    "an authority": ("CONNECT", "gp.example.nhs.uk:443", {}, 404, "NO_RECORD_FOUND", "HTTP endpoint not found"),
    "another method": ("POST", f"{BASE}/Device", {}, 405, "NOT_IMPLEMENTED", "The method should be GET; found POST"),
    "no apikey": ("GET", f"{BASE}/Device", {"apikey": None}, 401, "ACCESS_DENIED", "The header apikey is missing or"),
    "an empty apikey": ("GET", f"{BASE}/Device", {"apikey": ""}, 401, "ACCESS_DENIED", "The header apikey is missing"),
    "Accept": ("GET", f"{BASE}/Device", {"Accept": "text/html"}, 406, "UNSUPPORTED_MEDIA_TYPE", "The header Accept"),
    "correlation ID": ("GET", f"{BASE}/Device", {"X_Correlation_Id": "1"}, 400, "BAD_REQUEST", "The header X-Corre"),
    "no organisation": ("GET", f"{BASE}/Device", {}, 400, "BAD_REQUEST", "The parameter organization="),
    "no interaction": ("GET", url("Device", OF_SURGERY), {}, 400, "BAD_REQUEST", "The parameter identifier="),
    "one of three": ("GET", url("Endpoint", WITH_KEY), {}, 400, "BAD_REQUEST", "Two at least of these parameters"),
    "unknown": ("GET", url("Endpoint", WITH_KEY, ("a", "b")), {}, 400, "BAD_REQUEST", "The parameter a is not known"),
    "no system": ("GET", url("Device", ("organization", "A1")), {}, 400, "BAD_REQUEST", "The parameter organization s"),
}


@pytest.mark.parametrize(
    ("method", "target", "headers", "status", "code", "diagnostics"), REFUSED.values(), ids=REFUSED.keys()
)
async def test_what_is_refused(
    method: str, target: str, headers: dict[str, str | None], status: int, code: str, diagnostics: str, ssp: Running
) -> None:
    answer = await look_up(ssp, target, method=method, **headers)

    said = answer.json()
    OperationOutcome.model_validate(said)
    (issue,) = said["issue"]
    (coding,) = issue["details"]["coding"]
    assert (answer.status, issue["severity"], coding["code"]) == (status, "error", code)
    assert issue["diagnostics"].startswith(diagnostics)
    assert answer.one("Content-Type") == "application/fhir+json"
    assert answer.all("Allow") == (["GET"] if status == 405 else [])
    record = ssp.record()
    assert (record["service"], record["status"], record["denial"]["text"]) == (
        "directory",
        status,
        issue["diagnostics"],
    )
    assert record["trace_id"] == answer.one("X-Correlation-Id")
    assert explain(record).remedy


async def test_an_answer_is_found_in_the_trail_by_its_correlation_id(ssp: Running) -> None:
    answer = await look_up(ssp, url("Endpoint", OF_SURGERY, FOR_READING))

    assert answer.one("X-Correlation-Id") == CORRELATION_ID
    record = ssp.record()
    assert {key: record[key] for key in ("service", "trace_id", "to", "interaction", "method", "status", "denial")} == {
        "service": "directory",
        "trace_id": CORRELATION_ID,
        "to": {"asid": None, "ods": "A20047"},
        "interaction": setup.READ_BINARY,
        "method": "GET",
        "status": 200,
        "denial": None,
    }
    assert record["bytes"] == {"from_consumer": 0, "to_consumer": len(answer.body)}
    assert {check["result"] for check in record["checks"]} == {"not reached"}


async def test_who_gives_no_correlation_id_gets_one(ssp: Running) -> None:
    answer = await look_up(ssp, url("Endpoint", OF_SURGERY, FOR_READING), X_Correlation_Id=None)
    assert str(UUID(answer.one("X-Correlation-Id"))) == ssp.record()["trace_id"]


async def test_the_key_is_never_written_down(ssp: Running) -> None:
    await look_up(ssp, url("Endpoint", OF_SURGERY, FOR_READING), apikey="a-secret-of-somebodys")
    assert "a-secret-of-somebodys" not in ssp.plan.journal.read_text(encoding="utf-8")
