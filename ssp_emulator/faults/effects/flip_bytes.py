"""Flip-bytes: some bytes of the body are not what they were, as on a bad line behind a check that was left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from ssp_emulator.faults.effects.effect import NO_BODY, Effect, Passing, Stage
from ssp_emulator.message import Framing

if TYPE_CHECKING:
    from ssp_emulator.faults.chance import Draws
    from ssp_emulator.faults.effects.effect import Delivery, Wire
    from ssp_emulator.faults.firing import Firing
    from ssp_emulator.message import Head

_MOST = 10_000
_FURTHEST = 1 << 20


class FlipBytes(Effect):
    """One bit of each of so many bytes is flipped, within the beginning of the body; its length stays what it was.

    Which bytes and bits these are depends on the seed, the rule and its count alone. A body with fewer bytes has all of
    them flipped.
    """

    group: ClassVar[str] = "Content"
    example: ClassVar[str] = "{kind: flip-bytes, count: 3}"

    kind: Literal["flip-bytes"]
    count: Annotated[int, Field(ge=1, le=_MOST)] = Field(description="how many bytes are flipped")
    within: Annotated[int, Field(ge=1, le=_FURTHEST)] = Field(
        default=1024, description="they are among the first so many bytes of the body"
    )

    @model_validator(mode="after")
    def _has_room(self) -> Self:
        if self.within < self.count:
            raise ValueError(f"within should be at least count, which is {self.count}, found {self.within}")
        return self

    @property
    def stages(self) -> tuple[Stage, ...]:
        """On the body of the answer."""
        return (Stage.CONTENT,)

    def around(self, following: Delivery, wire: Wire, firing: Firing) -> Delivery:
        """Flip bytes of the body."""
        return _Flipping(self, following, wire, firing)

    def flipped(self, beginning: bytes, draws: Draws) -> bytes:
        """Return the beginning of a body with one bit changed in each byte that is hit."""
        changed = bytearray(beginning)
        moved: dict[int, int] = {}  # a shuffle of the places, of which only what it has touched is there
        for turn in range(min(self.count, len(changed))):
            drawn = turn + draws.below(len(changed) - turn)
            place, moved[drawn] = moved.get(drawn, drawn), moved.get(turn, turn)
            changed[place] ^= 1 << draws.below(8)
        return bytes(changed)


class _Flipping(Passing):
    """Holds the beginning of a body until it is long enough, and then lets all go on."""

    def __init__(self, effect: FlipBytes, following: Delivery, wire: Wire, firing: Firing) -> None:
        super().__init__(following, wire, firing)
        self._effect = effect
        self._held = bytearray()
        self._done = False

    async def begin(self, head: Head, *, closes: bool = False) -> None:
        self._held.clear()
        self._done = head.framing is Framing.NONE
        if self._done:
            self.firing.note(NO_BODY)
        await super().begin(head, closes=closes)

    async def write(self, piece: bytes, *, last: bool) -> None:
        if self._done:
            await super().write(piece, last=last)
            return
        self._held += piece
        if len(self._held) < self._effect.within and not last:
            return
        self._done = True
        await super().write(self._flipped(), last=last)

    def _flipped(self) -> bytes:
        beginning, rest = bytes(self._held[: self._effect.within]), bytes(self._held[self._effect.within :])
        self._held.clear()
        if beginning:
            hit = min(self._effect.count, len(beginning))
            self.firing.note(f"flipped a bit in {hit} of the first {len(beginning)} bytes of the body")
        else:
            self.firing.note("nothing: the body is empty")
        return self._effect.flipped(beginning, self.firing.draws) + rest
