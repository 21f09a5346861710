"""What all peers of a run share: a temporary folder, certificates of the emulated PKI, and the provider's documents."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from load import sheets

from ssp_emulator.pki.authority import Role
from ssp_emulator.pki.folder import CertificateFolder
from ssp_emulator.pki.initialising import ensure
from ssp_emulator.pki.issuing import issue
from ssp_emulator.pki.names import Names
from ssp_emulator.proxy.tls import CIPHERS

if TYPE_CHECKING:
    from load.job import Sheet

    from ssp_emulator.directory.loading import Registry

KIB, MIB = 1024, 1024 * 1024
SMALL, LARGE, HUGE = 1000, 4 * MIB, 250 * MIB
BODY_SIZES = (KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, MIB, 4 * MIB, 16 * MIB)
PROVIDER_NAME = "gp.example.nhs.uk"

_TEMPLATES = Path(__file__).parent
_BEFORE = b'{"resourceType":"Binary","contentType":"application/octet-stream","content":"'
_AFTER = b'"}'
_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_PIECE = MIB


@dataclass(frozen=True, slots=True)
class Setting:
    """The folder of a run, and what is in it."""

    folder: Path
    certificates: CertificateFolder
    documents: dict[int, int]  # the CRC-32 of each, by its size

    def sheet(self, registry: Registry, host: str, size: int, interaction: str = sheets.READ) -> Sheet:
        """Return the sheet of a request for the document of that size, which knows a right answer."""
        made = sheets.sheet(registry, host, f"size-{size}", interaction)
        return replace(made, length=size, crc32=self.documents[size])

    def filled(self, template: str, **values: object) -> Path:
        """Write a configuration template into the folder with its blanks filled, and return its path."""
        text = (_TEMPLATES / template).read_text(encoding="utf-8")
        values |= {"FOLDER": self.folder, "CERTS": self.certificates.root, "CIPHERS": CIPHERS}
        for name, value in values.items():
            text = text.replace(f"@{name}@", str(value))
        path = self.folder / template
        path.write_text(text, encoding="utf-8")
        return path


def laid_out(folder: Path, sizes: tuple[int, ...]) -> Setting:
    """Make certificates, and documents of those sizes. The provider has a certificate for `localhost` as well."""
    certificates = CertificateFolder(folder / "certs")
    now = datetime.now(UTC)
    ensure(certificates, Names(), now=now)
    issue(certificates, "localhost", Role.PROVIDER, now=now)
    (folder / "documents").mkdir()
    return Setting(folder, certificates, {size: _write(folder / "documents" / f"size-{size}", size) for size in sizes})


def sizes_for(*, quick: bool) -> tuple[int, ...]:
    """Return the sizes of the documents that a run asks for."""
    return (SMALL,) if quick else (SMALL, *BODY_SIZES, HUGE)


def _write(path: Path, size: int) -> int:
    """Write a FHIR Binary of that many bytes, and return its CRC-32."""
    left, crc32 = size - len(_BEFORE) - len(_AFTER), 0
    pattern = _LETTERS * (_PIECE // len(_LETTERS))
    with path.open("wb") as file:
        for piece in (_BEFORE, *(pattern for _ in range(left // _PIECE)), pattern[: left % _PIECE], _AFTER):
            file.write(piece)
            crc32 = zlib.crc32(piece, crc32)
    return crc32
