"""Connections: whether a consumer uses one again that it could have used."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ssp_emulator.audit.advice.memory import Memory

if TYPE_CHECKING:
    from ssp_emulator.exchange import Exchange

# Few servers close an idle connection sooner; a consumer that asks less often had none to use again.
WITHIN_S = 5.0


class _Left(NamedTuple):
    """When a consumer's last exchange was over, whether its connection was good for another, and how many were not."""

    ended: float
    reusable: bool
    unused: int


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
        before = self._left.get(consumer)
        unused = 0
        if before is not None and exchange.nth == 1:
            in_vain = before.reusable and 0 <= exchange.started - before.ended <= WITHIN_S
            unused = before.unused + in_vain
        last = ended if before is None else max(ended, before.ended)
        self._left.put(consumer, _Left(last, _is_reusable(exchange), unused))
        return unused


def _is_reusable(exchange: Exchange) -> bool:
    """Tell whether nothing but the consumer can have ended the connection."""
    answered = exchange.status is not None and not exchange.broken_off
    return answered and exchange.denial is None and not exchange.firings
