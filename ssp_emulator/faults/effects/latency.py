"""Latency: a request, or the beginning of its answer, is kept waiting for a time that may vary."""

from __future__ import annotations

import asyncio
import math
from statistics import NormalDist
from typing import TYPE_CHECKING, ClassVar, Literal, Self, assert_never

from pydantic import Field, model_validator

from ssp_emulator.faults.effects.effect import LONGEST_MS, Effect, Milliseconds, Passing, Stage

if TYPE_CHECKING:
    from ssp_emulator.faults.effects.effect import Delivery, Wire
    from ssp_emulator.faults.firing import Firing
    from ssp_emulator.message import Head

Distribution = Literal["fixed", "uniform", "normal", "lognormal"]


class Latency(Effect):
    """The request waits before it goes to its provider, or the answer waits before its head goes out.

    `fixed` is `delay_ms` each time; `uniform` anything from `delay_ms - jitter_ms` to `delay_ms + jitter_ms`; `normal`
    and `lognormal` take `delay_ms` as their mean and `jitter_ms` as their standard deviation. A delay that comes out
    negative counts as 0, and no delay is longer than an hour.
    """

    group: ClassVar[str] = "Time"
    example: ClassVar[str] = "{kind: latency, delay_ms: 400, jitter_ms: 50, distribution: normal}"

    kind: Literal["latency"]
    delay_ms: Milliseconds = Field(description="how long, in milliseconds")
    jitter_ms: Milliseconds = Field(default=0.0, description="how much it varies, in milliseconds")
    distribution: Distribution | None = Field(
        default=None, description="how it varies; if not given, `uniform` where there is a jitter, else `fixed`"
    )
    at: Literal["request", "answer"] = Field(
        default="request", description="before the provider is asked, or before the answer begins"
    )

    @model_validator(mode="after")
    def _varies_as_said(self) -> Self:
        if self.distribution == "fixed" and self.jitter_ms:
            raise ValueError("a fixed delay should have no jitter_ms")
        if self.distribution == "lognormal" and not self.delay_ms:
            raise ValueError("a lognormal delay should have a delay_ms over 0")
        return self

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Before the request goes further, or before the answer begins."""
        return (Stage.WAIT,) if self.at == "request" else (Stage.DELAY,)

    async def wait(self, firing: Firing) -> None:
        """Keep a request, or its answer, waiting."""
        delay_ms = self.drawn_ms(firing)
        firing.note(f"waited {delay_ms:.10g} ms before the {self.at}")
        await asyncio.sleep(delay_ms / 1000)

    def around(self, following: Delivery, wire: Wire, firing: Firing) -> Delivery:
        """Keep an answer waiting."""
        return _Late(self, following, wire, firing)

    def drawn_ms(self, firing: Firing) -> float:
        """Return one delay, in milliseconds, to the microsecond; the same for the same seed, rule and count."""
        return round(min(max(self._drawn(firing.draws.random()), 0.0), LONGEST_MS), 3)

    def _drawn(self, chance: float) -> float:
        mean, spread = self.delay_ms, self.jitter_ms
        distribution = self.distribution or "uniform"
        if not spread:
            return mean
        # Strictly between 0 and 1, where the inverse of a normal distribution is defined.
        chance = min(max(chance, 2**-53), 1 - 2**-53)
        match distribution:
            case "fixed":
                return mean
            case "uniform":
                return mean + (2 * chance - 1) * spread
            case "normal":
                return NormalDist(mean, spread).inv_cdf(chance)
            case "lognormal":
                variance = math.log1p((spread / mean) ** 2)
                return math.exp(math.log(mean) - variance / 2 + math.sqrt(variance) * NormalDist().inv_cdf(chance))
            case _:
                assert_never(distribution)


class _Late(Passing):
    def __init__(self, effect: Latency, following: Delivery, wire: Wire, firing: Firing) -> None:
        super().__init__(following, wire, firing)
        self._effect = effect
        self._waited = False

    async def begin(self, head: Head, *, closes: bool = False) -> None:
        if not self._waited:
            self._waited = True
            await self._effect.wait(self.firing)
        await super().begin(head, closes=closes)
