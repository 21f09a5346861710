"""The fault rules in force: seen, put there, replaced, lifted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import structlog
from aiohttp import web

from ssp_emulator.admin.problem import CallError
from ssp_emulator.admin.question import body_of, valid
from ssp_emulator.admin.route import ROOT, Route
from ssp_emulator.admin.shapes import InForce, Lifted, Listing, RuleInForce, RuleOfPath, Several
from ssp_emulator.faults.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ssp_emulator.clock import Clock
    from ssp_emulator.faults.armed import Armed
    from ssp_emulator.faults.control import Control


class Faults:
    """Answers what is asked about fault rules. Takes the control of the rules, and the clock that they go by."""

    def __init__(self, control: Control, clock: Clock) -> None:
        self._control = control
        self._clock = clock
        self._log: structlog.stdlib.BoundLogger = structlog.get_logger("ssp_emulator.admin")

    @property
    def routes(self) -> tuple[Route, ...]:
        """What is answered, and where."""
        return (
            Route("GET", "/faults", self.list_, answers=Listing),
            Route("POST", "/faults", self.add, asks=Rule | Several, answers=RuleInForce | InForce, statuses=(200, 201)),
            Route("DELETE", "/faults", self.clear, answers=Lifted),
            Route("GET", "/faults/{name}", self.show, answers=RuleInForce),
            Route("PUT", "/faults/{name}", self.put, asks=RuleOfPath, answers=RuleInForce, statuses=(200, 201)),
            Route("DELETE", "/faults/{name}", self.remove, statuses=(204,)),
        )

    async def list_(self, _: web.Request) -> web.Response:
        """Return every rule with its counts, and the seed that their decisions depend on."""
        engine = self._control.engine
        return web.json_response({"seed": engine.seed, "faults": self._shown(engine)})

    async def add(self, request: web.Request) -> web.Response:
        """Put one rule in force, or several together; where one of the names is taken, none of them.

        `{"rules": […], "replace": true}` replaces those of the same names.
        """

        def read(value: Any) -> Rule | Several:
            if isinstance(value, dict) and "rules" in value:
                return valid(value, Several, self._control.context)
            return valid(value, Rule, self._control.context)

        asked = await body_of(request, read)
        rules = [asked] if isinstance(asked, Rule) else asked.rules
        done = await self._control.put(rules, replace=isinstance(asked, Several) and asked.replace)
        self._tell_of("fault rules in force", done.armed)
        status = 201 if len(done.replaced) < len(done.armed) else 200
        if isinstance(asked, Rule):
            return web.json_response(*self._shown(done.armed), status=status, headers=_location(asked.name))
        return web.json_response({"faults": self._shown(done.armed)}, status=status)

    async def show(self, request: web.Request) -> web.Response:
        """Return one rule with its counts."""
        armed = self._control.engine.get(_name(request))
        if armed is None:
            raise _not_in_force(request)
        return web.json_response(armed.shown(self._clock.monotonic()))

    async def put(self, request: web.Request) -> web.Response:
        """Put a rule in force under the path's name, whatever had that name before; its counts begin anew."""
        name = _name(request)

        def read(value: Any) -> Rule:
            if isinstance(value, dict) and value.setdefault("name", name) != name:
                said = f"should be that of the path, {name!r}, or left out, found {value['name']!r}"
                raise CallError(422, "the body is not valid; nothing has changed", [{"key": "name", "message": said}])
            return valid(value, Rule, self._control.context)

        rule = await body_of(request, read)
        done = await self._control.put([rule])
        self._tell_of("fault rules in force", done.armed)
        (shown,) = self._shown(done.armed)
        return (
            web.json_response(shown) if done.replaced else web.json_response(shown, status=201, headers=_location(name))
        )

    async def remove(self, request: web.Request) -> web.Response:
        """Lift a rule."""
        if not await self._control.remove(_name(request)):
            raise _not_in_force(request)
        self._log.info("fault rules lifted", rules=[_name(request)])
        return web.Response(status=204)

    async def clear(self, _: web.Request) -> web.Response:
        """Lift every rule, and tell how many there were."""
        lifted = await self._control.clear()
        self._log.info("every fault rule lifted", rules=lifted)
        return web.json_response({"lifted": lifted})

    def _shown(self, armed: Iterable[Armed]) -> list[dict[str, Any]]:
        monotonic = self._clock.monotonic()
        return [each.shown(monotonic) for each in armed]

    def _tell_of(self, event: str, armed: Iterable[Armed]) -> None:
        self._log.info(event, rules=[each.rule.name for each in armed])


def _name(request: web.Request) -> str:
    return request.match_info["name"]


def _location(name: str) -> dict[str, str]:
    return {"Location": f"{ROOT}/faults/{quote(name, safe='')}"}


def _not_in_force(request: web.Request) -> CallError:
    return CallError(404, f"no rule named {_name(request)[:100]!r} is in force")
