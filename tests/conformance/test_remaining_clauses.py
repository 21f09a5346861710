"""Clauses that have no file of their own: which check answers first, the published interactions, the provider's leg.

Source: Spine Core SSP implementation guide (checks, forwarding); GP Connect 1.6.2, "Interaction IDs" of each
capability, "Cross-organisation audit and provenance" (scopes) and "Error handling"; nhsconnect/gpconnect issue 652;
National Record Locator, "Retrieval: SSP"; RFC 9110, 7.2 (Host), 10.1.1 (Expect) and 15.2 (1xx).
"""

from __future__ import annotations

import asyncio
import ssl
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from cryptography import x509
from support import setup
from support.running import Running, running
from support.stub import OK, StubProvider
from support.tokens import bearer, changed, gp_connect_0, gp_connect_1, spine_core

from ssp_emulator.emulator import Emulator
from ssp_emulator.pki.folder import CertificateFolder
from ssp_emulator.pki.initialising import initialise
from ssp_emulator.pki.names import Names
from ssp_emulator.plan import read_plan

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

UNKNOWN = "999999999999"

# Each check in the order of the table, the status that it refuses with, and one request that fails it.
FAILING: dict[str, tuple[int, dict[str, Any]]] = {
    "tls": (497, {"tls": False}),
    "certificate": (496, {"shown": None}),
    "method": (405, {"method": "BREW"}),
    "headers": (400, {"Ssp_TraceID": None}),
    "target": (400, {"target": "/nowhere"}),
    "sender": (403, {"Ssp_From": UNKNOWN}),
    "receiver": (400, {"Ssp_To": UNKNOWN}),
    "endpoint": (400, {"target": "/https://elsewhere.nhs.uk/"}),
    "agreement": (403, {"Ssp_From": setup.OTHER_CONSUMER}),
    "token": (400, {"Authorization": None}),
    "rate": (429, {}),  # by configuration
    "media": (415, {"fields": (("Content-Type", "text/html"),)}),
}


@pytest.mark.parametrize("check", FAILING)
async def test_the_first_check_that_fails_answers_whatever_else_is_wrong(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider, check: str
) -> None:
    place, media = list(FAILING).index(check), {"allowed": ["application/fhir+json"]}
    later = list(FAILING)[place:]
    spent = {"sender": {"requests": 0}}
    async with AsyncExitStack() as stack:
        free = await stack.enter_async_context(running(tmp_path / "free", certificates, provider.port, media=media))
        held = await stack.enter_async_context(
            running(tmp_path / "held", certificates, provider.port, media=media, limits=spent)
        )
        for wrong in [*([check, other] for other in later), later]:
            ssp = held if "rate" in wrong else free
            changes: dict[str, Any] = {}
            for name in reversed(wrong):  # of two that change the same thing, the earlier check's change stays
                changes |= FAILING[name][1]
            wire = await ssp.wire(tls=changes.pop("tls", True), shown=changes.pop("shown", "consumer"))
            answer = await wire.ask(ssp.request(**changes))

            results = {verdict["check"]: verdict["result"] for verdict in ssp.record()["checks"]}
            assert answer.status == FAILING[check][0], wrong
            assert list(results) == list(FAILING)
            assert [results[name] for name in later] == ["fail"] + ["not reached"] * (len(later) - 1), wrong
            assert {results[name] for name in list(FAILING)[:place]} <= {"pass", "skipped"}
    assert provider.connections == 0


@pytest.mark.parametrize(
    "target",
    [
        "https://GP.example.nhs.uk/A20047/STU3/1/gpconnect/documents/Binary/1",
        "https://gp2.example.nhs.uk/A20047/STU3/1/gpconnect/documents/Binary/1",
        "https://127.0.0.1/A20047/STU3/1/gpconnect/documents/Binary/1",
        "https://gp.example.nhs.uk:443/A20047/STU3/1/gpconnect/documents/Binary/1",
        "https://gp.example.nhs.uk./A20047/STU3/1/gpconnect/documents/Binary/1",
        "https://gp.example.nhs.uk/a20047/STU3/1/gpconnect/documents/Binary/1",
        "https://gp.example.nhs.uk/A20047/STU3/1/gpconnect/Documents/Binary/1",
        "https://gp.example.nhs.uk/A20047/STU3/1/gpconnect/%64ocuments/Binary/1",
        "https://gp.example.nhs.uk//A20047/STU3/1/gpconnect/documents/Binary/1",
        "https://gp.example.nhs.uk/A20047/STU3/1/gpconnect/document",
        "https://gp.example.nhs.uk/A20047/STU3/1/gpconnect/documents-2/Binary/1",
        "https://gp.example.nhs.uk/A20047/STU3/1/gpconnect/documents%2FBinary/1",
        "https://gp.example.nhs.uk/A20047/STU3/1/gpconnect/documents;a/Binary/1",
        "https://gp.example.nhs.uk/",
    ],
)
async def test_a_root_spelt_in_any_other_way_is_another_endpoint(
    ssp: Running, provider: StubProvider, target: str
) -> None:
    answer = await ssp.ask(target=f"/{target}")

    (issue,) = answer.json()["issue"]
    assert (answer.status, issue["code"]) == (400, "invalid")
    assert issue["diagnostics"] == f"ENDPOINT_{setup.ROOT}_CPAID_{setup.CPA_ID}_VARIES_FROM_TARGETURL_{target}"
    assert provider.connections == 0


