"""A consumer's connection that is none: it keeps what effects do to it, in the order in which they do."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

from ssp_emulator.message import Framing

if TYPE_CHECKING:
    from ssp_emulator.faults.effects.effect import Ending
    from ssp_emulator.faults.firing import Firing
    from ssp_emulator.message import Head


class Over(Exception):  # noqa: N818 - it is a fact, not an error
    """An effect has ended the exchange, or waits for its end."""


class Consumer:
    """The end of a chain of deliveries, and the wire beside it.

    `did` are the things that were done, each with what it was done with: `begin`, `write`, `flush`, `raw`, `end` and
    `left`.
    """

    def __init__(self, *, reused: bool = False, takes_chunks: bool = True) -> None:
        self.did: list[tuple[Any, ...]] = []
        self.reused = reused
        self.takes_chunks = takes_chunks
        self.has_body = False

    async def begin(self, head: Head, *, closes: bool = False) -> None:
        """Take a head."""
        self.has_body = head.framing is not Framing.NONE
        self.did.append(("begin", head.framing, closes))

    async def write(self, piece: bytes, *, last: bool) -> None:
        """Take a piece."""
        self.did.append(("write", piece, last))

    async def flush(self) -> None:
        """Take note."""
        self.did.append(("flush",))

    async def raw(self, data: bytes) -> None:
        """Take bytes."""
        self.did.append(("raw", data))

    async def end(self, how: Ending) -> NoReturn:
        """End."""
        self.did.append(("end", how))
        raise Over

    async def left(self) -> NoReturn:
        """Be there no more."""
        self.did.append(("left",))
        raise Over

    @property
    def written(self) -> list[bytes]:
        """The pieces that were written, without the empty ones."""
        return [what[1] for what in self.did if what[0] == "write" and what[1]]


async def deliver(effect: Any, consumer: Consumer, firing: Firing, head: Head, *pieces: bytes) -> list[tuple[Any, ...]]:
    """Send an answer through an effect, piece by piece; return what was done until it was over."""
    way = effect.around(consumer, consumer, firing)
    with suppress(Over):
        await way.begin(head)
        for place, piece in enumerate(pieces, 1):
            await way.write(piece, last=place == len(pieces))
    return consumer.did


async def instead(effect: Any, consumer: Consumer, firing: Firing) -> list[tuple[Any, ...]]:
    """Have an effect act in place of an answer; return what it did."""
    with suppress(Over):
        assert await effect.instead(None, consumer, firing) is None
    return consumer.did
