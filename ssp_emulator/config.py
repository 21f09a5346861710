"""The emulator's configuration: `emulator.yaml` read, and validated whole before anything starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssp_emulator import ports
from ssp_emulator.address import Address
from ssp_emulator.faults.effects.effect import Context
from ssp_emulator.files import text_of, tidy, unreadable
from ssp_emulator.located import Located, Problem, parse
from ssp_emulator.settings import FAULTS, Settings, TlsSide

if TYPE_CHECKING:
    from pathlib import Path

    from ssp_emulator.complaints import Key


class Configuration:
    """Settings together with the file they came from: paths resolved, problems named with its lines."""

    def __init__(self, document: Located, settings: Settings, folder: Path) -> None:
        self._document = document
        self._folder = folder
        self.settings = settings

    @property
    def file(self) -> str:
        """The file's name, for messages."""
        return self._document.file

    def path(self, path: Path) -> Path:
        """Return a path of the settings as one that can be opened; those from the file are relative to its folder."""
        return tidy(self._folder / path)

    def problem(self, key: str, message: str) -> Problem:
        """Name a problem at a dotted key, such as `proxy.tls.key`."""
        return self._document.problem(tuple(key.split(".")), message)

    def problem_at(self, key: Key, message: str) -> Problem:
        """Name a problem at a key with places in lists, such as `("faults", "scenarios", 0)`."""
        return self._document.problem(key, message)

    @property
    def fault_context(self) -> Context:
        """What fault rules are validated with."""
        return Context(self.path(self.settings.faults.folder))

    def missing_files(self, side: TlsSide | None = None) -> list[Problem]:
        """Return a problem for each certificate, key, trust or revocation file that cannot be read."""
        problems = []
        for key, path in self.tls_files(side).items():
            if (why := unreadable(path)) is not None:
                problems.append(self.problem(key, f"cannot read {path}: {why}"))
        return problems

    @property
    def listeners(self) -> dict[str, Address]:
        """Where each listener is to be, by its dotted key; one that is not wanted is not there."""
        settings = self.settings
        named = {
            "proxy.listen": settings.proxy.listen,
            "admin.listen": settings.admin.listen,
            "sds.listen": settings.sds.listen,
        }
        return {key: Address.parse(text) for key, text in named.items() if text is not None}

    def clashes(self) -> list[Problem]:
        """Return a problem for each listener that is told to listen where another does."""
        listeners = self.listeners
        return [
            self.problem(other, f"{listeners[other]} is where {key} ({listeners[key]}) listens; name another port")
            for key, other in ports.clashes(listeners)
        ]

    def tls_files(self, side: TlsSide | None = None) -> dict[str, Path]:
        """Return each file that TLS needs, on one side or on both, by its dotted key."""
        consumers, providers = self.settings.proxy.tls, self.settings.providers.tls
        files = {
            "proxy.tls.certificate": consumers.certificate,
            "proxy.tls.key": consumers.key,
            "proxy.tls.trust": consumers.trust,
            "proxy.tls.crl": consumers.crl,
            "providers.tls.certificate": providers.certificate,
            "providers.tls.key": providers.key,
            "providers.tls.trust": providers.trust,
        }
        return {
            key: self.path(path)
            for key, path in files.items()
            if path is not None and (side is None or key.startswith(f"{side}."))
        }


def read(path: Path) -> Configuration:
    """Read and validate `emulator.yaml`. Raises `InvalidFileError` with every problem that it has."""
    document = parse(text_of(path), str(path))
    return Configuration(document, document.validated(Settings, _context(document, path.parent)), path.parent)


def _context(document: Located, folder: Path) -> Context:
    """Return what fault rules are validated with, which the document itself says before it is known to be valid."""
    faults = document.data.get("faults") if isinstance(document.data, dict) else None
    said = faults.get("folder") if isinstance(faults, dict) else None
    return Context(tidy(folder / (said if isinstance(said, str) and "\0" not in said else FAULTS)))
