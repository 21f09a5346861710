"""Effects after which no answer, or no whole one, reaches the consumer: what stall, close, reset and garbage share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NoReturn, Self

from pydantic import Field, model_validator

from ssp_emulator.faults.effects.cutting import Cutting
from ssp_emulator.faults.effects.effect import Effect, Offset, Passing, Stage

if TYPE_CHECKING:
    from ssp_emulator.exchange import Exchange
    from ssp_emulator.faults.effects.effect import Delivery, Wire
    from ssp_emulator.faults.firing import Firing
    from ssp_emulator.message import Head


class Unanswered(Effect):
    """Something happens in place of an answer: before the provider is asked, or when its answer has come."""

    at: Literal["request", "answer"] = Field(
        default="request",
        description="before the provider is asked, or when its answer has come; nothing of it goes out",
    )

    @property
    def stages(self) -> tuple[Stage, ...]:
        """In place of the answer, or where that is sent."""
        return (Stage.INSTEAD,) if self.at == "request" else (Stage.CUT,)

    async def instead(self, exchange: Exchange, wire: Wire, firing: Firing) -> NoReturn:  # noqa: ARG002
        """Have it happen now."""
        await self.happen(wire, firing, "before the provider was asked")

    def around(self, following: Delivery, wire: Wire, firing: Firing) -> Delivery:
        """Have it happen when the answer begins."""
        return _InPlace(self, following, wire, firing)

    async def happen(self, wire: Wire, firing: Firing, when: str) -> NoReturn:  # noqa: ARG002 - each effect its own
        """Do it; `when` says in words where the exchange stood."""
        raise LookupError(f"{self.kind} does nothing in place of an answer")


class BrokenOff(Unanswered):
    """Something happens in place of an answer, or within its body."""

    after_bytes: Offset | None = Field(
        default=None, description="bytes of the answer's body that go out first; the provider is asked then"
    )

    @model_validator(mode="after")
    def _at_one_place(self) -> Self:
        if self.after_bytes is not None and self.at == "request" and "at" in self.model_fields_set:
            raise ValueError(f"at should be answer where there are after_bytes, found {self.at}")
        return self

    @property
    def stages(self) -> tuple[Stage, ...]:
        """In place of the answer, or where that is sent."""
        return super().stages if self.after_bytes is None else (Stage.CUT,)

    def around(self, following: Delivery, wire: Wire, firing: Firing) -> Delivery:
        """Have it happen when the answer begins, or within its body."""
        if self.after_bytes is None:
            return super().around(following, wire, firing)

        async def cut() -> None:
            await self.happen(wire, firing, f"after {self.after_bytes} bytes of the body")

        return Cutting(self.after_bytes, cut, following, wire, firing)


class _InPlace(Passing):
    def __init__(self, effect: Unanswered, following: Delivery, wire: Wire, firing: Firing) -> None:
        super().__init__(following, wire, firing)
        self._effect = effect

    async def begin(self, head: Head, *, closes: bool = False) -> None:  # noqa: ARG002 - the protocol's
        await self._effect.happen(self.wire, self.firing, f"in place of the answer, which was {head.status}")
