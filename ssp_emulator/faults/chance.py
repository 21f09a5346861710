"""Chance that can be had again: numbers that depend on a seed, a rule and a count, and on nothing else.

A generator that all rules share would give each of them other numbers as soon as traffic comes in another order. A hash
has no state to share, and is the same on every platform and in every release of Python.

Source: RFC 7693 (BLAKE2b).
"""

from __future__ import annotations

import hashlib

_SIZE = 8  # bytes
_ALL = 1 << 64


def number(seed: int, rule: str, count: int, purpose: str = "decision") -> int:
    """Return a whole number from 0 to 2**64 - 1."""
    said = f"{seed}\n{rule}\n{count}\n{purpose}".encode()
    return int.from_bytes(hashlib.blake2b(said, digest_size=_SIZE).digest(), "big")


def happens(probability: float, seed: int, rule: str, count: int) -> bool:
    """Tell whether something of a probability (0 to 1) happens to a rule's match of that count."""
    return number(seed, rule, count) < probability * _ALL
