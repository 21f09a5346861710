"""What a verification found: for each chain what is there, what is wrong with it, and what of it still holds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from ssp_emulator.audit.chain import Link

MOST_NAMED = 100  # problems of a chain, and ranges that hold; the others are counted

Kind = Literal[
    "altered",  # its bytes are not those that the record after it, or the anchor, vouches for
    "missing",
    "out of order",
    "cut off",  # it had been written whole, and the end of its line is gone
    "duplicate",
    "foreign",  # of another chain
    "not a record",
    "anchor",  # the anchor is not there, cannot be read, or contradicts the journal
    "misnamed",  # a segment's name is not that of its first record
    "unreadable",
    "given up",  # there is so much wrong that the rest was not looked at
    "torn",  # what a crash in the middle of a write leaves, and no problem: the answer was never completed
]


class Place(NamedTuple):
    """Where something stands: the file's name, and the line's number from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Span(NamedTuple):
    """Records from one sequence number to another, both included."""

    first: int
    last: int

    def __str__(self) -> str:
        return f"record {self.first:,}" if self.first == self.last else f"records {self.first:,} to {self.last:,}"

    @property
    def are(self) -> str:
        """The verb that goes with them."""
        return "is" if self.first == self.last else "are"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, in a sentence, with which records and where; None where it is about no record, or no place."""

    kind: Kind
    text: str
    records: Span | None = None
    place: Place | None = None

    def json(self) -> dict[str, Any]:
        """Return it as JSON's types."""
        return {
            "kind": self.kind,
            "records": _span(self.records) if self.records is not None else None,
            "file": self.place.file if self.place is not None else None,
            "line": self.place.line if self.place is not None else None,
            "text": self.text,
        }


@dataclass(slots=True)
class Gaps:
    """What the records themselves say is missing before them: no sign of tampering.

    In so many records; requests that could not be written down, and bytes of records that a crash had torn.
    """

    records: int = 0
    unrecorded: int = 0
    torn_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong with a chain, in the chain's order; which of its records hold; and its ends as they were found."""

    problems: tuple[Problem, ...]
    holds: tuple[Span, ...]
    torn: Problem | None
    first: int | None
    head: Link | None


@dataclass(frozen=True, slots=True)
class Chain:
    """One worker's chain: how many records are there, and how many retention has removed."""

    worker: int
    records: int
    removed: int
    gaps: Gaps
    verdict: Verdict

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong; with a torn last line nothing is."""
        return not self.verdict.problems

    def json(self) -> dict[str, Any]:
        """Return it as JSON's types."""
        verdict = self.verdict
        return {
            "worker": self.worker,
            "sound": self.sound,
            "records": self.records,
            "removed": self.removed,
            "first": verdict.first,
            "last": verdict.head.sequence if verdict.head is not None else None,
            "head": verdict.head.digest if verdict.head is not None else None,
            "problems": [problem.json() for problem in verdict.problems[:MOST_NAMED]],
            "problems_not_named": max(0, len(verdict.problems) - MOST_NAMED),
            "holds": [_span(span) for span in verdict.holds[:MOST_NAMED]],
            "holds_not_named": max(0, len(verdict.holds) - MOST_NAMED),
            "torn": verdict.torn.json() if verdict.torn is not None else None,
            "gaps": asdict(self.gaps),
        }


@dataclass(frozen=True, slots=True)
class Report:
    """Every chain of a trail, by worker."""

    chains: tuple[Chain, ...]

    @property
    def sound(self) -> bool:
        """Whether there is a trail, and nothing is wrong with any of its chains."""
        return bool(self.chains) and all(chain.sound for chain in self.chains)

    def json(self) -> dict[str, Any]:
        """Return it as JSON's types."""
        return {
            "sound": self.sound,
            "records": {
                "kept": sum(chain.records for chain in self.chains),
                "removed": sum(chain.removed for chain in self.chains),
            },
            "chains": [chain.json() for chain in self.chains],
        }


def _span(span: Span) -> dict[str, int]:
    return {"first": span.first, "last": span.last}
