"""Traces: all exchanges that bear one trace ID."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from aiohttp import web

from ssp_emulator.admin.problem import CallError
from ssp_emulator.admin.route import Route
from ssp_emulator.admin.trail import answered, told, written
from ssp_emulator.admin.trail_shapes import Trace

if TYPE_CHECKING:
    from ssp_emulator.admin.trail import Explain
    from ssp_emulator.audit.index import Found
    from ssp_emulator.audit.index.archivist import Archivist

_SHOWN = 100


class Traces:
    """Answers what is asked about a trace; takes who has the index, and what explains a record."""

    def __init__(self, archivist: Archivist, explain: Explain) -> None:
        self._archivist = archivist
        self._explain = explain

    @property
    def routes(self) -> tuple[Route, ...]:
        """What is answered, and where."""
        return (Route("GET", "/traces/{trace_id}", self.show, answers=Trace),)

    async def show(self, request: web.Request) -> web.Response:
        """Return all exchanges of a trace, the oldest first; `more` says that there are more than are shown."""
        trace_id = request.match_info["trace_id"]
        found = await answered(self._archivist.trace(trace_id))
        if not found.records:
            raise _not_found(trace_id, found)
        body = await asyncio.to_thread(self._written, trace_id, found)
        return web.Response(body=body, content_type="application/json", charset="utf-8")

    def _written(self, trace_id: str, found: Found) -> bytes:
        answer: dict[str, Any] = {
            "trace_id": trace_id,
            "exchanges": [told(record, self._explain) for record in found.records],
            "more": found.more,
            "records": found.standing.json(),
        }
        return written(answer)


def _not_found(trace_id: str, found: Found) -> CallError:
    standing = found.standing
    said = f"no exchange with the trace ID {trace_id[:_SHOWN]!r} is kept"
    if standing.removed:
        said += f"; retention has removed {standing.removed} records"
    if standing.behind:
        said += f"; {standing.behind} records are not in the index yet, ask again"
    return CallError(404, said)
