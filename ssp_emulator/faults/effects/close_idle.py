"""Close idle: a kept connection closes just as it is used again."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from ssp_emulator.faults.effects.effect import Effect, Ending, Stage

if TYPE_CHECKING:
    from ssp_emulator.exchange import Exchange
    from ssp_emulator.faults.effects.effect import Wire
    from ssp_emulator.faults.firing import Firing


class CloseIdle(Effect):
    """A kept connection closes, in good order and with no answer, just as another request comes on it.

    The first request on a connection passes untouched, but it counts like any other that the rule matches: `skip`,
    `times` and `sequence` count requests and not connections. The request that is not answered is recorded as 444.

    Source: RFC 9112, 9.3.1 (a connection may close at any time, also while a request is on its way) and 9.5.
    """

    group: ClassVar[str] = "Connection"
    example: ClassVar[str] = "{kind: close-idle}"

    kind: Literal["close-idle"]

    @property
    def stages(self) -> tuple[Stage, ...]:
        """In place of the answer."""
        return (Stage.INSTEAD,)

    async def instead(self, exchange: Exchange, wire: Wire, firing: Firing) -> None:  # noqa: ARG002 - the protocol's
        """Close a connection that has carried a request before."""
        if not wire.reused:
            firing.note("nothing: the connection was new")
            return
        firing.note("closed the kept connection as it was used again")
        await wire.end(Ending.CLOSE)
