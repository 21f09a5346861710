"""The verification of the trail: whether it is whole and unaltered, as `ssp-emulator audit verify` tells it."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from aiohttp import web

import ssp_emulator
from ssp_emulator.admin.problem import CallError
from ssp_emulator.admin.route import Route
from ssp_emulator.admin.trail_shapes import VerifiedTrail

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from ssp_emulator.audit.layout import Layout

_PIPE = asyncio.subprocess.PIPE
_LONGEST = 500


class Verification:
    """Verifies a trail when it is asked to, in a process of its own, as an async context manager.

    Whoever asks while that is under way is given what comes of it. Leaving ends it.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._running: asyncio.Task[bytes] | None = None
        self._log: structlog.stdlib.BoundLogger = structlog.get_logger("ssp_emulator.admin")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    @property
    def routes(self) -> tuple[Route, ...]:
        """What is answered, and where."""
        return (Route("GET", "/audit/verify", self.show, answers=VerifiedTrail),)

    async def show(self, _: web.Request) -> web.Response:
        """Verify the trail, and return for each chain what is wrong with it, if anything, and which records hold.

        This reads the whole journal: with a million records it takes some ten seconds.
        """
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._verified())
        body = await asyncio.shield(self._running)  # whoever leaves, the others still wait for it
        return web.Response(body=body, content_type="application/json", charset="utf-8")

    async def _verified(self) -> bytes:
        """Return the report; raises `CallError`."""
        # -P: what lies about in the folder that the emulator was started in is not to be run.
        code, out, err = await self._run(
            sys.executable, "-P", "-m", "ssp_emulator.audit.verifying", str(self._layout.journal)
        )
        if code != 0:
            why = " ".join(err.decode("utf-8", "replace").split())[-_LONGEST:]
            self._log.error("the trail could not be verified", code=code, reason=why)
            raise CallError(500, "the trail could not be verified; the emulator's log says why")
        if not json.loads(out)["chains"]:
            raise CallError(404, "there is no journal to verify yet")
        return out

    async def _run(self, *command: str) -> tuple[int | None, bytes, bytes]:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stdout=_PIPE, stderr=_PIPE, env=_environment()
        )
        try:
            out, err = await process.communicate()
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        return process.returncode, out, err


def _environment() -> dict[str, str]:
    """Return an environment in which this very package is found, wherever it was started from."""
    ours = str(Path(ssp_emulator.__file__).parents[1])
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (ours, os.environ.get("PYTHONPATH"))))}
