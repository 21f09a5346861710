"""The directory's records and its look-ups, all of them dictionary look-ups made at start-up."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from ssp_emulator.address import Address
    from ssp_emulator.token.signing import VerificationKey


@dataclass(frozen=True, slots=True)
class Organisation:
    """A practice, hospital or other body, known by its ODS code."""

    ods: str
    name: str


@dataclass(frozen=True, slots=True)
class Reliability:
    """How messages to an endpoint are made sure of, for consumers to read; the proxy heeds none of it.

    Durations are ISO 8601's; each is None where it is not known. Source: Spine External Interface Specification, "MHS
    contract properties".
    """

    sync_reply_mode: str | None = None
    retry_interval: str | None = None
    retries: int | None = None
    persist_duration: str | None = None
    duplicate_elimination: str | None = None
    ack_requested: str | None = None
    actor: str | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A service root URL at which a system receives interactions: with its system's, an MHS record.

    `root` is exactly as registered, with no trailing slash, and `host` the name in it, which the provider's
    certificate has to bear; `receives` are the interaction ids of the MHS record; `connect_to` is where the host
    really listens. `mhs_id` is the record's own id, where the registry gives it one.
    """

    root: str
    host: str
    cpa_id: str
    receives: frozenset[str]
    connect_to: Address
    mhs_id: str | None = None
    reliability: Reliability | None = None


@dataclass(frozen=True, slots=True)
class System:
    """An accredited system: its AS record, and where it is a provider the endpoints of its MHS record.

    `sends` are the interaction ids that its AS record lets it send; `token_key` is the key that its tokens must be
    signed with, None where they must be unsigned; `manufacturer` is the ODS code of who made it, where that is known.
    """

    asid: str
    organisation: Organisation
    party_key: str
    fqdn: str
    sends: frozenset[str] = frozenset()
    endpoints: tuple[Endpoint, ...] = ()
    token_key: VerificationKey | None = None
    manufacturer: str | None = None

    def endpoint(self, received_as: str) -> Endpoint | None:
        """Return the endpoint at which this system receives an interaction; None where it does not."""
        for endpoint in self.endpoints:
            if received_as in endpoint.receives:
                return endpoint
        return None


@dataclass(frozen=True, slots=True)
class Agreement:
    """A data sharing agreement: `sender` may send these interactions to `receiver` (both ASIDs)."""

    sender: str
    receiver: str
    interactions: frozenset[str]

    def __str__(self) -> str:
        return f"agreement {self.sender} to {self.receiver}"


class Directory:
    """Every system and agreement of the registry, by what a check asks for."""

    def __init__(self, systems: Iterable[System], agreements: Iterable[Agreement]) -> None:
        self._systems: Mapping[str, System] = {system.asid: system for system in systems}
        between: defaultdict[tuple[str, str], list[Agreement]] = defaultdict(list)
        for agreement in agreements:
            between[agreement.sender, agreement.receiver].append(agreement)
        self._agreements: Mapping[tuple[str, str], list[Agreement]] = dict(between)

    @property
    def systems(self) -> Collection[System]:
        """Every system, in the registry's order."""
        return self._systems.values()

    @property
    def agreements(self) -> Iterable[Agreement]:
        """Every agreement."""
        return (agreement for between in self._agreements.values() for agreement in between)

    def system(self, asid: str) -> System | None:
        """Return the system with this ASID; None where there is none."""
        return self._systems.get(asid)

    def agreement(self, sender: str, receiver: str, interaction_id: str) -> Agreement | None:
        """Return the agreement by which one ASID may send another an interaction; None where there is none."""
        for agreement in self._agreements.get((sender, receiver), ()):
            if interaction_id in agreement.interactions:
                return agreement
        return None
