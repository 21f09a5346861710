"""The directory's LDAP face as LDIF: an entry for each AS record and for each MHS record.

Source: GP Connect 1.6.2, "Spine Directory Service".
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from ssp_emulator.directory.sds.identities import mhs_id
from ssp_emulator.directory.sds.ldif import VERSION, entry, escaped, line
from ssp_emulator.directory.sds.records import as_interactions
from ssp_emulator.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ssp_emulator.directory.model import Directory, Endpoint, Reliability, System

_TOP = line("objectClass", "top")
_BASE = entry("o=nhs", (_TOP, line("objectClass", "organization"), line("o", "nhs")))
_UNIT = entry("ou=services,o=nhs", (_TOP, line("objectClass", "organizationalUnit"), line("ou", "services")))
_AS = _TOP + line("objectClass", "nhsAs")
_MHS = _TOP + line("objectClass", "nhsMhs")


class RepeatedIdError(SetupError):
    """Two records of a registry would have one name in an LDAP directory."""

    def __init__(self, identifier: str) -> None:
        super().__init__(
            f"the registry has {identifier} as the id of two records; for LDAP every ASID and every mhs_id should be "
            "another one, whether in capitals or not"
        )


def ldif(directory: Directory) -> Iterator[str]:
    """Return the directory's LDIF piece by piece: the two entries above the records, then each system's.

    The same directory is always written in the same way. Raises `RepeatedIdError` before anything is written.
    """
    _check_ids(directory)
    return chain((VERSION, _BASE, "\n", _UNIT), _records(directory))


def _check_ids(directory: Directory) -> None:
    given: set[str] = set()
    for system in directory.systems:
        for identifier in (system.asid, *(mhs_id(system, endpoint) for endpoint in system.endpoints)):
            compared = identifier.casefold()  # as a server does
            if compared in given:
                raise RepeatedIdError(identifier)
            given.add(compared)


def _records(directory: Directory) -> Iterator[str]:
    interactions = _Interactions()
    for system in directory.systems:
        yield "\n"
        yield entry(_name(system.asid), (*_accredited_system(system), interactions.of_system(system)))
        for endpoint in system.endpoints:
            identifier = mhs_id(system, endpoint)
            lines = _message_handling_server(system, endpoint, identifier)
            yield "\n"
            yield entry(_name(identifier), (*lines, interactions.of_endpoint(endpoint)))


class _Interactions:
    """The lines of interactions, of which thousands of systems share a few sets."""

    def __init__(self) -> None:
        self._of_systems: dict[tuple[frozenset[str], ...], str] = {}
        self._of_endpoints: dict[frozenset[str], str] = {}

    def of_system(self, system: System) -> str:
        sets = (system.sends, *(endpoint.receives for endpoint in system.endpoints))
        if (lines := self._of_systems.get(sets)) is None:
            lines = self._of_systems[sets] = _lines("nhsAsSvcIA", as_interactions(system))
        return lines

    def of_endpoint(self, endpoint: Endpoint) -> str:
        if (lines := self._of_endpoints.get(endpoint.receives)) is None:
            lines = self._of_endpoints[endpoint.receives] = _lines("nhsMhsSvcIA", sorted(endpoint.receives))
        return lines


def _lines(attribute: str, values: Iterable[str]) -> str:
    return "".join(line(attribute, value) for value in values)


def _name(identifier: str) -> str:
    return f"uniqueIdentifier={escaped(identifier)},ou=Services,o=nhs"


def _accredited_system(system: System) -> Iterator[str]:
    yield _AS
    yield line("uniqueIdentifier", system.asid)
    yield line("description", system.organisation.name)
    yield line("nhsIDCode", system.organisation.ods)
    yield line("nhsMHSPartyKey", system.party_key)
    yield line("nhsAsClient", system.organisation.ods)
    if system.manufacturer is not None:
        yield line("nhsMhsManufacturerOrg", system.manufacturer)


def _message_handling_server(system: System, endpoint: Endpoint, identifier: str) -> Iterator[str]:
    yield _MHS
    yield line("uniqueIdentifier", identifier)
    yield line("description", system.organisation.name)
    yield line("nhsIDCode", system.organisation.ods)
    yield line("nhsMhsPartyKey", system.party_key)
    yield line("nhsMHSFQDN", endpoint.host)
    yield line("nhsMhsCPAId", endpoint.cpa_id)
    yield line("nhsMhsEndPoint", endpoint.root)
    if endpoint.reliability is not None:
        yield from _reliability(endpoint.reliability)


def _reliability(reliability: Reliability) -> Iterator[str]:
    known = {
        "nhsMHSSyncReplyMode": reliability.sync_reply_mode,
        "nhsMHSRetryInterval": reliability.retry_interval,
        "nhsMHSRetries": reliability.retries,
        "nhsMHSPersistDuration": reliability.persist_duration,
        "nhsMHSDuplicateElimination": reliability.duplicate_elimination,
        "nhsMHSAckRequested": reliability.ack_requested,
        "nhsMHSActor": reliability.actor,
    }
    return (line(name, str(value)) for name, value in known.items() if value is not None)
