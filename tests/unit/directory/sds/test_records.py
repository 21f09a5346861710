"""Which records match: AS records by organisation and interaction, MHS records by two of three."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ssp_emulator.directory.model import Directory, Endpoint, Organisation, System
from ssp_emulator.directory.sds.records import MhsRecord, Records, as_interactions
from ssp_emulator.interactions import GP_CONNECT

if TYPE_CHECKING:
    from ssp_emulator.spine import Spine

READ = f"{GP_CONNECT}documents:fhir:rest:read:binary-1"
SEARCH = f"{GP_CONNECT}documents:fhir:rest:search:patient-1"


@pytest.fixture
def systems(spine: Spine) -> tuple[System, ...]:
    consumer, provider = spine.directory.systems
    clinic = Organisation("A30001", "Example Clinic")
    endpoint = replace(provider.endpoints[0], root="https://gp.example.nhs.uk/2", receives=frozenset({SEARCH}))
    return (
        consumer,
        replace(provider, manufacturer="YEX02", endpoints=(*provider.endpoints, endpoint)),
        replace(consumer, asid="200000000120", organisation=clinic),  # the same message handling server
    )


@pytest.fixture
def records(systems: tuple[System, ...]) -> Records:
    return Records(Directory(systems, []))


@pytest.mark.parametrize(
    ("asked", "asids"),
    [
        (("A1001", READ), ["200000000115"]),
        (("A20047", READ), ["200000000116"]),  # it receives it
        (("A20047", SEARCH), ["200000000116"]),
        (("A30001", READ), ["200000000120"]),
        (("A1001", READ, "A1001-810001"), ["200000000115"]),
        (("A20047", READ, None, "YEX02"), ["200000000116"]),
        (("A20047", READ, "A20047-810002", "YEX02"), ["200000000116"]),
        (("A20047", READ, None, "YEX01"), []),
        (("A1001", READ, None, "YEX02"), []),  # whose manufacturer is not known
        (("A1001", READ, "A20047-810002"), []),
        (("A1001", f"{READ}1"), []),
        (("A1001", "*"), []),
        (("a1001", READ), []),
        (("A9", READ), []),
    ],
)
def test_as_records(asked: tuple[str, ...], asids: list[str], records: Records) -> None:
    assert [system.asid for system in records.as_records(*asked)] == asids


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"organisation": "A20047", "interaction": READ}, [0]),
        ({"organisation": "A20047", "interaction": SEARCH}, [1]),
        ({"organisation": "A20047", "party_key": "A20047-810002"}, [0, 1]),
        ({"party_key": "A20047-810002", "interaction": SEARCH}, [1]),
        ({"organisation": "A20047", "interaction": READ, "party_key": "A20047-810002"}, [0]),
        ({"interaction": READ}, [0]),
        ({"organisation": "A20047", "party_key": "A1001-810001"}, []),
        ({"organisation": "A1001", "party_key": "A1001-810001"}, []),  # a consumer has none
        ({"organisation": "A1001", "interaction": READ}, []),
        ({"party_key": "A20047", "interaction": READ}, []),
        ({"organisation": "A9", "interaction": READ}, []),
    ],
)
def test_mhs_records(asked: dict[str, str], found: list[int], records: Records, systems: tuple[System, ...]) -> None:
    endpoints: tuple[Endpoint, ...] = systems[1].endpoints
    assert list(records.mhs_records(**asked)) == [MhsRecord(systems[1], endpoints[each]) for each in found]


def test_an_as_record_has_what_it_sends_and_what_it_receives(systems: tuple[System, ...]) -> None:
    consumer, provider, _ = systems
    assert as_interactions(consumer) == sorted(consumer.sends)
    assert as_interactions(provider) == sorted({SEARCH, *provider.endpoints[0].receives})
