from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from aiohttp.test_utils import make_mocked_request
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ssp_emulator.admin.registry import Registry
from ssp_emulator.directory.model import Directory
from ssp_emulator.token.signing import VerificationKey

if TYPE_CHECKING:
    from ssp_emulator.spine import Spine

READ_BINARY = "urn:nhs:names:services:gpconnect:documents:fhir:rest:read:binary-1"
SEARCH = "urn:nhs:names:services:gpconnect:documents:fhir:rest:search:patient-1"
NRL = "urn:nhs:names:services:nrl:DocumentReference.content"


async def shown(registry: Registry) -> dict[str, object]:
    answer = await registry.show(make_mocked_request("GET", "/api/v1/registry"))
    return json.loads(answer.text or "")


async def test_it_shows_who_there_is_and_who_may_talk_to_whom(spine: Spine) -> None:
    said = await shown(Registry(lambda: spine))

    interactions = said.pop("interactions")
    assert said == {
        "organisations": [{"ods": "A1001", "name": "Example Hospital"}, {"ods": "A20047", "name": "Example Surgery"}],
        "systems": [
            {
                "asid": "200000000115",
                "organisation": "A1001",
                "party_key": "A1001-810001",
                "fqdn": "consumer.example.nhs.uk",
                "sends": [READ_BINARY, SEARCH, f"{NRL}.read"],
                "endpoints": [],
                "signs_tokens": False,
                "manufacturer": None,
            },
            {
                "asid": "200000000116",
                "organisation": "A20047",
                "party_key": "A20047-810002",
                "fqdn": "gp.example.nhs.uk",
                "sends": [],
                "endpoints": [
                    {
                        "root": "https://gp.example.nhs.uk/A20047/STU3/1/gpconnect/documents",
                        "cpa_id": "S20001A000116",
                        "receives": [READ_BINARY, NRL],
                        "connect_to": "localhost:9443",
                        "mhs_id": None,
                        "reliability": None,
                    }
                ],
                "signs_tokens": False,
                "manufacturer": None,
            },
        ],
        "agreements": [{"from": "200000000115", "to": "200000000116", "interactions": [READ_BINARY]}],
    }
    assert {
        "id": READ_BINARY,
        "received_as": READ_BINARY,
        "methods": ["GET"],
        "path": "/Binary/{id}",
        "scope": "patient/*.read",
    } in interactions
    assert [each["received_as"] for each in interactions if each["id"] == f"{NRL}.read"] == [NRL]


async def test_it_is_json_as_any_other_answer(spine: Spine) -> None:
    answer = await Registry(lambda: spine).show(make_mocked_request("GET", "/api/v1/registry"))
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.text == json.dumps(json.loads(answer.text or ""))


async def test_it_shows_what_is_in_force_now(spine: Spine) -> None:
    spines = [spine, replace(spine, directory=Directory([], []))]
    registry = Registry(lambda: spines.pop(0))

    first, second = await shown(registry), await shown(registry)

    assert (len(first["systems"]), second["systems"], second["agreements"]) == (2, [], [])


async def test_of_a_key_it_tells_only_that_there_is_one(spine: Spine) -> None:
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    consumer, provider = spine.directory.systems
    keyed = replace(consumer, token_key=VerificationKey.from_pem(pem))
    directory = Directory([keyed, provider], spine.directory.agreements)

    said = await shown(Registry(lambda: replace(spine, directory=directory)))

    assert [system["signs_tokens"] for system in said["systems"]] == [True, False]
    assert pem.splitlines()[1] not in json.dumps(said)
    assert "KEY" not in json.dumps(said)