GP_CONNECT = "urn:nhs:names:services:gpconnect:"
READ, WRITE, ORGANISATION = "patient/*.read", "patient/*.write", "organization/*.read"
INTERACTIONS = {
    "fhir:rest:read:metadata-1": ("GET", ORGANISATION),
    "fhir:rest:read:patient-1": ("GET", READ),
    "fhir:rest:search:patient-1": ("GET", READ),
    "fhir:rest:read:practitioner-1": ("GET", ORGANISATION),
    "fhir:rest:search:practitioner-1": ("GET", ORGANISATION),
    "fhir:rest:read:organization-1": ("GET", ORGANISATION),
    "fhir:rest:search:organization-1": ("GET", ORGANISATION),
    "fhir:rest:read:location-1": ("GET", ORGANISATION),
    "fhir:operation:gpc.registerpatient-1": ("POST", WRITE),
    "fhir:rest:search:slot-1": ("GET", ORGANISATION),
    "fhir:rest:read:appointment-1": ("GET, PUT", READ),
    "fhir:rest:create:appointment-1": ("POST", WRITE),
    "fhir:rest:update:appointment-1": ("GET, PUT", WRITE),
    "fhir:rest:cancel:appointment-1": ("GET, PUT", WRITE),
    "fhir:rest:search:patient_appointments-1": ("GET", READ),
    "fhir:operation:gpc.getstructuredrecord-1": ("POST", READ),
    "fhir:operation:gpc.migratestructuredrecord-1": ("POST", READ),
    "structured:fhir:rest:read:metadata-1": ("GET", ORGANISATION),
    "fhir:operation:gpc.getcarerecord": ("POST", READ),
    "documents:fhir:rest:read:metadata-1": ("GET", ORGANISATION),
    "documents:fhir:rest:search:patient-1": ("GET", READ),
    "documents:fhir:rest:search:documentreference-1": ("GET", READ),
    "documents:fhir:rest:read:binary-1": ("GET", READ),
    "documents:fhir:rest:migrate:binary-1": ("GET", READ),
    setup.NRL_READ: ("GET", READ),
}


@asynccontextmanager
async def registered(
    folder: Path, certificates: CertificateFolder, endpoints: list[dict[str, Any]]
) -> AsyncIterator[Running]:
    """Run an emulator whose provider has these endpoints, and whose consumer may ask for everything."""
    path, registry = setup.write(folder, certificates, 9), setup.registry(9)
    consumer, provider, *_ = registry["systems"]
    everything = [f"{GP_CONNECT}*", setup.NRL_READ]
    consumer["sends"], provider["endpoints"] = everything, endpoints
    registry["agreements"] = [{"from": setup.CONSUMER, "to": setup.PROVIDER, "interactions": everything}]
    (folder / "registry.yaml").write_text(yaml.safe_dump(registry))
    plan = read_plan(path)
    async with Emulator(plan) as emulator:
        made = Running(plan, emulator, certificates)
        try:
            yield made
        finally:
            for wire in made.wires:
                await wire.close()


@pytest.mark.parametrize("name", INTERACTIONS)
async def test_each_published_interaction_passes_with_its_scope_and_tells_its_methods(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider, name: str
) -> None:
    (methods, scope), nrl = INTERACTIONS[name], name == setup.NRL_READ
    interaction = name if nrl else GP_CONNECT + name
    claims = changed(gp_connect_1(), requested_scope=scope)
    if nrl:
        claims = spine_core()
    elif name.endswith("gpc.getcarerecord"):
        claims = gp_connect_0()
    receives = [f"{GP_CONNECT}*", setup.NRL_RECEIVED]
    endpoint = {"root": setup.ROOT, "cpa_id": "A1", "receives": receives, "connect_to": f"127.0.0.1:{provider.port}"}
    async with registered(tmp_path, certificates, [endpoint]) as ssp:
        asked = {"Ssp_InteractionID": interaction, "Authorization": bearer(claims)}
        passed = [await ssp.ask(method=method, **asked) for method in methods.split(", ")]
        listed = await ssp.ask(method="OPTIONS", **asked)
        another = {"scope" if nrl else "requested_scope": "organization/*.write"}
        refused = await ssp.ask(Ssp_InteractionID=interaction, Authorization=bearer(changed(claims, **another)))

    assert [answer.status for answer in passed] == [200] * len(passed)
    assert (listed.status, listed.one("Access-Control-Allow-Methods")) == (200, methods)
    assert refused.status == 400
    assert refused.json()["issue"][0]["diagnostics"].startswith(f"The token's {next(iter(another))} should be ")


