"""Reading the metadata: what this server can do, as a CapabilityStatement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssp_emulator import __version__
from ssp_emulator.demo.provider.resources import NHS_NUMBER_SYSTEM, ODS_SYSTEM
from ssp_emulator.demo.provider.respond import answer
from ssp_emulator.demo.provider.search import INCLUDES, REVINCLUDE

if TYPE_CHECKING:
    from aiohttp import web

    from ssp_emulator.fhir import Resource

_PROFILES = (
    "CareConnect-GPC-Patient-1",
    "CareConnect-GPC-Organization-1",
    "CareConnect-GPC-Practitioner-1",
    "CareConnect-GPC-PractitionerRole-1",
    "CareConnect-GPC-DocumentReference-1",
    "GPConnect-OperationOutcome-1",
    "GPConnect-Searchset-Bundle-1",
)


async def metadata(request: web.Request) -> web.StreamResponse:
    """Answer `GET /metadata`.

    Source: GP Connect Access Document 1.6.2, "Get the FHIR capability statement".
    """
    return answer(request, capability_statement())


def capability_statement() -> Resource:
    """Return the CapabilityStatement of an Access Document 1.6.2 server."""
    return {
        "resourceType": "CapabilityStatement",
        "version": "1.6.2",
        "name": "GP Connect Access Document, demo provider of ssp-emulator",
        "status": "active",
        "experimental": True,
        "date": "2025-01-01",
        "publisher": "ssp-emulator",
        "description": "A made-up practice that answers GP Connect Access Document 1.6.2 requests.",
        "kind": "capability",
        "software": {"name": "ssp-emulator", "version": __version__},
        "fhirVersion": "3.0.1",
        "acceptUnknown": "both",
        "format": ["application/fhir+json", "application/fhir+xml"],
        "profile": [{"reference": f"https://fhir.nhs.uk/STU3/StructureDefinition/{name}"} for name in _PROFILES],
        "rest": [
            {
                "mode": "server",
                "security": {
                    "cors": False,
                    "description": "Mutual TLS with the Spine Secure Proxy, and a bearer token for the audit.",
                },
                "resource": [_PATIENT, _DOCUMENT_REFERENCE, _BINARY],
            }
        ],
    }


_PATIENT: Resource = {
    "type": "Patient",
    "interaction": [{"code": "search-type"}],
    "searchParam": [
        {"name": "identifier", "type": "token", "documentation": f"{NHS_NUMBER_SYSTEM}|[NHS number]"},
    ],
}
_DOCUMENT_REFERENCE: Resource = {
    "type": "DocumentReference",
    "documentation": "Searched for in a patient's compartment: /Patient/[id]/DocumentReference",
    "interaction": [{"code": "search-type"}],
    "searchInclude": list(INCLUDES),
    "searchRevInclude": [REVINCLUDE],
    "searchParam": [
        {"name": "created", "type": "date", "documentation": "With the prefix ge, le, or once with each"},
        {"name": "author", "type": "token", "documentation": f"{ODS_SYSTEM}|[ODS code]"},
        {"name": "description", "type": "string", "documentation": "Part of the description or the type"},
    ],
}
_BINARY: Resource = {"type": "Binary", "interaction": [{"code": "read"}]}
