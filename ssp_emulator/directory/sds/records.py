"""Records: AS and MHS records, by what they are looked up by."""

from __future__ import annotations

from collections import defaultdict
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ssp_emulator.directory.model import Directory, Endpoint, System


class MhsRecord(NamedTuple):
    """An MHS record: an endpoint, and whose it is."""

    system: System
    endpoint: Endpoint


class Records:
    """The records of a directory, which stays as it is; making them takes as long as reading every system once."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        by_organisation: defaultdict[str, list[System]] = defaultdict(list)
        by_party_key: defaultdict[str, list[System]] = defaultdict(list)
        for system in directory.systems:
            by_organisation[system.organisation.ods].append(system)
            by_party_key[system.party_key].append(system)
        self._by_organisation: Mapping[str, Sequence[System]] = dict(by_organisation)
        self._by_party_key: Mapping[str, Sequence[System]] = dict(by_party_key)

    def as_records(
        self,
        organisation: str,
        interaction: str,
        party_key: str | None = None,
        manufacturer: str | None = None,
    ) -> Iterator[System]:
        """Yield the AS records of an organisation (ODS code) with an interaction, in the registry's order.

        A party key and a manufacturer (ODS code) that are given have to be the record's own.
        """
        for system in self._by_organisation.get(organisation, ()):
            if party_key not in (None, system.party_key) or manufacturer not in (None, system.manufacturer):
                continue
            if interaction in system.sends or system.endpoint(interaction) is not None:
                yield system

    def mhs_records(
        self, organisation: str | None = None, interaction: str | None = None, party_key: str | None = None
    ) -> Iterator[MhsRecord]:
        """Yield the MHS records of which all is true that is given; an organisation or a party key should be."""
        systems: Iterable[System]
        if organisation is not None:
            systems = self._by_organisation.get(organisation, ())
        elif party_key is not None:
            systems = self._by_party_key.get(party_key, ())
        else:
            systems = self.directory.systems
        for system in systems:
            if party_key not in (None, system.party_key):
                continue
            for endpoint in system.endpoints:
                if interaction is None or interaction in endpoint.receives:
                    yield MhsRecord(system, endpoint)


def as_interactions(system: System) -> list[str]:
    """Return the interactions of a system's AS record, sorted: what it may send, and what it is accredited to receive.

    A consumer finds a provider's ASID by the interaction that it wants to send there, so they have to be among them.
    """
    return sorted(set(chain(system.sends, *(endpoint.receives for endpoint in system.endpoints))))
