"""A report: what a process that serves consumers tells of itself, in this process or over a channel."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from ssp_emulator.audit.auditing import Auditing


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

    @classmethod
    def of_auditing(cls, auditing: Auditing) -> Self:
        """Return how a trail stands, of a process that has no consumers."""
        return cls(
            closed=auditing.trail.closed,
            failing=auditing.trail.failure,
            records=auditing.journal.last.sequence,
            failures=auditing.trail.failures,
            unsynced=auditing.durability.behind,
        )

    def json(self) -> dict[str, Any]:
        """Return it as JSON's types."""
        return asdict(self)

    @classmethod
    def of(cls, said: dict[str, Any]) -> Self:
        """Return the report that was told so."""
        return cls(**said)
