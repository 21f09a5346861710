"""What is remembered of earlier exchanges, in bounded room."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Memory(Generic[K, V]):
    """Values by keys; where there are more than `room`, the one that was put there longest ago goes."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._values: OrderedDict[K, V] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: K) -> V | None:
        """Return what was put there under a key."""
        return self._values.get(key)

    def put(self, key: K, value: V) -> V | None:
        """Put a value there, and return the one that was there before."""
        before = self._values.pop(key, None)
        self._values[key] = value
        if len(self._values) > self._room:
            self._values.popitem(last=False)
        return before

    def forget(self, key: K) -> None:
        """Forget what is there under a key, if anything."""
        self._values.pop(key, None)


def digest(text: str, key: bytes) -> int:
    """Return what stands for a text that is too long to keep, or nobody's business; without the key it says nothing.

    It is good in this process alone. It has 64 bits: once in 10^15 times a new text is taken for one of 20,000 others,
    and an advisory is wrong for it. A cryptographic digest takes five times as long, for each request.
    """
    return hash((key, text))
