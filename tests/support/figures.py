"""A running emulator's metrics, as Prometheus would read them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from prometheus_client.parser import text_string_to_metric_families

from support.caller import Caller
from support.waiting import PATIENCE_S

if TYPE_CHECKING:
    from support.running import Running


class Figures:
    """Asks an emulator for its metrics."""

    def __init__(self, ssp: Running) -> None:
        self._api = Caller(ssp.emulator.admin_address, "")

    async def text(self) -> str:
        """Return them as they are written."""
        answer = await self._api.ask("GET", "/metrics")
        assert answer.status == 200
        return answer.body.decode()

    async def value(self, name: str, **labels: str) -> float:
        """Return the sum of the samples of a name, less `ssp_emulator_`, that have some labels; 0 if there is none."""
        return sum(
            sample.value
            for family in text_string_to_metric_families(await self.text())
            for sample in family.samples
            if sample.name == f"ssp_emulator_{name}" and labels.items() <= sample.labels.items()
        )

    async def reaches(self, expected: float, name: str, **labels: str) -> None:
        """Wait until such a sum is what is expected."""
        found = None
        try:
            async with asyncio.timeout(PATIENCE_S):
                while (found := await self.value(name, **labels)) != expected:  # noqa: ASYNC110 - it tells no one
                    await asyncio.sleep(0.01)
        except TimeoutError:
            raise AssertionError(f"{name} {labels} should become {expected}, and is {found}") from None
