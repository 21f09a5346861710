"""From the text of `registry.yaml` to a directory, or to every reason why not."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ssp_emulator.address import Address
from ssp_emulator.directory.model import Agreement, Directory, Endpoint, Organisation, System
from ssp_emulator.directory.registry_file import EndpointEntry, RegistryFile, SystemEntry
from ssp_emulator.interactions import Catalogue
from ssp_emulator.located import InvalidFileError, Located, Problem, parse
from ssp_emulator.token.signing import VerificationKey

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator

    from ssp_emulator.complaints import Key


@dataclass(frozen=True, slots=True)
class Registry:
    """A registry that holds together: its directory, and the interactions that it knows."""

    directory: Directory
    catalogue: Catalogue


def load(text: str, file: str) -> Registry:
    """Turn the text of a registry file into a directory.

    Takes the text, and the file's name for messages. Raises `InvalidFileError` with every problem found.
    """
    document = parse(text, file)
    entries = document.validated(RegistryFile)
    catalogue = Catalogue().with_names(_patterns(entries))
    if problems := list(_problems(document, entries, catalogue)):
        raise InvalidFileError(problems)
    return Registry(_directory(entries, catalogue), catalogue)


def _directory(entries: RegistryFile, catalogue: Catalogue) -> Directory:
    # Thousands of systems repeat the same few lists, so each list is spread out once.
    sent = lru_cache(maxsize=None)(catalogue.sent)
    received = lru_cache(maxsize=None)(catalogue.received)
    organisations = {entry.ods: Organisation(entry.ods, entry.name) for entry in entries.organisations}
    return Directory(
        systems=[
            System(
                asid=entry.asid,
                organisation=organisations[entry.organisation],
                party_key=entry.party_key,
                fqdn=entry.fqdn,
                sends=sent(tuple(entry.sends)),
                endpoints=tuple(_endpoint(endpoint, received) for endpoint in entry.endpoints),
                token_key=VerificationKey.from_pem(entry.token_key) if entry.token_key is not None else None,
            )
            for entry in entries.systems
        ],
        agreements=[Agreement(entry.from_, entry.to, sent(tuple(entry.interactions))) for entry in entries.agreements],
    )


def _endpoint(entry: EndpointEntry, received: Callable[[tuple[str, ...]], frozenset[str]]) -> Endpoint:
    parts = urlsplit(entry.root)
    host = parts.hostname or ""
    address = Address.parse(entry.connect_to) if entry.connect_to is not None else Address(host, parts.port or 443)
    return Endpoint(entry.root, host, entry.cpa_id, received(tuple(entry.receives)), address)


def _patterns(entries: RegistryFile) -> Iterator[str]:
    """Every interaction that a system sends or an agreement allows; receivers may go by other ids (NRL)."""
    for system in entries.systems:
        yield from system.sends
        for endpoint in system.endpoints:
            yield from endpoint.receives
    for agreement in entries.agreements:
        yield from agreement.interactions


def _problems(document: Located, entries: RegistryFile, catalogue: Catalogue) -> Iterator[Problem]:
    yield from _repeated(document, ("organisations",), "ods", [entry.ods for entry in entries.organisations])
    yield from _repeated(document, ("systems",), "asid", [entry.asid for entry in entries.systems])
    yield from _strangers(document, entries)
    yield from _idle_globs(document, entries, catalogue)
    yield from _shared_endpoints(document, entries.systems, catalogue)


def _repeated(document: Located, within: Key, field: str, values: Iterable[Hashable]) -> Iterator[Problem]:
    first: dict[Hashable, int] = {}
    for index, value in enumerate(values):
        if value in first:
            line = document.line((*within, first[value], field))
            yield document.problem(
                (*within, index, field), f"{value} is already used at line {line}; each must be unique"
            )
        first.setdefault(value, index)


def _strangers(document: Located, entries: RegistryFile) -> Iterator[Problem]:
    organisations = {entry.ods for entry in entries.organisations}
    for index, system in enumerate(entries.systems):
        if system.organisation not in organisations:
            yield document.problem(
                ("systems", index, "organisation"),
                f"{system.organisation} is not among the organisations; add it there",
            )
    asids = {entry.asid for entry in entries.systems}
    for index, agreement in enumerate(entries.agreements):
        for field, asid in (("from", agreement.from_), ("to", agreement.to)):
            if asid not in asids:
                yield document.problem(
                    ("agreements", index, field), f"{asid} is the ASID of no system here; add the system"
                )


def _idle_globs(document: Located, entries: RegistryFile, catalogue: Catalogue) -> Iterator[Problem]:
    def idle(key: Key, patterns: list[str], spread: Callable[[list[str]], frozenset[str]]) -> Iterator[Problem]:
        for index, pattern in enumerate(patterns):
            if not spread([pattern]):
                yield document.problem((*key, index), f"{pattern} matches no known interaction")

    for index, system in enumerate(entries.systems):
        yield from idle(("systems", index, "sends"), system.sends, catalogue.sent)
        for place, endpoint in enumerate(system.endpoints):
            yield from idle(("systems", index, "endpoints", place, "receives"), endpoint.receives, catalogue.received)
    for index, agreement in enumerate(entries.agreements):
        yield from idle(("agreements", index, "interactions"), agreement.interactions, catalogue.sent)


def _shared_endpoints(document: Located, systems: list[SystemEntry], catalogue: Catalogue) -> Iterator[Problem]:
    """One root and interaction belongs to one system; one system receives an interaction at one root."""
    by_root: dict[tuple[str, str], str] = {}
    for index, system in enumerate(systems):
        by_system: dict[str, str] = {}
        for place, endpoint in enumerate(system.endpoints):
            key = ("systems", index, "endpoints", place, "root")
            for interaction in sorted(catalogue.received(endpoint.receives)):
                owner = by_root.setdefault((endpoint.root, interaction), system.asid)
                if owner != system.asid:
                    yield document.problem(key, f"{endpoint.root} is the endpoint of {owner} for {interaction} already")
                    break
                other = by_system.setdefault(interaction, endpoint.root)
                if other != endpoint.root:
                    yield document.problem(key, f"{system.asid} receives {interaction} at {other} already")
                    break
