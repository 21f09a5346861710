"""The scenarios in the folder of the faults: listed as they are now, and put in force."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog
from aiohttp import web
from pydantic import BaseModel, ConfigDict

from ssp_emulator.admin import shapes
from ssp_emulator.admin.problem import of_a_file
from ssp_emulator.admin.question import optional_body_of, valid
from ssp_emulator.admin.route import Route
from ssp_emulator.located import InvalidFileError

if TYPE_CHECKING:
    from ssp_emulator.clock import Clock
    from ssp_emulator.faults.control import Control


class Manner(BaseModel):
    """How a scenario is put in force; `only` lifts every rule that is not of it."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    only: bool = False


class Scenarios:
    """Answers what is asked about scenarios. Takes the control of the rules, and the clock that they go by."""

    def __init__(self, control: Control, clock: Clock) -> None:
        self._control = control
        self._clock = clock
        self._log: structlog.stdlib.BoundLogger = structlog.get_logger("ssp_emulator.admin")

    @property
    def routes(self) -> tuple[Route, ...]:
        """What is answered, and where."""
        return (
            Route("GET", "/scenarios", self.list_, answers=shapes.Scenarios),
            Route("POST", "/scenarios/{name}/apply", self.apply, asks=Manner, answers=shapes.InForce),
        )

    async def list_(self, _: web.Request) -> web.Response:
        """Return every scenario with the names of its rules, and what is wrong with the files that are not good."""
        scenarios: list[dict[str, Any]] = []
        problems: list[dict[str, Any]] = []
        for found in await self._control.scenarios():
            if isinstance(found, InvalidFileError):
                problems += map(of_a_file, found.problems)
            else:
                rules = [rule.name for rule in found.rules]
                scenarios.append({"name": found.name, "description": found.description, "rules": rules})
        return web.json_response({"scenarios": scenarios, "problems": problems})

    async def apply(self, request: web.Request) -> web.Response:
        """Put a scenario's rules in force, and return every rule that is."""
        manner = await optional_body_of(request, lambda value: valid(value, Manner))
        scenario = await self._control.apply(request.match_info["name"], only=manner.only)
        self._log.info("scenario in force", scenario=scenario.name, only=manner.only)
        monotonic = self._clock.monotonic()
        return web.json_response({"faults": [armed.shown(monotonic) for armed in self._control.engine]})
