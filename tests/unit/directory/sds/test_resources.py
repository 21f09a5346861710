"""Records as resources, whole: every system that the directory names, and only what is known."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ssp_emulator.directory.model import Reliability
from ssp_emulator.directory.sds.records import MhsRecord
from ssp_emulator.directory.sds.resources import device, endpoint

if TYPE_CHECKING:
    from ssp_emulator.directory.model import System
    from ssp_emulator.spine import Spine

ID = "https://fhir.nhs.uk/Id/"
EXTENSION = "https://fhir.nhs.uk/StructureDefinition/Extension-SDS-"
READ = "urn:nhs:names:services:gpconnect:documents:fhir:rest:read:binary-1"
NRL = "urn:nhs:names:services:nrl:DocumentReference.content"


@pytest.fixture
def provider(spine: Spine) -> System:
    _, provider = spine.directory.systems
    return provider


def interaction(value: str) -> dict[str, object]:
    identifier = {"system": f"{ID}nhsServiceInteractionId", "value": value}
    return {"url": f"{EXTENSION}NhsServiceInteractionId", "valueReference": {"identifier": identifier}}


def test_a_device(provider: System) -> None:
    made_by = {"system": f"{ID}ods-organization-code", "value": "YEX02"}
    assert device(replace(provider, manufacturer="YEX02")) == {
        "resourceType": "Device",
        "id": device(provider)["id"],
        "extension": [
            {"url": f"{EXTENSION}ManufacturingOrganisation", "valueReference": {"identifier": made_by}},
            interaction(READ),
            interaction(NRL),
        ],
        "identifier": [
            {"system": f"{ID}nhsSpineASID", "value": "200000000116"},
            {"system": f"{ID}nhsMhsPartyKey", "value": "A20047-810002"},
        ],
        "owner": {"identifier": {"system": f"{ID}ods-organization-code", "value": "A20047"}},
    }


def test_a_manufacturer_that_is_not_known_is_not_named(provider: System) -> None:
    assert device(provider)["extension"] == [interaction(READ), interaction(NRL)]


def test_an_endpoint(provider: System) -> None:
    reliability = Reliability(
        "None", "PT1M", 2, "PT5M", "always", "never", "urn:oasis:names:tc:ebxml-msg:actor:toPartyMSH"
    )
    registered = replace(provider.endpoints[0], mhs_id="f1c55263f1ee924f460f", reliability=reliability)
    made = endpoint(MhsRecord(provider, registered))
    assert made == {
        "resourceType": "Endpoint",
        "id": made["id"],
        "extension": [
            {
                "extension": [
                    {"url": "nhsMHSSyncReplyMode", "valueString": "None"},
                    {"url": "nhsMHSRetryInterval", "valueString": "PT1M"},
                    {"url": "nhsMHSRetries", "valueInteger": 2},
                    {"url": "nhsMHSPersistDuration", "valueString": "PT5M"},
                    {"url": "nhsMHSDuplicateElimination", "valueString": "always"},
                    {"url": "nhsMHSAckRequested", "valueString": "never"},
                    {"url": "nhsMHSActor", "valueString": "urn:oasis:names:tc:ebxml-msg:actor:toPartyMSH"},
                ],
                "url": f"{EXTENSION}ReliabilityConfiguration",
            },
            interaction(READ),
            interaction(NRL),
        ],
        "identifier": [
            {"system": f"{ID}nhsMhsFQDN", "value": "gp.example.nhs.uk"},
            {"system": f"{ID}nhsMhsPartyKey", "value": "A20047-810002"},
            {"system": f"{ID}nhsMhsCPAId", "value": "S20001A000116"},
            {"system": f"{ID}nhsMHSId", "value": "f1c55263f1ee924f460f"},
        ],
        "status": "active",
        "connectionType": {
            "system": "http://terminology.hl7.org/CodeSystem/endpoint-connection-type",
            "code": "hl7-fhir-msg",
            "display": "HL7 FHIR Messaging",
        },
        "managingOrganization": {"identifier": {"system": f"{ID}ods-organization-code", "value": "A20047"}},
        "payloadType": [
            {
                "coding": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/endpoint-payload-type",
                        "code": "any",
                        "display": "Any",
                    }
                ]
            }
        ],
        "address": "https://gp.example.nhs.uk/A20047/STU3/1/gpconnect/documents",
    }


@pytest.mark.parametrize(
    ("reliability", "told"),
    [(None, []), (Reliability(), []), (Reliability(retries=0), [{"url": "nhsMHSRetries", "valueInteger": 0}])],
)
def test_only_what_is_known_of_reliability_is_told(
    reliability: Reliability | None, told: list[dict[str, object]], provider: System
) -> None:
    made = endpoint(MhsRecord(provider, replace(provider.endpoints[0], reliability=reliability)))
    found = [each["extension"] for each in made["extension"] if each["url"] == f"{EXTENSION}ReliabilityConfiguration"]
    assert found == ([told] if told else [])
