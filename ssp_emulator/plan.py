"""What an emulator is to be: its configuration and its registry, read and validated whole before anything starts."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ssp_emulator import config, ports
from ssp_emulator.directory import loading
from ssp_emulator.faults import scenario
from ssp_emulator.files import text_of
from ssp_emulator.located import InvalidFileError
from ssp_emulator.pki.folder import CertificateFolder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ssp_emulator.complaints import Key
    from ssp_emulator.config import Configuration
    from ssp_emulator.directory.loading import Registry
    from ssp_emulator.faults.rule import Rule
    from ssp_emulator.located import Problem


class Starting(NamedTuple):
    """Fault rules that are in force from the start, where that is said, and the scenario that they come from, if so."""

    key: Key
    scenario: str | None
    rules: Sequence[Rule]


@dataclass(frozen=True, slots=True)
class Plan:
    """A configuration, the registry and the fault rules that it names, each valid in itself."""

    configuration: Configuration
    registry: Registry
    faults: tuple[Starting, ...] = ()

    @property
    def journal(self) -> Path:
        """Where the audit journal is."""
        return self.configuration.path(self.configuration.settings.audit.journal)

    @property
    def certificates(self) -> CertificateFolder:
        """The folder of the emulated PKI."""
        return CertificateFolder(self.configuration.path(self.configuration.settings.certificates))

    @property
    def uses_emulated_pki(self) -> bool:
        """Whether any file that TLS needs is in that folder."""
        folder = self.certificates.root
        return any(folder in path.parents for path in self.configuration.tls_files().values())

    @property
    def makes_certificates(self) -> bool:
        """Whether starting makes the emulated PKI: it is used, and nothing of it is there yet."""
        return self.uses_emulated_pki and not any(map(_may_be_there, self.certificates.files))


def read_plan(path: Path) -> Plan:
    """Read `emulator.yaml` and all that it names. Raises `InvalidFileError`."""
    configuration = config.read(path)
    if clashes := configuration.clashes():
        raise InvalidFileError(clashes)
    return Plan(configuration, read_registry(configuration), _faults(configuration))


def read_registry(configuration: Configuration) -> Registry:
    """Read the registry that a configuration names, and hold the two together. Raises `InvalidFileError`."""
    path = configuration.path(configuration.settings.registry)
    with _uncollected():
        registry = loading.load(text_of(path), str(path))
    if strangers := list(_limits_of_strangers(configuration, registry)):
        raise InvalidFileError(strangers)
    if own := list(_providers_at_our_own(configuration, registry)):
        raise InvalidFileError(own)
    return registry


def _may_be_there(path: Path) -> bool:
    """Tell whether there is a file, or whether that cannot be told: whoever reads it is told why."""
    try:
        return path.exists()
    except OSError:
        return True


@contextmanager
def _uncollected() -> Iterator[None]:
    """Put garbage collection off: what is read has no cycles.

    Of 100,000 systems, collections took half of the time, and while one goes on no other thread does.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _faults(configuration: Configuration) -> tuple[Starting, ...]:
    """Read the fault rules that are there from the start; a name that two of them have would hide one."""
    settings = configuration.settings.faults
    starting = [Starting(("faults", "rules"), None, settings.rules)]
    for place, name in enumerate(settings.scenarios):
        key: Key = ("faults", "scenarios", place)
        try:
            starting.append(Starting(key, name, scenario.read_named(name, configuration.fault_context).rules))
        except scenario.NoScenarioError as error:
            raise InvalidFileError([configuration.problem_at(key, str(error))]) from error
    names: set[str] = set()
    for each in starting:
        for rule in each.rules:
            if rule.name in names:
                raise InvalidFileError([configuration.problem_at(each.key, f"there are two rules named {rule.name!r}")])
            names.add(rule.name)
    return tuple(each for each in starting if each.rules)


def _limits_of_strangers(configuration: Configuration, registry: Registry) -> Iterator[Problem]:
    """A limit for an ASID that nobody has would limit nothing, and look as if it did."""
    limits = configuration.settings.limits
    for side, quota in (("sender", limits.sender), ("receiver", limits.receiver)):
        for asid in quota.asids:
            if registry.directory.system(asid) is None:
                yield configuration.problem(
                    f"limits.{side}.asids.{asid}", f"{asid} is the ASID of no system in the registry"
                )


def _providers_at_our_own(configuration: Configuration, registry: Registry) -> Iterator[Problem]:
    """A provider cannot listen where we do, and a request to it would come back to us."""
    listeners = {address.port: (key, address) for key, address in configuration.listeners.items() if address.port}
    for system in registry.directory.systems:
        for endpoint in system.endpoints:
            there = endpoint.connect_to
            if there.port in listeners and ports.is_loopback(there) and ports.overlap(there, listeners[there.port][1]):
                key, address = listeners[there.port]
                said = f"{address} is where the registry has a provider listen too (connect_to of {endpoint.root})"
                yield configuration.problem(key, f"{said}; name another port here or there")
                del listeners[there.port]
