"""Settling in: what a process does once, when all is made that stays as long as it serves."""

from __future__ import annotations

import gc

# Objects in cycles are looked for after so many more were made than freed. A request leaves none behind, a connection
# some twenty. With Python's own 700 it would look at those that are under way again and again.
_YOUNG, _OLDER, _OLDEST = 10_000, 20, 100


def settle_in() -> None:
    """Have the garbage collector leave what is there now alone, and look less often; for a process that serves."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _OLDER, _OLDEST)
