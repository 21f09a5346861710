"""The advice: what worked but is not as the specification wants it, sender by sender."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aiohttp import web

from ssp_emulator.admin.problem import CallError
from ssp_emulator.admin.route import Parameter, Route
from ssp_emulator.admin.trail import answered
from ssp_emulator.admin.trail_shapes import AdviceSummary
from ssp_emulator.audit.advice.summary import summarise

if TYPE_CHECKING:
    from ssp_emulator.audit.index.archivist import Archivist

_ASID = re.compile(r"[0-9]{1,20}\Z")
_FROM = Parameter(
    "from",
    "The sender's ASID; without it, every sender in the registry.",
    {"type": "string", "pattern": "^[0-9]{1,20}$"},
)
_SHOWN = 100


class Advice:
    """Answers what there is to advise on a trail. Takes the archivist, who has it counted in a thread."""

    def __init__(self, archivist: Archivist) -> None:
        self._archivist = archivist

    @property
    def routes(self) -> tuple[Route, ...]:
        """What is answered, and where."""
        return (Route("GET", "/advice", self.show, (_FROM,), answers=AdviceSummary),)

    async def show(self, request: web.Request) -> web.Response:
        """Return, for each sender, each advisory with how often it was seen, what was found, what to do, and why."""
        sender = request.query.get("from")
        if sender is not None and _ASID.match(sender) is None:
            raise CallError(400, f"from should be an ASID, which is digits, found {sender[:_SHOWN]!r}")
        summary = await answered(self._archivist.ask(lambda index: summarise(index, sender)))
        return web.json_response(summary.json())
