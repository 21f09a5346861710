"""Identities: ids for records and resources that have none, the same at every start and on every machine."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

if TYPE_CHECKING:
    from ssp_emulator.directory.model import Endpoint, System

_OURS = UUID("5f0a7f0e-6a39-4d0c-9a52-0b8d3c2f6e17")
_MHS_ID_LENGTH = 20


def mhs_id(system: System, endpoint: Endpoint) -> str:
    """Return the id of an MHS record: the registry's, else 20 hexadecimal digits, as the directory's own look.

    Takes a system and one of its endpoints.
    """
    if endpoint.mhs_id is not None:
        return endpoint.mhs_id
    return hashlib.sha256(f"{system.asid} {endpoint.root}".encode()).hexdigest()[:_MHS_ID_LENGTH]


def device_id(system: System) -> str:
    """Return the id of an AS record's resource: a UUID in upper case."""
    return _resource_id("Device", system.asid)


def endpoint_id(system: System, endpoint: Endpoint) -> str:
    """Return the id of an MHS record's resource: a UUID in upper case."""
    return _resource_id("Endpoint", mhs_id(system, endpoint))


def _resource_id(kind: str, name: str) -> str:
    return str(uuid5(_OURS, f"{kind} {name}")).upper()
