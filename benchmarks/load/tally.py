"""What came of a load: how long each answer took, which statuses came, and what went wrong."""

from __future__ import annotations

import base64
import json
import math
from array import array
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

OK = 200


@dataclass(slots=True)
class Tally:
    """What came of one load through one door. `latencies` are seconds, of right answers with status 200 alone."""

    latencies: array[float] = field(default_factory=lambda: array("d"))
    served: array[float] = field(default_factory=lambda: array("d"))  # of a paced load: from when it was sent
    statuses: Counter[int] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    wire_bytes: int = 0
    retry_after: int = 0
    resumed: int = 0
    refusal: str = ""  # the beginning of the first
    seconds: float = 0.0
    cpu_s: float = 0.0  # the load generator's own

    @property
    def answered(self) -> int:
        """How many answers came, whatever their status."""
        return self.statuses.total()

    @property
    def right(self) -> int:
        """How many answers were right."""
        return len(self.latencies)

    @property
    def rate(self) -> float:
        """Right answers a second."""
        return self.right / self.seconds if self.seconds else 0.0

    def quantile_ms(self, share: float) -> float:
        """Return the latency, in ms, that such a share of right answers kept within; NaN without any."""
        return quantile(self.latencies, share) * 1000

    @property
    def trouble(self) -> str:
        """What was not right, in a line; nothing where all was."""
        if self.right and self.right == self.answered and not self.errors:
            return ""
        statuses = ", ".join(f"{count} x {status}" for status, count in self.statuses.items())
        errors = ", ".join(f"{count} x {kind}" for kind, count in self.errors.items())
        return " ".join(filter(None, (statuses or "no answer", errors, self.refusal)))

    def add(self, other: Tally) -> None:
        """Take in what came of the same load from another process, at the same time."""
        self.latencies.extend(other.latencies)
        self.served.extend(other.served)
        self.statuses += other.statuses
        self.errors += other.errors
        self.wire_bytes += other.wire_bytes
        self.retry_after += other.retry_after
        self.resumed += other.resumed
        self.refusal = self.refusal or other.refusal
        self.seconds = max(self.seconds, other.seconds)
        self.cpu_s += other.cpu_s

    def to_json(self) -> str:
        """Return the tally as one line."""
        return json.dumps(
            {
                "latencies": _packed(self.latencies),
                "served": _packed(self.served),
                "statuses": {str(status): count for status, count in self.statuses.items()},
                "errors": dict(self.errors),
                "wire_bytes": self.wire_bytes,
                "retry_after": self.retry_after,
                "resumed": self.resumed,
                "refusal": self.refusal,
                "seconds": self.seconds,
                "cpu_s": self.cpu_s,
            }
        )

    @classmethod
    def from_json(cls, text: str) -> Tally:
        """Read what `to_json` wrote."""
        fields = json.loads(text)
        return cls(
            latencies=_unpacked(fields.pop("latencies")),
            served=_unpacked(fields.pop("served")),
            statuses=Counter({int(status): count for status, count in fields.pop("statuses").items()}),
            errors=Counter(fields.pop("errors")),
            **fields,
        )


def quantile(values: Sequence[float], share: float) -> float:
    """Return the least of some values that such a share of them does not exceed; NaN of none."""
    if not values:
        return math.nan
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _packed(seconds: array[float]) -> str:
    return base64.b64encode(seconds.tobytes()).decode()


def _unpacked(text: str) -> array[float]:
    seconds = array("d")
    seconds.frombytes(base64.b64decode(text))
    return seconds
