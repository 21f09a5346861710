"""The directory's FHIR face over real sockets: out of the registry in force, in FHIR R4, and written down."""

from __future__ import annotations

import asyncio
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
from support.wire import Wire

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


@pytest.mark.parametrize(
    ("method", "target", "headers", "status", "code", "diagnostics"),
    [
        ("GET", f"{BASE}/device?a=b", {}, 404, "NO_RECORD_FOUND", "HTTP endpoint not found"),
        ("GET", "/", {}, 404, "NO_RECORD_FOUND", "HTTP endpoint not found"),
        ("GET", f"{BASE}/Device/../Device", {}, 404, "NO_RECORD_FOUND", "HTTP endpoint not found"),
        ("OPTIONS", "*", {}, 404, "NO_RECORD_FOUND", "HTTP endpoint not found"),
        ("CONNECT", "gp.example.nhs.uk:443", {}, 404, "NO_RECORD_FOUND", "HTTP endpoint not found"),
        ("POST", f"{BASE}/Device", {}, 405, "NOT_IMPLEMENTED", "The method should be GET; found POST"),
        ("GET", f"{BASE}/Device", {"apikey": None}, 401, "ACCESS_DENIED", "The header apikey is missing or empty"),
        ("GET", f"{BASE}/Device", {"Accept": "text/html"}, 406, "UNSUPPORTED_MEDIA_TYPE", "The header Accept should"),
        ("GET", f"{BASE}/Device", {"X_Correlation_Id": "1"}, 400, "BAD_REQUEST", "The header X-Correlation-Id should"),
        ("GET", f"{BASE}/Device", {}, 400, "BAD_REQUEST", "The parameter organization="),
        ("GET", url("Device", OF_SURGERY), {}, 400, "BAD_REQUEST", "The parameter identifier="),
        ("GET", url("Endpoint", WITH_KEY), {}, 400, "BAD_REQUEST", "Two at least of these parameters"),
        ("GET", url("Endpoint", WITH_KEY, ("a", "b")), {}, 400, "BAD_REQUEST", "The parameter a is not known here"),
        ("GET", url("Device", ("organization", "A20047")), {}, 400, "BAD_REQUEST", "The parameter organization should"),
    ],
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


async def test_calls_on_one_connection_are_counted(ssp: Running) -> None:
    address = ssp.emulator.sds_address
    assert address is not None
    wire = await Wire.open(address.port, None)
    ssp.wires.append(wire)
    for _ in range(2):
        answer = await wire.ask(f"GET {BASE}/Device HTTP/1.1\r\nHost: a\r\napikey: b\r\n\r\n".encode())
        assert answer.status == 400
    assert [record["client"]["request"] for record in ssp.records()] == [1, 2]


async def test_a_host_that_is_none_is_not_said_back(ssp: Running) -> None:
    answer = await look_up(ssp, url("Endpoint", OF_SURGERY, FOR_READING), Host='a"b/c')
    assert answer.json()["link"][0]["url"].startswith(f"http://{ssp.emulator.sds_address}{BASE}/Endpoint?")


async def test_what_is_no_http_is_refused_in_fhir_too(ssp: Running) -> None:
    address = ssp.emulator.sds_address
    assert address is not None
    wire = await Wire.open(address.port, None)
    answer = await wire.ask(b"BAD LINE\r\n\r\n")
    assert (answer.status, answer.json()["issue"][0]["details"]["coding"][0]["code"]) == (400, "BAD_REQUEST")
    assert answer.json()["issue"][0]["diagnostics"].startswith("the request cannot be read as HTTP: ")
    assert await wire.is_closed()
    await wire.close()


async def test_it_tells_what_is_in_force_after_a_reload(asked_only: Running, provider: StubProvider) -> None:
    target = url("Endpoint", OF_SURGERY, FOR_READING)
    assert (await look_up(asked_only, target)).json()["entry"][0]["resource"]["address"] == setup.ROOT
    changed = setup.registry(provider.port)
    changed["systems"][1]["endpoints"][0]["root"] = f"{setup.ROOT}/new"
    path = asked_only.plan.configuration.path(asked_only.plan.configuration.settings.registry)
    await asyncio.to_thread(path.write_text, yaml.safe_dump(changed, sort_keys=False))

    await asked_only.emulator.reload()

    assert (await look_up(asked_only, target)).json()["entry"][0]["resource"]["address"] == f"{setup.ROOT}/new"


async def test_what_cannot_be_written_down_is_not_answered(ssp: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.write", _full)
    answer = await look_up(ssp, url("Endpoint", OF_SURGERY, FOR_READING))
    monkeypatch.undo()
    assert (answer.status, answer.json()["issue"][0]["diagnostics"]) == (
        503,
        "The emulator cannot write its audit trail; its log says why.",
    )


def _full(*_: object) -> int:
    raise OSError(28, "No space left on device")


async def test_where_it_is_switched_off_there_is_none(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    async with running(tmp_path, certificates, provider.port, sds={"listen": None}) as ssp:
        assert ssp.emulator.sds_address is None
        assert (await ssp.ask()).status == 200


async def test_with_workers_it_has_a_chain_of_its_own(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    async with running(tmp_path, certificates, provider.port, workers=2) as ssp:
        answer = await look_up(ssp, url("Endpoint", OF_SURGERY, FOR_READING))
        assert (answer.status, answer.json()["total"]) == (200, 1)
        assert (await ssp.ask()).status == 200
    told = {record["service"]: record["worker"] for record in ssp.records()}
    assert told["directory"] == 2
    assert told["proxy"] in (0, 1)
