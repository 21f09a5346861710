"""From the text of `registry.yaml` to a directory, or to every reason why not."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ssp_emulator.address import Address
from ssp_emulator.directory.model import Agreement, Directory, Endpoint, Organisation, Reliability, System
from ssp_emulator.directory.registry_file import EndpointEntry, RegistryFile, SystemEntry
from ssp_emulator.interactions import Catalogue
from ssp_emulator.located import InvalidFileError, Located, Problem, parse
from ssp_emulator.token.signing import VerificationKey

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator

    from ssp_emulator.complaints import Key

_AT_ONCE = 500  # entries that are freed in about a millisecond


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
    _let_go(document.data.values())
    catalogue = Catalogue().with_names(_patterns(entries))
    spread = _Spread(catalogue)
    if problems := list(_problems(document, entries, spread)):
        raise InvalidFileError(problems)
    registry = Registry(_directory(entries, spread), catalogue)
    _let_go((entries.organisations, entries.systems, entries.agreements))
    return registry


def _let_go(lists: Iterable[list[Any]]) -> None:
    """Empty lists little by little: a hundred thousand entries at once would hold every other thread up."""
    for entries in lists:
        while entries:
            del entries[-_AT_ONCE:]


class _Spread:
    """What lists of globs stand for: thousands of systems repeat the same few, so each is spread out once, and kept.

    `sent` and `received` take the globs as a tuple, and return ids as the catalogue does.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self.sent = cache(catalogue.sent)
        self.received = cache(catalogue.received)
        self.never_sent = cache(partial(_idle, self.sent))
        self.never_received = cache(partial(_idle, self.received))


def _idle(ids: Callable[[tuple[str]], frozenset[str]], patterns: tuple[str, ...]) -> tuple[int, ...]:
    """Return the places of the patterns that match no known interaction."""
    return tuple(place for place, pattern in enumerate(patterns) if not ids((pattern,)))


def _directory(entries: RegistryFile, spread: _Spread) -> Directory:
    address = cache(Address.parse)  # most practices of one supplier listen at one
    organisations = {entry.ods: Organisation(entry.ods, entry.name) for entry in entries.organisations}
    return Directory(
        systems=[
            System(
                asid=entry.asid,
                organisation=organisations[entry.organisation],
                party_key=entry.party_key,
                fqdn=entry.fqdn,
                sends=spread.sent(tuple(entry.sends)),
                endpoints=tuple(_endpoint(endpoint, spread, address) for endpoint in entry.endpoints),
                token_key=VerificationKey.from_pem(entry.token_key) if entry.token_key is not None else None,
                manufacturer=entry.manufacturer,
            )
            for entry in entries.systems
        ],
        agreements=[
            Agreement(entry.from_, entry.to, spread.sent(tuple(entry.interactions))) for entry in entries.agreements
        ],
    )


def _endpoint(entry: EndpointEntry, spread: _Spread, address: Callable[[str], Address]) -> Endpoint:
    parts = urlsplit(entry.root)
    host = parts.hostname or ""
    connect_to = address(entry.connect_to) if entry.connect_to is not None else Address(host, parts.port or 443)
    reliability = Reliability(**entry.reliability.model_dump()) if entry.reliability is not None else None
    received = spread.received(tuple(entry.receives))
    return Endpoint(entry.root, host, entry.cpa_id, received, connect_to, entry.mhs_id, reliability)


def _patterns(entries: RegistryFile) -> Iterator[str]:
    """Every interaction that a system sends or an agreement allows; receivers may go by other ids (NRL)."""
    for system in entries.systems:
        yield from system.sends
        for endpoint in system.endpoints:
            yield from endpoint.receives
    for agreement in entries.agreements:
        yield from agreement.interactions


def _problems(document: Located, entries: RegistryFile, spread: _Spread) -> Iterator[Problem]:
    yield from _repeated(document, ("organisations",), "ods", [entry.ods for entry in entries.organisations])
    yield from _repeated(document, ("systems",), "asid", [entry.asid for entry in entries.systems])
    yield from _repeated_mhs_ids(document, entries.systems)
    yield from _strangers(document, entries)
    yield from _idle_globs(document, entries, spread)
    yield from _shared_endpoints(document, entries.systems, spread)


def _repeated(document: Located, within: Key, field: str, values: Iterable[Hashable]) -> Iterator[Problem]:
    first: dict[Hashable, int] = {}
    for index, value in enumerate(values):
        if value in first:
            line = document.line((*within, first[value], field))
            yield document.problem(
                (*within, index, field), f"{value} is already used at line {line}; each must be unique"
            )
        first.setdefault(value, index)


def _repeated_mhs_ids(document: Located, systems: list[SystemEntry]) -> Iterator[Problem]:
    first: dict[str, Key] = {}
    for index, system in enumerate(systems):
        for place, endpoint in enumerate(system.endpoints):
            if endpoint.mhs_id is None:
                continue
            key = ("systems", index, "endpoints", place, "mhs_id")
            if (before := first.setdefault(endpoint.mhs_id, key)) != key:
                line = document.line(before)
                yield document.problem(key, f"{endpoint.mhs_id} is already used at line {line}; each must be unique")


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


def _idle_globs(document: Located, entries: RegistryFile, spread: _Spread) -> Iterator[Problem]:
    def idle(key: Key, patterns: list[str], places: Iterable[int]) -> Iterator[Problem]:
        for place in places:
            yield document.problem((*key, place), f"{patterns[place]} matches no known interaction")

    for index, system in enumerate(entries.systems):
        if places := spread.never_sent(tuple(system.sends)):
            yield from idle(("systems", index, "sends"), system.sends, places)
        for at, endpoint in enumerate(system.endpoints):
            if places := spread.never_received(tuple(endpoint.receives)):
                yield from idle(("systems", index, "endpoints", at, "receives"), endpoint.receives, places)
    for index, agreement in enumerate(entries.agreements):
        if places := spread.never_sent(tuple(agreement.interactions)):
            yield from idle(("agreements", index, "interactions"), agreement.interactions, places)


def _shared_endpoints(document: Located, systems: list[SystemEntry], spread: _Spread) -> Iterator[Problem]:
    """One root and interaction belongs to one system; one system receives an interaction at one root."""
    by_root: dict[str, dict[str, str]] = {}
    for index, system in enumerate(systems):
        by_system: dict[str, str] = {}
        for place, endpoint in enumerate(system.endpoints):
            key = ("systems", index, "endpoints", place, "root")
            owners = by_root.setdefault(endpoint.root, {})
            received = spread.received(tuple(endpoint.receives))
            if not owners and not by_system:  # as nearly all of them are
                owners.update(dict.fromkeys(received, system.asid))
                by_system = dict.fromkeys(received, endpoint.root)
                continue
            for interaction in sorted(received):
                owner = owners.setdefault(interaction, system.asid)
                if owner != system.asid:
                    yield document.problem(key, f"{endpoint.root} is the endpoint of {owner} for {interaction} already")
                    break
                other = by_system.setdefault(interaction, endpoint.root)
                if other != endpoint.root:
                    yield document.problem(key, f"{system.asid} receives {interaction} at {other} already")
                    break
