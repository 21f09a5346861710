"""A report: what a process that serves consumers tells of itself, in this process or over a channel."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Report:
    """How a process stands; each reason is None where all is well.

    `idle` is why it takes no connections, `expired` what is wrong with the certificate that it shows, `closed` why its
    journal lets no request through, and `failing` what is wrong with it. Counts are those of `audit.dials.Readings`.
    """

    idle: str | None = None
    expired: str | None = None
    closed: str | None = None
    failing: str | None = None
    connections: int = 0
    records: int = 0
    failures: int = 0
    unsynced: int | None = 0

    def json(self) -> dict[str, Any]:
        """Return it as JSON's types."""
        return asdict(self)

    @classmethod
    def of(cls, said: dict[str, Any]) -> Self:
        """Return the report that was told so."""
        return cls(**said)
