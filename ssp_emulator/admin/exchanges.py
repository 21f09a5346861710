"""The exchanges that the trail has: asked for page by page, and followed as they end."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from aiohttp import web

from ssp_emulator.admin.problem import CallError
from ssp_emulator.admin.route import ROOT, Route
from ssp_emulator.admin.trail import answered, parameters, question_of, told, unreadable, written
from ssp_emulator.admin.trail_shapes import EVENTS, ExchangePage
from ssp_emulator.audit.following import Came, Missed, Position, Quiet, follow
from ssp_emulator.audit.question import FILTERS, PAGING, QuestionError

if TYPE_CHECKING:
    from ssp_emulator.admin.trail import Explain
    from ssp_emulator.audit.index import Page
    from ssp_emulator.audit.index.archivist import Archivist
    from ssp_emulator.audit.layout import Layout
    from ssp_emulator.audit.question import Question

MOST_FOLLOWERS = 32

_BEAT_S = 15.0  # what stands between may close a connection on which nothing comes
_LOOK_S = 0.5  # how often one for whom nothing comes is looked after: it may have left
_LEAVE_S = 0.2  # how long it may take to take the end, when the server stops
_RETRY_S = 5
_PATH = "/exchanges"
_STREAM = "text/event-stream"


class Exchanges:
    """Answers what is asked about exchanges; takes who has the index, the trail's files, and what explains a record.

    `stop` is to be called before the server stops: who follows would be waited for.
    """

    def __init__(self, archivist: Archivist, layout: Layout, explain: Explain, *, beat_s: float = _BEAT_S) -> None:
        self._archivist = archivist
        self._layout = layout
        self._explain = explain
        self._beat_s = beat_s
        self._followers: set[asyncio.Timeout] = set()
        self._stopped = False

    @property
    def routes(self) -> tuple[Route, ...]:
        """What is answered, and where."""
        filters = parameters(FILTERS)
        return (
            Route("GET", _PATH, self.list_, filters + parameters(PAGING), answers=ExchangePage),
            Route("GET", f"{_PATH}/stream", self.stream, filters, answers=EVENTS, media=_STREAM),
        )

    def stop(self) -> None:
        """Have everything that is followed end now."""
        self._stopped = True
        for follower in self._followers:
            follower.reschedule(asyncio.get_running_loop().time())

    async def list_(self, request: web.Request) -> web.Response:
        """Return a page of exchanges, the newest first; `next` is `after` of the page behind it."""
        page = await answered(self._archivist.search(question_of(request.query)))
        headers = {}
        if page.next is not None:
            query = urlencode({**request.query, "after": str(page.next)})
            headers["Link"] = f'<{ROOT}{_PATH}?{query}>; rel="next"'
        body = await asyncio.to_thread(self._written, page)
        return web.Response(body=body, content_type="application/json", charset="utf-8", headers=headers)

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Send each exchange as it ends, as server-sent events; `Last-Event-ID` goes on behind the last one seen."""
        question, after = question_of(request.query), _position(request)
        if self._stopped:
            raise _stops()
        if len(self._followers) >= MOST_FOLLOWERS:
            said = f"{MOST_FOLLOWERS} at most may follow at the same time, and as many do"
            raise CallError(503, said, headers={"Retry-After": str(_RETRY_S)})
        answer = web.StreamResponse(headers={"Content-Type": _STREAM, "X-Accel-Buffering": "no"})
        until = asyncio.timeout(None)
        self._followers.add(until)
        try:
            async with until:
                await self._send(request, answer, question, after)
        except TimeoutError:
            self._followers.discard(until)
            await _end(request, answer)
        except ConnectionError:
            pass  # the follower has left
        finally:
            self._followers.discard(until)
        return answer

    async def _send(
        self, request: web.Request, answer: web.StreamResponse, question: Question, after: Position | None
    ) -> None:
        """Send what comes for as long as there is someone to take it; a follower that is slow is waited for."""
        loop = asyncio.get_running_loop()
        async with aclosing(follow(self._layout, question, after, quiet_s=_LOOK_S)) as events:
            await anext(events)  # from here on nothing is missed
            await answer.prepare(request)
            if request.method == "HEAD":
                return
            sent_at = loop.time()
            async for event in events:
                if request.transport is None or request.transport.is_closing():
                    return
                if not isinstance(event, Quiet) or loop.time() - sent_at >= self._beat_s:
                    await answer.write(self._event(event))
                    sent_at = loop.time()

    def _event(self, event: Came | Missed | Quiet) -> bytes:
        """Return an event as it is sent; one without data only says how far the trail has been followed.

        Source: WHATWG HTML, "Server-sent events", 9.2.6 (interpreting an event stream).
        """
        place = f"id: {event.position}\n".encode() if event.position else b""
        match event:
            case Came():
                return place + b"event: exchange\ndata: " + written(told(event.record, self._explain)) + b"\n\n"
            case Missed():
                return place + b"event: missed\ndata: " + written({"missed": event.count}) + b"\n\n"
            case Quiet():
                return b": nothing new\n" + place + b"\n"

    def _written(self, page: Page) -> bytes:
        matching = {} if page.matching is None else {"matching": page.matching}
        return written(
            {
                "exchanges": [told(record, self._explain) for record in page.records],
                "next": str(page.next) if page.next is not None else None,
                "records": page.standing.json(),
                **matching,
            }
        )


def _position(request: web.Request) -> Position | None:
    text = request.headers.get("Last-Event-ID")
    try:
        return Position.of(text) if text is not None else None
    except QuestionError as error:
        raise unreadable(error) from error


async def _end(request: web.Request, answer: web.StreamResponse) -> None:
    """End what is followed; one that does not take the end is left."""
    if not answer.prepared:
        raise _stops()
    try:
        async with asyncio.timeout(_LEAVE_S):
            await answer.write_eof()
    except (TimeoutError, ConnectionError):
        if request.transport is not None:
            request.transport.abort()


def _stops() -> CallError:
    return CallError(503, "the emulator is being stopped")
