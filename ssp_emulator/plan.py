"""What an emulator is to be: its configuration and its registry, read and validated whole before anything starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ssp_emulator import config
from ssp_emulator.directory import loading
from ssp_emulator.pki.folder import CertificateFolder

if TYPE_CHECKING:
    from pathlib import Path

    from ssp_emulator.config import Configuration
    from ssp_emulator.directory.loading import Registry


@dataclass(frozen=True, slots=True)
class Plan:
    """A configuration and the registry that it names, each valid in itself."""

    configuration: Configuration
    registry: Registry

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
        return any(folder in self.configuration.path(path).parents for path in self.configuration.tls_files().values())

    @property
    def makes_certificates(self) -> bool:
        """Whether starting makes the emulated PKI: it is used, and nothing of it is there yet."""
        return self.uses_emulated_pki and not any(path.exists() for path in self.certificates.files)


def read_plan(path: Path) -> Plan:
    """Read `emulator.yaml` and the registry that it names. Raises `InvalidFileError`."""
    configuration = config.read(path)
    registry = configuration.path(configuration.settings.registry)
    return Plan(configuration, loading.load(config.text_of(registry), str(registry)))
