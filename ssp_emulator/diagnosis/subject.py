"""The subject: what is diagnosed, read as far as it can be, so that what is broken keeps no collector from its work."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Generic, TypeVar

from ssp_emulator import config
from ssp_emulator.admin.token import VARIABLE
from ssp_emulator.config import Configuration
from ssp_emulator.errors import SetupError
from ssp_emulator.files import unreadable
from ssp_emulator.located import Located
from ssp_emulator.pki.folder import CertificateFolder
from ssp_emulator.plan import read_registry
from ssp_emulator.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from ssp_emulator.clock import Clock
    from ssp_emulator.directory.loading import Registry

T = TypeVar("T")
_LONGEST_TOKEN = 4096


class Later(Generic[T]):
    """Something that may take long, or for ever: made in a thread that ends with the process."""

    def __init__(self, make: Callable[[], T], patience_s: float) -> None:
        self._make = make
        self._made: T | None = None
        self._error: Exception | None = None
        self._patience_s = patience_s
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def get(self) -> T:
        """Wait for it, and return it. Raises what making it raised, and `TimeoutError`."""
        self._thread.join(self._patience_s)
        if self._error is not None:
            raise self._error
        if self._made is None:
            raise TimeoutError(f"it takes longer than {self._patience_s:g} s")
        return self._made

    def _run(self) -> None:
        try:
            self._made = self._make()
        except Exception as error:  # noqa: BLE001 - whoever asks for it is told
            self._error = error


class Subject:
    """What is diagnosed. `broken` says why the configuration cannot be used; the defaults then stand for it."""

    def __init__(self, path: Path, clock: Clock, environment: Mapping[str, str], patience_s: float) -> None:
        self.path = path
        self.clock = clock
        self.environment = environment
        self.broken: tuple[str, ...] = ()
        try:
            self.configuration = Later(lambda: config.read(path), patience_s).get()
        except SetupError as error:
            self.broken = error.lines
        except Exception as error:  # noqa: BLE001 - a defect of ours should not hide what else there is to find
            self.broken = (f"{path}: {type(error).__name__}: {error}",)
        if self.broken:
            self.configuration = Configuration(Located(str(path), None, None), Settings(), path.parent)
        self.registry: Later[Registry] = Later(lambda: read_registry(self.configuration), patience_s)

    @property
    def settings(self) -> Settings:
        """The settings, or the defaults."""
        return self.configuration.settings

    @property
    def certificates(self) -> CertificateFolder:
        """The folder of the emulated PKI."""
        return CertificateFolder(self.configuration.path(self.settings.certificates))

    @property
    def journal(self) -> Path:
        """The audit journal."""
        return self.configuration.path(self.settings.audit.journal)

    def secrets(self) -> list[str]:
        """Return the secrets that are known by where they are; each is to be said nowhere."""
        found = [self.environment.get(VARIABLE, "")]
        named = self.settings.admin.token
        if named is None:
            return found
        path = self.configuration.path(named)
        try:
            if unreadable(path) is None:
                with path.open(encoding="utf-8", errors="replace") as file:
                    found += file.read(_LONGEST_TOKEN).splitlines()
            elif not path.exists():  # somebody may have written the token where its file should be named
                found += [str(named), str(path)]
        except OSError:
            pass
        return found
