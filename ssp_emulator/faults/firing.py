"""A firing: one rule's effect on one request, and what it did."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ssp_emulator.faults.chance import Draws


@dataclass
class Firing:
    """What the audit tells of one rule on one request.

    `count` is how many requests the rule had matched by then, this one included, or where a request asked for it by
    name (`asked`), how many had asked. `did` says in words what the effect has done, and stays empty where the exchange
    did not come to that.
    """

    rule: str
    kind: str
    count: int
    asked: bool = False
    seed: int = 0
    did: list[str] = field(default_factory=list)

    @cached_property
    def draws(self) -> Draws:
        """Chance of this firing's own."""
        return Draws(self.seed, self.rule, self.count, "asked" if self.asked else "effect")

    def note(self, what: str) -> None:
        """Write down what the effect has done."""
        if what not in self.did:
            self.did.append(what)

    def record(self) -> dict[str, Any]:
        """Return what the audit record says of it."""
        return {
            "rule": self.rule,
            "kind": self.kind,
            "count": self.count,
            "asked": self.asked,
            "did": "; ".join(self.did) or None,
        }
