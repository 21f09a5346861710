"""Ids that nobody has given: the same everywhere, and no two alike."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from ssp_emulator.directory.sds.identities import device_id, endpoint_id, mhs_id

if TYPE_CHECKING:
    from ssp_emulator.spine import Spine

UUID = re.compile(r"[0-9A-F]{8}-[0-9A-F]{4}-5[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}\Z")


def test_an_mhs_record_has_the_registrys_id_where_there_is_one(spine: Spine) -> None:
    _, provider = spine.directory.systems
    (endpoint,) = provider.endpoints
    assert mhs_id(provider, replace(endpoint, mhs_id="f1c55263f1ee924f460f")) == "f1c55263f1ee924f460f"


def test_else_it_has_one_that_stays_the_same(spine: Spine) -> None:
    _, provider = spine.directory.systems
    (endpoint,) = provider.endpoints
    assert mhs_id(provider, endpoint) == "f6bb0c45bac2cd478657"  # no other after a new version: people write it down
    assert mhs_id(provider, replace(endpoint, root=f"{endpoint.root}2")) != mhs_id(provider, endpoint)
    assert mhs_id(replace(provider, asid="1"), endpoint) != mhs_id(provider, endpoint)


def test_resources_have_uuids_in_upper_case(spine: Spine) -> None:
    consumer, provider = spine.directory.systems
    ids = [device_id(consumer), device_id(provider), endpoint_id(provider, provider.endpoints[0])]
    assert all(map(UUID.match, ids))
    assert len(set(ids)) == len(ids)
    assert ids[0] == device_id(replace(consumer, fqdn="another.example"))
