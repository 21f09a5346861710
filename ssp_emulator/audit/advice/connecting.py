"""Connections: whether a consumer uses one again that it could have used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ssp_emulator.audit.advice.memory import Memory

if TYPE_CHECKING:
    from ssp_emulator.exchange import Exchange

# Few servers close an idle connection sooner; a consumer that asks less often had none to use again.
WITHIN_S = 5.0


@dataclass(slots=True)
class _Left:
    """When a consumer's last exchange was over, whether its connection was good for another, and how many were not."""

    ended: float
    reusable: bool = False
    unused: int = 0


class Connecting:
    """Counts connections that were opened in vain. Takes how many consumers are remembered."""

    def __init__(self, room: int) -> None:
        self._left: Memory[tuple[str | None, str], _Left] = Memory(room)

    def __len__(self) -> int:
        return len(self._left)

    def meet(self, exchange: Exchange, ended: float) -> int:
        """Take note of an exchange that is over, and when.

        Returns how many connections in a row its consumer has opened, this one too, while the one before was there to
        be used again. Connections that are open at the same time are not counted: the earlier one was still in use.
        """
        consumer = exchange.from_asid, exchange.client.host
        left = self._left.get(consumer)
        if left is None:
            left = _Left(ended)
        elif exchange.nth != 1:
            left.unused = 0
        elif left.reusable and 0 <= exchange.started - left.ended <= WITHIN_S:
            left.unused += 1
        if ended > left.ended:
            left.ended = ended
        left.reusable = _is_reusable(exchange)
        self._left.put(consumer, left)
        return left.unused


def _is_reusable(exchange: Exchange) -> bool:
    """Tell whether nothing but the consumer can have ended the connection."""
    answered = exchange.status is not None and not exchange.broken_off
    return answered and exchange.denial is None and not exchange.firings
