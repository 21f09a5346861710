"""Registries of any size, as a user would write them: half of the systems are consumers, half providers."""

from __future__ import annotations

from itertools import chain, cycle, islice
from typing import TYPE_CHECKING

from scenario import CONSUMER_ASID, PROVIDER_ASID

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

SMALLEST = 2  # systems: the consumer and the provider that `scenario` speaks of

_GP_CONNECT = "urn:nhs:names:services:gpconnect:"
_CAPABILITIES = {
    "documents": f'["{_GP_CONNECT}documents:*"]',
    "structured": f'["{_GP_CONNECT}structured:*", "{_GP_CONNECT}fhir:operation:gpc.getstructuredrecord-1"]',
    "appointments": f'["{_GP_CONNECT}fhir:rest:*:slot-1", "{_GP_CONNECT}fhir:rest:*appointment*"]',
}
_FIRST_ASID = 300_000_000_000  # of those that only make a registry larger
_SYSTEM = """\
  - asid: "{asid}"
    organisation: {ods}
    party_key: {ods}-810001
    fqdn: {fqdn}
"""
_SENDS = "    sends: {interactions}\n"
_ENDPOINTS = """\
    endpoints:
      - root: https://{fqdn}/{ods}/STU3/1/gpconnect/{capability}
        cpa_id: S{ods}A000001
        receives: {interactions}
        connect_to: {provider}
"""
_FLOW_ENDPOINTS = (
    "endpoints: [{{root: https://{fqdn}/{ods}/STU3/1/gpconnect/{capability}, cpa_id: S{ods}A000001, "
    'receives: {interactions}, connect_to: "{provider}"}}]'
)
_FLOW_SYSTEM = '  - {{asid: "{asid}", organisation: {ods}, party_key: {ods}-810001, fqdn: {fqdn}, {does}}}\n'


def write(path: Path, systems: int, provider: str, *, agreements_each: int = 2, flow: bool = False) -> int:
    """Write a registry of so many systems, from `SMALLEST` on, and return how many bytes it has.

    The first consumer and the first provider are those of `scenario`, with their agreement. `provider` is the
    `host:port` at which every provider listens. Each provider has one endpoint, and agreements with that many
    consumers, where there are so many; each system has an organisation of its own. With `flow`, each system stands on
    one line, in braces, and otherwise on lines of its own as in `config/registry.yaml`.
    """
    with path.open("w", encoding="ascii") as file:
        file.writelines(_lines(systems, provider, agreements_each, flow=flow))
    return path.stat().st_size


def _lines(systems: int, provider: str, agreements_each: int, *, flow: bool) -> Iterator[str]:
    consumers, providers = (systems + 1) // 2, systems // 2
    yield "organisations:\n"
    yield '  - {ods: A1001, name: "Example Hospital"}\n'
    yield '  - {ods: A20047, name: "Example Surgery"}\n'
    yield from (f'  - {{ods: C{number}, name: "Hospital {number}"}}\n' for number in range(1, consumers))
    yield from (f'  - {{ods: P{number}, name: "Surgery {number}"}}\n' for number in range(1, providers))
    yield "systems:\n"
    for number, capability in zip(range(consumers), cycle(_CAPABILITIES), strict=False):
        yield _consumer(number, capability, flow=flow)
    for number, capability in zip(range(providers), cycle(_CAPABILITIES), strict=False):
        yield _provider(number, capability, provider, flow=flow)
    yield "agreements:\n"
    for number, capability in zip(range(providers), cycle(_CAPABILITIES), strict=False):
        senders = islice(_senders(number, consumers), agreements_each)
        yield from _agreements(number, _CAPABILITIES[capability], senders)


def _consumer(number: int, capability: str, *, flow: bool) -> str:
    asid, ods = _consumer_asid(number), f"C{number}" if number else "A1001"
    fqdn = f"consumer-{number}.example.nhs.uk" if number else "consumer.example.nhs.uk"
    interactions = _CAPABILITIES[capability]
    if flow:
        return _FLOW_SYSTEM.format(asid=asid, ods=ods, fqdn=fqdn, does=f"sends: {interactions}")
    return _SYSTEM.format(asid=asid, ods=ods, fqdn=fqdn) + _SENDS.format(interactions=interactions)


def _provider(number: int, capability: str, provider: str, *, flow: bool) -> str:
    asid, ods, fqdn = _provider_asid(number), f"P{number}" if number else "A20047", "gp.example.nhs.uk"
    endpoints = (_FLOW_ENDPOINTS if flow else _ENDPOINTS).format(
        fqdn=fqdn, ods=ods, capability=capability, interactions=_CAPABILITIES[capability], provider=provider
    )
    if flow:
        return _FLOW_SYSTEM.format(asid=asid, ods=ods, fqdn=fqdn, does=endpoints)
    return _SYSTEM.format(asid=asid, ods=ods, fqdn=fqdn) + endpoints


def _agreements(number: int, interactions: str, senders: Iterable[int]) -> Iterator[str]:
    to = _provider_asid(number)
    for consumer in senders:
        yield f'  - {{from: "{_consumer_asid(consumer)}", to: "{to}", interactions: {interactions}}}\n'


def _senders(number: int, consumers: int) -> Iterator[int]:
    """Yield each consumer of a provider's capability once, from its own number on."""
    kinds = len(_CAPABILITIES)
    return chain(range(number, consumers, kinds), range(number % kinds, number, kinds))


def _consumer_asid(number: int) -> str:
    return str(_FIRST_ASID + 2 * number) if number else CONSUMER_ASID


def _provider_asid(number: int) -> str:
    return str(_FIRST_ASID + 2 * number + 1) if number else PROVIDER_ASID
