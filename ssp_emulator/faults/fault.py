"""A fault: all that fired on one request, put together in one order, whatever order the rules are in.

Stage by stage, as `Stage` has them; within a stage in the order of the rules. Waits and delays add up, changes come one
upon the other, and of those that answer instead the first that acts wins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from ssp_emulator.faults.effects.effect import Stage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from ssp_emulator.exchange import Exchange
    from ssp_emulator.faults.effects.effect import (
        Around,
        Delivery,
        Door,
        Effect,
        Greets,
        Imitation,
        Instead,
        Uploads,
        Waits,
        Wire,
    )
    from ssp_emulator.faults.firing import Firing
    from ssp_emulator.outcome import Denial

_OF_THE_ANSWER = (Stage.CONTENT, Stage.DELAY, Stage.PACE, Stage.CUT)


class Fired(NamedTuple):
    """An effect, and the firing that it notes what it does on."""

    effect: Effect
    firing: Firing


class Fault:
    """What happens to one request."""

    def __init__(self, fired: Sequence[Fired] = ()) -> None:
        self._fired = tuple(fired)

    @property
    def firings(self) -> list[Firing]:
        """Each rule that fired, in the order of the rules."""
        return [firing for _, firing in self._fired]

    async def wait(self) -> None:
        """Keep the request waiting."""
        for effect, firing in self._at(Stage.WAIT):
            await cast("Waits", effect).wait(firing)

    async def instead(self, exchange: Exchange, wire: Wire) -> Denial | Imitation | None:
        """Return what is answered instead, if anything; the connection may be ended here."""
        waiting = list(self._at(Stage.INSTEAD))
        while waiting:
            (effect, firing), *waiting = waiting
            for _, other in waiting:  # noted ahead: an effect that ends the connection does not come back
                other.note(f"nothing: {firing.rule} came first")
            if (answer := await cast("Instead", effect).instead(exchange, wire, firing)) is not None:
                return answer
            for _, other in waiting:
                other.did.clear()
        return None

    def upload(self, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Return the body of the request as it is to go on."""
        for effect, firing in self._at(Stage.UPLOAD):
            body = cast("Uploads", effect).upload(body, firing)
        return body

    def delivery(self, last: Delivery, wire: Wire) -> Delivery:
        """Return the way of the answer, that ends in another."""
        delivery = last
        for stage in reversed(_OF_THE_ANSWER):
            for effect, firing in reversed(list(self._at(stage))):
                delivery = cast("Around", effect).around(delivery, wire, firing)
        return delivery

    async def greet(self, door: Door) -> None:
        """Do to a connection what is done before TLS has shaken hands."""
        for effect, firing in self._at(Stage.CONNECTION):
            await cast("Greets", effect).greet(door, firing)

    def __bool__(self) -> bool:
        return bool(self._fired)

    def _at(self, stage: Stage) -> Iterator[Fired]:
        return (fired for fired in self._fired if stage in fired.effect.stages)


NOTHING = Fault()
