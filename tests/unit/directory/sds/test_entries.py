"""The LDAP face: which entries there are, and that a reader that is not ours finds the registry in them."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from ldif import LDIFParser
from support.registries import DIRECTORIES

from ssp_emulator.directory.model import Directory, Reliability
from ssp_emulator.directory.sds import entries
from ssp_emulator.directory.sds.identities import mhs_id
from ssp_emulator.interactions import GP_CONNECT
from ssp_emulator.plan import read_plan

if TYPE_CHECKING:
    from ssp_emulator.directory.model import Endpoint, System
    from ssp_emulator.spine import Spine

SHIPPED = Path(__file__).parents[4] / "config" / "emulator.yaml"
DOCUMENTS = sorted(
    f"{GP_CONNECT}documents:fhir:rest:{what}"
    for what in (
        "read:metadata-1",
        "search:patient-1",
        "search:documentreference-1",
        "read:binary-1",
        "migrate:binary-1",
    )
)


def read(directory: Directory) -> dict[str | None, dict[str, list[str]]]:
    """What another reader finds, by distinguished name."""
    written = "".join(entries.ldif(directory)).encode("ascii")
    found = list(LDIFParser(io.BytesIO(written)).parse())
    assert len(dict(found)) == len(found)
    return dict(found)


def test_the_entries_of_the_shipped_registry() -> None:
    found = read(read_plan(SHIPPED).registry.directory)

    endpoint = "f6bb0c45bac2cd478657"
    assert list(found)[:5] == [
        "o=nhs",
        "ou=services,o=nhs",
        "uniqueIdentifier=200000000115,ou=Services,o=nhs",
        "uniqueIdentifier=200000000116,ou=Services,o=nhs",
        f"uniqueIdentifier={endpoint},ou=Services,o=nhs",
    ]
    assert found["o=nhs"] == {"objectClass": ["top", "organization"], "o": ["nhs"]}
    assert found["ou=services,o=nhs"] == {"objectClass": ["top", "organizationalUnit"], "ou": ["services"]}
    assert found["uniqueIdentifier=200000000116,ou=Services,o=nhs"] == {
        "objectClass": ["top", "nhsAs"],
        "uniqueIdentifier": ["200000000116"],
        "description": ["Example Surgery"],
        "nhsIDCode": ["A20047"],
        "nhsMHSPartyKey": ["A20047-810002"],
        "nhsAsClient": ["A20047"],
        "nhsMhsManufacturerOrg": ["YEX02"],
        "nhsAsSvcIA": DOCUMENTS,
    }
    assert found[f"uniqueIdentifier={endpoint},ou=Services,o=nhs"] == {
        "objectClass": ["top", "nhsMhs"],
        "uniqueIdentifier": [endpoint],
        "description": ["Example Surgery"],
        "nhsIDCode": ["A20047"],
        "nhsMhsPartyKey": ["A20047-810002"],
        "nhsMHSFQDN": ["gp.example.nhs.uk"],
        "nhsMhsCPAId": ["S20001A000116"],
        "nhsMhsEndPoint": ["https://gp.example.nhs.uk/A20047/STU3/1/gpconnect/documents"],
        "nhsMHSSyncReplyMode": ["None"],
        "nhsMHSRetries": ["0"],
        "nhsMHSDuplicateElimination": ["never"],
        "nhsMHSAckRequested": ["never"],
        "nhsMhsSvcIA": DOCUMENTS,
    }


def test_the_same_directory_is_always_written_in_the_same_way() -> None:
    once, again = (read_plan(SHIPPED).registry.directory for _ in range(2))

    assert list(entries.ldif(once)) == list(entries.ldif(again))


def expected(directory: Directory) -> dict[str, dict[str, list[str]]]:
    """Say what the entries below the unit should be, out of the model."""
    found: dict[str, dict[str, list[str]]] = {}
    for system in directory.systems:
        found[f"uniqueIdentifier={system.asid},ou=Services,o=nhs"] = _without_unknown(_as(system))
        for endpoint in system.endpoints:
            found[f"uniqueIdentifier={endpoint.mhs_id},ou=Services,o=nhs"] = _without_unknown(_mhs(system, endpoint))
    return found


def _as(system: System) -> dict[str, list[str | int | None]]:
    return {
        "objectClass": ["top", "nhsAs"],
        "uniqueIdentifier": [system.asid],
        "description": [system.organisation.name],
        "nhsIDCode": [system.organisation.ods],
        "nhsMHSPartyKey": [system.party_key],
        "nhsAsClient": [system.organisation.ods],
        "nhsMhsManufacturerOrg": [system.manufacturer],
        "nhsAsSvcIA": sorted(system.sends.union(*(endpoint.receives for endpoint in system.endpoints))),
    }


def _mhs(system: System, endpoint: Endpoint) -> dict[str, list[str | int | None]]:
    told = endpoint.reliability or Reliability()
    return {
        "objectClass": ["top", "nhsMhs"],
        "uniqueIdentifier": [endpoint.mhs_id],
        "description": [system.organisation.name],
        "nhsIDCode": [system.organisation.ods],
        "nhsMhsPartyKey": [system.party_key],
        "nhsMHSFQDN": [endpoint.host],
        "nhsMhsCPAId": [endpoint.cpa_id],
        "nhsMhsEndPoint": [endpoint.root],
        "nhsMhsSvcIA": sorted(endpoint.receives),
        "nhsMHSSyncReplyMode": [told.sync_reply_mode],
        "nhsMHSRetryInterval": [told.retry_interval],
        "nhsMHSRetries": [told.retries],
        "nhsMHSPersistDuration": [told.persist_duration],
        "nhsMHSDuplicateElimination": [told.duplicate_elimination],
        "nhsMHSAckRequested": [told.ack_requested],
        "nhsMHSActor": [told.actor],
    }


def _without_unknown(attributes: dict[str, list[str | int | None]]) -> dict[str, list[str]]:
    return {name: [str(value) for value in values] for name, values in attributes.items() if values not in ([], [None])}


@given(DIRECTORIES)
def test_any_registry_is_read_as_it_was(directory: Directory) -> None:
    found = read(directory)

    del found["o=nhs"], found["ou=services,o=nhs"]
    assert found == expected(directory)


def test_an_endpoint_without_an_id_has_the_same_one_as_over_fhir(spine: Spine) -> None:
    _, provider = spine.directory.systems
    made = mhs_id(provider, provider.endpoints[0])

    assert f"uniqueIdentifier={made},ou=Services,o=nhs" in read(spine.directory)


@pytest.mark.parametrize(
    "ids", [("200000000116", "ab"), ("ab", "AB"), ("ab", "ab")], ids=["an ASID", "in capitals", "the same"]
)
def test_ids_that_a_server_would_take_for_one_are_refused_before_anything_is_written(
    ids: tuple[str, str], spine: Spine
) -> None:
    _, provider = spine.directory.systems
    endpoints = tuple(replace(provider.endpoints[0], mhs_id=each) for each in ids)
    directory = Directory([replace(provider, endpoints=endpoints)], [])

    with pytest.raises(entries.RepeatedIdError) as caught:
        entries.ldif(directory)

    repeated = ids[0] if ids[0].isdigit() else ids[1]
    assert caught.value.lines == (
        (
            f"the registry has {repeated} as the id of two records; "
            "for LDAP every ASID and every mhs_id should be another one, whether in capitals or not"
        ),
    )
