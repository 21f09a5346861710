"""What is published and registered counts to the letter: service root URLs, interactions, their methods and scopes.

Source: GP Connect 1.6.2, "Interaction IDs" of each capability and "Cross-organisation audit and provenance" (scopes);
GP Connect 1.6.2 on the Spine Directory Service; nhsconnect/gpconnect issue 652; National Record Locator, "Retrieval:
SSP".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support import setup
from support.running import running
from support.tokens import bearer, changed, gp_connect_0, gp_connect_1, spine_core

if TYPE_CHECKING:
    from pathlib import Path

    from support.running import Running
    from support.stub import StubProvider

    from ssp_emulator.pki.folder import CertificateFolder


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


def of_everything(port: int) -> dict[str, Any]:
    """Return a registry whose provider has one endpoint for everything, and whose consumer may ask for it."""
    registry = setup.registry(port)
    consumer, provider, *_ = registry["systems"]
    everything, receives = [f"{GP_CONNECT}*", setup.NRL_READ], [f"{GP_CONNECT}*", setup.NRL_RECEIVED]
    consumer["sends"] = everything
    provider["endpoints"] = [
        {"root": setup.ROOT, "cpa_id": "A1", "receives": receives, "connect_to": f"127.0.0.1:{port}"}
    ]
    registry["agreements"] = [{"from": setup.CONSUMER, "to": setup.PROVIDER, "interactions": everything}]
    return registry


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
    async with running(tmp_path, certificates, provider.port, registry=of_everything(provider.port)) as ssp:
        asked = {"Ssp_InteractionID": interaction, "Authorization": bearer(claims)}
        passed = [await ssp.ask(method=method, **asked) for method in methods.split(", ")]
        listed = await ssp.ask(method="OPTIONS", **asked)
        another = {"scope" if nrl else "requested_scope": "organization/*.write"}
        refused = await ssp.ask(Ssp_InteractionID=interaction, Authorization=bearer(changed(claims, **another)))

    assert [answer.status for answer in passed] == [200] * len(passed)
    assert (listed.status, listed.one("Access-Control-Allow-Methods")) == (200, methods)
    assert refused.status == 400
    assert refused.json()["issue"][0]["diagnostics"].startswith(f"The token's {next(iter(another))} should be ")
