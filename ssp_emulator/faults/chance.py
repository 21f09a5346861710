"""Chance that can be had again: numbers that depend on a seed, a rule and a count, and on nothing else.

A generator that all rules share would give each of them other numbers as soon as traffic comes in another order. A hash
has no state to share, and is the same on every platform and in every release of Python.

Source: RFC 7693 (BLAKE2b); FIPS 202 (SHAKE256).
"""

from __future__ import annotations

import hashlib

_SIZE = 8  # bytes
_ALL = 1 << 64


def happens(probability: float, seed: int, rule: str, count: int) -> bool:
    """Tell whether something of a probability (0 to 1) happens to a rule's match of that count."""
    said = _said(seed, rule, count, "decision")
    return int.from_bytes(hashlib.blake2b(said, digest_size=_SIZE).digest(), "big") < probability * _ALL


class Draws:
    """What one effect draws for one request: the same numbers, in the same order, for the same seed, rule and count."""

    def __init__(self, seed: int, rule: str, count: int, purpose: str) -> None:
        self._source = hashlib.shake_256(_said(seed, rule, count, purpose))
        self._drawn = 0

    def bytes(self, size: int) -> bytes:
        """Return so many bytes."""
        self._drawn += 1
        source = self._source.copy()
        source.update(b"\n%d" % self._drawn)
        return source.digest(size)

    def random(self) -> float:
        """Return a number from 0 to 1, and never 1 itself."""
        return (int.from_bytes(self.bytes(_SIZE), "big") >> 11) * 2.0**-53

    def below(self, limit: int) -> int:
        """Return a whole number from 0 to one below a limit."""
        return int(self.random() * limit)


def _said(seed: int, rule: str, count: int, purpose: str) -> bytes:
    return f"{seed}\n{rule}\n{count}\n{purpose}".encode()
