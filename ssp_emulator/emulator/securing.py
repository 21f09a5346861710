"""Securing: certificates, made where there are none, and the TLS contexts of both sides."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import structlog

from ssp_emulator.located import InvalidFileError
from ssp_emulator.obstacles import told
from ssp_emulator.pki.consistency import examine
from ssp_emulator.pki.holding import hold
from ssp_emulator.pki.initialising import ensure
from ssp_emulator.pki.names import Names
from ssp_emulator.proxy import tls
from ssp_emulator.proxy.disguises import DisguiseError, Disguises

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from ssp_emulator.clock import Clock
    from ssp_emulator.located import Problem
    from ssp_emulator.pki.consistency import Held
    from ssp_emulator.plan import Plan
    from ssp_emulator.proxy.openssl import ConsumerContext
    from ssp_emulator.settings import TlsSide

T = TypeVar("T")


class Securing:
    """Makes what TLS needs, as a plan has it; `disguises` is what fault rules shake hands with instead."""

    def __init__(self, plan: Plan, clock: Clock) -> None:
        self._plan = plan
        self._configuration = plan.configuration
        self._clock = clock
        self._log: structlog.stdlib.BoundLogger = structlog.get_logger("ssp_emulator.certificates")
        self.disguises = Disguises(self.consumer_files(), plan.certificates, clock)

    def make_certificates(self) -> None:
        """Make the emulated PKI where it is used and not there. Raises `InvalidFileError` where files are missing."""
        # Where another process is just making them, some are there already: `ensure` waits for it.
        if self._plan.uses_emulated_pki and self._configuration.missing_files():
            folder = self._plan.certificates
            try:
                ensure(folder, Names(), now=self._clock.now())
            except OSError as error:
                why = told(Path(error.filename) if error.filename else folder.root, error)
                said = f"certificates cannot be made in {folder.root}: {why}"
                raise InvalidFileError([self._configuration.problem("certificates", said)]) from error
        if missing := self._configuration.missing_files():
            raise InvalidFileError(missing)

    def consumer_files(self) -> tls.ConsumerTls:
        """Return the files of the consumers' side."""
        ours, path = self._configuration.settings.proxy.tls, self._configuration.path
        return tls.ConsumerTls(
            path(ours.certificate),
            path(ours.key),
            path(ours.trust),
            path(ours.crl) if ours.crl is not None else None,
            tls_1_3=ours.tls_1_3,
        )

    def for_consumers(self) -> ConsumerContext:
        """Return what shakes hands with consumers, and make the disguises anew. Raises `InvalidFileError`."""
        files = self.consumer_files()
        made = self._secured("proxy", lambda: tls.for_consumers(files, self._clock))
        self.disguises.renew()  # from the same files; a connection from just before closes with all others
        return made

    def for_providers(self) -> ssl.SSLContext:
        """Return what shakes hands with providers. Raises `InvalidFileError`."""
        ours, path = self._configuration.settings.providers.tls, self._configuration.path
        files = (path(ours.certificate), path(ours.key), path(ours.trust))
        return self._secured("providers", lambda: tls.for_providers(*files))

    def examine_faults(self) -> None:
        """Raise `InvalidFileError` where a fault rule that is there from the start could not do what it says."""
        problems = []
        for key, scenario, rules in self._plan.faults:
            for place, rule in enumerate(rules):
                try:
                    self.disguises.examine(rule.effect)
                except DisguiseError as error:
                    at = key if scenario is not None else (*key, place)
                    problems.append(self._configuration.problem_at(at, f"{rule.name}: {error}"))
        if problems:
            raise InvalidFileError(problems)

    def examine_files(self) -> None:
        """Raise `InvalidFileError` where a side's files cannot be used, or do not belong together."""
        problems: list[Problem] = []
        for make in (self.for_consumers, self.for_providers):
            try:
                make()
            except InvalidFileError as error:
                problems.extend(error.problems)
        if problems:
            raise InvalidFileError(problems)

    def held(self, side: TlsSide) -> Held:
        """Return what one side's files hold, as far as they can be read."""
        paths = {key.rpartition(".")[2]: path for key, path in self._configuration.tls_files(side).items()}
        return hold(
            paths["certificate"], paths["key"], paths["trust"], paths.get("crl"), folder=self._plan.certificates
        )

    def _secured(self, side: TlsSide, make: Callable[[], T]) -> T:
        """Make one side's TLS context, with every problem named by its line; nothing is made of a bad set of files."""
        if missing := self._configuration.missing_files(side):
            raise InvalidFileError(missing)
        try:
            made = make()
        except tls.TlsFileError as error:
            raise InvalidFileError([self._configuration.problem(f"{side}.tls", str(error))]) from error
        flaws = examine(self.held(side), self._clock.now())
        if stopping := [flaw for flaw in flaws if flaw.stops]:
            problems = (self._configuration.problem(f"{side}.tls.{flaw.key}", flaw.message) for flaw in stopping)
            raise InvalidFileError(problems)
        for flaw in flaws:
            self._log.warning("a certificate file needs care", key=f"{side}.tls.{flaw.key}", problem=flaw.message)
        return made
