"""What the demo provider is told: where it listens, its certificate, and the practices that it answers for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Self

    from ssp_emulator.pki.folder import CertificateFolder


@dataclass(frozen=True)
class Practice:
    """A GP practice that the provider's system answers for.

    `base_path` is where its FHIR server begins on this socket; `service_root` is the address by which the
    rest of the NHS knows that place. `closed_because` is empty at a practice that shares its documents, and
    otherwise says, as diagnostics, why everything here is refused.
    """

    ods_code: str
    asid: str
    base_path: str
    service_root: str
    closed_because: str = ""


DISABLED_PRACTICE = Practice(
    ods_code="A20048",
    asid="200000000117",
    base_path="/A20048/STU3/1/gpconnect/documents",
    service_root="https://gp.example.nhs.uk/A20048/STU3/1/gpconnect/documents",
    closed_because="The Access Document capability is disabled at this practice.",
)


def utc_today() -> date:
    """Return today's date in UTC: the clock that is used where none is given."""
    return datetime.now(UTC).date()


@dataclass(frozen=True, kw_only=True)
class ProviderSettings:
    """All that a demo provider needs to start.

    `certificate`, `key` and `trust` (the chain that client certificates must lead up to) are PEM files.
    Port 0 takes any that is free. `access_period_days` is how long after a death the record stays open.
    """

    certificate: Path
    key: Path
    trust: Path
    host: str = "localhost"
    port: int = 9443
    proxy_fqdn: str = "ssp.example.nhs.uk"
    asid: str = "200000000116"
    base_path: str = "/A20047/STU3/1/gpconnect/documents"
    service_root: str = "https://gp.example.nhs.uk/A20047/STU3/1/gpconnect/documents"
    access_period_days: int = 28
    today: Callable[[], date] = utc_today
    neighbours: tuple[Practice, ...] = (DISABLED_PRACTICE,)

    @classmethod
    def of(cls, folder: CertificateFolder, **others: Any) -> Self:
        """Return settings with the provider's files of an emulated PKI; takes the others by their names."""
        files = folder.provider
        return cls(certificate=files.certificate, key=files.key, trust=folder.chain, **others)

    @property
    def practices(self) -> tuple[Practice, ...]:
        """The practice at `base_path`, and then its neighbours."""
        return (Practice("A20047", self.asid, self.base_path, self.service_root), *self.neighbours)
