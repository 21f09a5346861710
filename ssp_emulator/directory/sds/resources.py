"""Resources: an AS record as a Device, an MHS record as an Endpoint, in FHIR R4.

Source: Spine Directory Service FHIR API (Device, Endpoint and their extensions); FHIR R4 (4.0.1), "Device", "Endpoint".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ssp_emulator.directory.sds.identities import device_id, endpoint_id, mhs_id
from ssp_emulator.directory.sds.question import ID, INTERACTION, ODS_CODE, PARTY_KEY
from ssp_emulator.directory.sds.records import as_interactions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ssp_emulator.directory.model import Reliability, System
    from ssp_emulator.directory.sds.records import MhsRecord
    from ssp_emulator.fhir import Resource

ASID = f"{ID}nhsSpineASID"
_FQDN, _CPA_ID, _MHS_ID = f"{ID}nhsMhsFQDN", f"{ID}nhsMhsCPAId", f"{ID}nhsMHSId"
_EXTENSION = "https://fhir.nhs.uk/StructureDefinition/Extension-SDS-"
_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem/endpoint-"


def device(system: System) -> Resource:
    """Return an AS record as a Device."""
    extensions = [_with_interaction(each) for each in as_interactions(system)]
    if system.manufacturer is not None:
        made_by = _extension("ManufacturingOrganisation", _identifier(ODS_CODE, system.manufacturer))
        extensions.insert(0, made_by)
    return {
        "resourceType": "Device",
        "id": device_id(system),
        "extension": extensions,
        "identifier": [_identifier(ASID, system.asid), _identifier(PARTY_KEY, system.party_key)],
        "owner": {"identifier": _identifier(ODS_CODE, system.organisation.ods)},
    }


def endpoint(record: MhsRecord) -> Resource:
    """Return an MHS record as an Endpoint."""
    system, registered = record
    extensions = [_with_interaction(each) for each in sorted(registered.receives)]
    if registered.reliability is not None and (told := list(_told(registered.reliability))):
        extensions.insert(0, {"extension": told, "url": f"{_EXTENSION}ReliabilityConfiguration"})
    return {
        "resourceType": "Endpoint",
        "id": endpoint_id(system, registered),
        "extension": extensions,
        "identifier": [
            _identifier(_FQDN, registered.host),
            _identifier(PARTY_KEY, system.party_key),
            _identifier(_CPA_ID, registered.cpa_id),
            _identifier(_MHS_ID, mhs_id(system, registered)),
        ],
        "status": "active",
        "connectionType": _coding("connection-type", "hl7-fhir-msg", "HL7 FHIR Messaging"),
        "managingOrganization": {"identifier": _identifier(ODS_CODE, system.organisation.ods)},
        "payloadType": [{"coding": [_coding("payload-type", "any", "Any")]}],
        "address": registered.root,
    }


def _told(reliability: Reliability) -> Iterator[Resource]:
    known: Iterable[tuple[str, str, Any]] = (
        ("nhsMHSSyncReplyMode", "valueString", reliability.sync_reply_mode),
        ("nhsMHSRetryInterval", "valueString", reliability.retry_interval),
        ("nhsMHSRetries", "valueInteger", reliability.retries),
        ("nhsMHSPersistDuration", "valueString", reliability.persist_duration),
        ("nhsMHSDuplicateElimination", "valueString", reliability.duplicate_elimination),
        ("nhsMHSAckRequested", "valueString", reliability.ack_requested),
        ("nhsMHSActor", "valueString", reliability.actor),
    )
    return ({"url": url, kind: value} for url, kind, value in known if value is not None)


def _with_interaction(interaction: str) -> Resource:
    return _extension("NhsServiceInteractionId", _identifier(INTERACTION, interaction))


def _extension(name: str, identifier: Resource) -> Resource:
    return {"url": f"{_EXTENSION}{name}", "valueReference": {"identifier": identifier}}


def _identifier(system: str, value: str) -> Resource:
    return {"system": system, "value": value}


def _coding(of: str, code: str, display: str) -> Resource:
    return {"system": f"{_TERMINOLOGY}{of}", "code": code, "display": display}