async def test_without_connect_to_the_provider_is_where_its_root_says_and_host_has_the_port(
    tmp_path: Path, certificates: CertificateFolder
) -> None:
    async with StubProvider(certificates, shown=certificates.ssp_server) as provider:
        root = f"https://localhost:{provider.port}/documents"
        endpoint = {"root": root, "cpa_id": "A1", "receives": [setup.READ_BINARY]}
        async with registered(tmp_path, certificates, [endpoint]) as ssp:
            answer = await ssp.ask(target=f"/{root}/Binary/1", Authorization=bearer(gp_connect_1(root=root)))

        assert answer.status == 200
        assert provider.received[0].all("Host") == [f"localhost:{provider.port}"]


async def test_the_proxy_shows_the_provider_a_certificate_of_its_own(ssp: Running, provider: StubProvider) -> None:
    await ssp.ask()

    own = x509.load_pem_x509_certificate(ssp.certificates.ssp_client.certificate.read_bytes())
    assert provider.shown == [own.serial_number]


async def test_a_provider_whose_issuer_is_not_trusted_is_502(tmp_path: Path, certificates: CertificateFolder) -> None:
    other = CertificateFolder(tmp_path / "other")
    initialise(other, Names(), now=datetime.now(UTC))  # for the same names, from authorities of its own
    impostor = StubProvider(certificates, shown=other.provider)
    async with impostor, running(tmp_path, certificates, impostor.port) as ssp:
        answer = await ssp.ask()

        said = f"ERROR_COMMUNICATING_TO_ENDPOINT_URL_{setup.ROOT}/Binary/1"
        assert (answer.status, answer.json()["issue"][0]["diagnostics"]) == (502, said)
        assert "is not good" in ssp.record()["provider"]["error"]
        assert impostor.received == []


async def test_a_provider_without_tls_is_502_and_is_sent_nothing_in_the_clear(
    tmp_path: Path, certificates: CertificateFolder
) -> None:
    came = b""

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal came
        came = await reader.read(65_536)
        writer.write(OK)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    async with server, running(tmp_path, certificates, server.sockets[0].getsockname()[1]) as ssp:
        answer = await ssp.ask()

        assert answer.status == 502
        assert "TLS with 127.0.0.1" in ssp.record()["provider"]["error"]
    assert came.startswith(b"\x16\x03")  # a ClientHello, and no request
    assert b"Bearer" not in came


@pytest.mark.parametrize(("newest", "shakes_hands"), [("TLSv1_1", False), ("TLSv1_2", True)])
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated:DeprecationWarning")
async def test_a_provider_has_to_speak_tls_1_2(
    tmp_path: Path, certificates: CertificateFolder, newest: str, shakes_hands: bool
) -> None:
    met: list[str] = []
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificates.provider.certificate, certificates.provider.key)
    tls.set_ciphers("ALL:@SECLEVEL=0")
    tls.maximum_version = ssl.TLSVersion[newest]

    def part(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        met.append(writer.get_extra_info("ssl_object").version())
        writer.close()

    server = await asyncio.start_server(part, "127.0.0.1", 0, ssl=tls)
    async with server, running(tmp_path, certificates, server.sockets[0].getsockname()[1]) as ssp:
        assert (await ssp.ask()).status == 502
    assert met == ["TLSv1.2"] * shakes_hands


async def test_a_consumer_that_waits_for_a_silent_provider_is_told_to_go_on(
    ssp: Running, provider: StubProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ssp_emulator.proxy.forwarding._CONTINUE_PATIENCE_S", 0.05)
    wire = await ssp.wire()
    await wire.send(ssp.request(method="POST", fields=(("Expect", "100-continue"), ("Content-Length", "4"))))

    interim = await wire.head()
    await wire.send(b"body")

    assert (interim.status, interim.phrase) == (100, "Continue")
    assert (await wire.answer()).status == 200
    assert provider.received[0].body == b"body"
    assert ssp.record()["notes"] == ["the provider did not say 100 Continue in time; the proxy did"]


@pytest.mark.parametrize("status", [100, 102, 103, 150, 199])
async def test_every_interim_answer_but_a_switch_of_protocols_is_passed_on(
    ssp: Running, provider: StubProvider, status: int
) -> None:
    provider.answer = b"HTTP/1.1 %d Wait For It\r\nX-Interim: yes\r\nX-Interim: 2\r\n\r\n" % status + OK
    wire = await ssp.wire()
    await wire.send(ssp.request())

    interim = await wire.head()

    assert (interim.status, interim.phrase, interim.all("X-Interim")) == (status, "Wait For It", ["yes", "2"])
    assert (await wire.answer()).status == 200
