"""The past: what earlier exchanges leave behind for judging the next, in bounded room."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ssp_emulator.audit.advice.connecting import Connecting
from ssp_emulator.audit.advice.memory import Memory, digest
from ssp_emulator.audit.advice.retrying import Retrying

if TYPE_CHECKING:
    from ssp_emulator.audit.advice.retrying import Retry
    from ssp_emulator.exchange import Exchange

ROOM = 20_000
# Tokens tell time in whole seconds, and have nothing else that is new each time: two of the same second may be alike.
ALIKE_S = 2.0


class Seen(NamedTuple):
    """What an exchange has to do with those before it.

    How many seconds ago its trace ID was used before, and its token for the first time, None where they were not or
    that is not certain; which retry it is; and how many connections in a row, its own too, were opened while another
    could have been used again.
    """

    trace_id_s: float | None = None
    token_s: float | None = None
    retry: Retry | None = None
    connections: int = 0


NOTHING = Seen()


class Past:
    """Remembers exchanges, as many as there is `room` for; of tokens, only digests under a key."""

    def __init__(self, key: bytes, room: int = ROOM) -> None:
        self._key = key
        self._trace_ids: Memory[str, float] = Memory(room)
        self._tokens: Memory[int, float] = Memory(room)
        self._retrying = Retrying(room, key)
        self._connecting = Connecting(room)

    def meet(self, exchange: Exchange) -> Seen:
        """Take note of an exchange that is over, and return what it has to do with those before it."""
        started = exchange.started
        ended = started + (exchange.timings.total or 0.0)
        trace_id = exchange.trace_id
        used_before = self._trace_ids.put(trace_id.lower(), started) if trace_id else None
        token_s = self._token_s(exchange)
        retry = self._retrying.meet(exchange, ended)
        connections = self._connecting.meet(exchange, ended)
        if used_before is None and token_s is None and retry is None and not connections:
            return NOTHING
        return Seen(_since(used_before, started), token_s, retry, connections)

    def _token_s(self, exchange: Exchange) -> float | None:
        token = _token(exchange)
        if not token:
            return None
        key = digest(token, self._key)
        first = self._tokens.put(key, exchange.started)
        if first is None:
            return None
        self._tokens.put(key, first)
        since = _since(first, exchange.started)
        return since if since is not None and since >= ALIKE_S else None

    def __len__(self) -> int:
        return max(len(self._trace_ids), len(self._tokens), len(self._retrying), len(self._connecting))


def _since(before: float | None, now: float) -> float | None:
    return abs(now - before) if before is not None else None  # of two at a time, the later may be over first


def _token(exchange: Exchange) -> str:
    """Return the bearer token; empty where there is none that can be read."""
    if exchange.claims is None:
        return ""
    return (exchange.sole("Authorization") or "").partition(" ")[2].strip(" ")
