"""Retries: the same request again, soon after it failed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ssp_emulator.audit.advice.bodies import has_body
from ssp_emulator.audit.advice.memory import Memory, digest

if TYPE_CHECKING:
    from ssp_emulator.exchange import Exchange

WITHIN_S = 60.0  # later than that, it may well be a person who tries again
_PAUSES = 5  # as many are remembered
_TRANSIENT = frozenset({429, 444, 499})


class Retry(NamedTuple):
    """An attempt behind one that failed: which it is, from 1; the latest pauses, its own last; how that one failed."""

    number: int
    pauses_s: tuple[float, ...]
    failure: str


@dataclass(frozen=True, slots=True)
class _Failed:
    """How an attempt failed, when it was over, and which retry it was itself."""

    ended: float
    failure: str
    retries: int
    pauses_s: tuple[float, ...]


class Retrying:
    """Follows requests from failure to failure. Takes how many failed ones are remembered, and a key for digests.

    A request with a body is left alone: whether two of them ask for the same thing cannot be told from their heads.
    """

    def __init__(self, room: int, key: bytes) -> None:
        self._key = key
        self._failed: Memory[int, _Failed] = Memory(room)

    def __len__(self) -> int:
        return len(self._failed)

    def meet(self, exchange: Exchange, ended: float) -> Retry | None:
        """Take note of an exchange that is over, and when; return which retry it was, None where it was none."""
        failure = failure_of(exchange)
        if (failure is None and not self._failed) or has_body(exchange):
            return None
        parts = (exchange.from_asid, exchange.to_asid, exchange.method, exchange.target_text)
        asked = digest(" ".join(map(str, parts)), self._key)
        before = self._failed.get(asked)
        if before is not None and exchange.started < before.ended:  # at the same time, and so no answer to a failure
            return None
        retry = None
        if before is not None and (pause_s := exchange.started - before.ended) <= WITHIN_S:
            retry = Retry(before.retries + 1, (*before.pauses_s, pause_s)[-_PAUSES:], before.failure)
        if failure is None:
            self._failed.forget(asked)
        else:
            number, pauses_s = (retry.number, retry.pauses_s) if retry is not None else (0, ())
            self._failed.put(asked, _Failed(ended, failure, number, pauses_s))
        return retry


def failure_of(exchange: Exchange) -> str | None:
    """Return how an exchange failed in a way that may pass, for people; None where it did not."""
    status = exchange.status
    if status is None:
        return "no answer"
    if status >= 500 or status in _TRANSIENT:
        return str(status)
    return f"{status}, broken off" if exchange.broken_off else None
