"""The face: each call answered out of the registry in force, and written down before it is answered."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from uuid import uuid4
from weakref import WeakKeyDictionary

import structlog
from aiohttp import web

from ssp_emulator import fhir, outcome
from ssp_emulator.audit.enquiry import Enquiry
from ssp_emulator.directory.sds import answer as sds
from ssp_emulator.directory.sds.records import Records
from ssp_emulator.directory.sds.refusal import Reason, RefusedError
from ssp_emulator.exchange import NotRecordedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssp_emulator.address import Address
    from ssp_emulator.clock import Clock
    from ssp_emulator.directory.model import Directory

_CORRELATION_ID = "X-Correlation-Id"
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?\Z")
_LONGEST = 8000  # characters of a target that are written down


class Audit(Protocol):
    """Whoever writes enquiries down. `closed` is why none is let through now, None where they are."""

    @property
    def closed(self) -> str | None:
        """Why nothing could be written down."""
        ...

    def shown(self, text: str) -> str:
        """Return a text as it may be written into a log."""
        ...

    def record_enquiry(self, enquiry: Enquiry) -> None:
        """Write an enquiry down. Raises `NotRecordedError`."""
        ...

    async def settled(self) -> None:
        """Return when what was recorded is as safe as it is to be. Raises `NotRecordedError`."""
        ...


class _Answered(NamedTuple):
    """What a call is answered with, and what it had asked, as far as that could be read."""

    status: int
    resource: fhir.Resource
    organisation: str | None = None
    interaction: str | None = None
    refusal: RefusedError | None = None


class Face:
    """Answers calls.

    `directory` returns what is registered at the moment. `listens_at` is where the face is, for callers that do not
    say. `observe` is called with the kind of resource and the status of each call that is over.
    """

    def __init__(
        self,
        directory: Callable[[], Directory],
        audit: Audit,
        clock: Clock,
        listens_at: Address,
        observe: Callable[[str, int], None],
    ) -> None:
        self._directory = directory
        self._audit = audit
        self._clock = clock
        self._listens_at = listens_at
        self._observe = observe
        self._records: Records | None = None
        self._calls: WeakKeyDictionary[asyncio.BaseTransport, int] = WeakKeyDictionary()
        self._log: structlog.stdlib.BoundLogger = structlog.get_logger("ssp_emulator.sds")

    async def answer(self, request: web.Request) -> web.Response:
        """Answer a call of any method on any path."""
        received_at, began = self._clock.now(), self._clock.monotonic()
        call = _call(request)
        known_as = sds.correlation_id(call) or str(uuid4())
        answered = await self._answered(request, call)
        body = fhir.write_json(answered.resource)
        refusal = answered.refusal
        enquiry = Enquiry(
            received_at=received_at,
            correlation_id=known_as,
            address=_address(request),
            nth=self._count(request),
            method=request.method,
            target=request.raw_path[:_LONGEST],
            status=answered.status,
            bytes_out=len(body),
            total_s=self._clock.monotonic() - began,
            organisation=answered.organisation,
            interaction=answered.interaction,
            reason=refusal.reason.value if refusal is not None else None,
            text=str(refusal) if refusal is not None else None,
        )
        try:
            self._audit.record_enquiry(enquiry)
            await self._audit.settled()
        except NotRecordedError as error:
            self._log.critical("an enquiry is not in the audit trail", correlation_id=known_as, reason=str(error))
            answered = _refused(_not_recorded())
            body = fhir.write_json(answered.resource)
        self._over(request, enquiry, answered.status)
        return _response(answered.status, body, known_as)

    def refuse_unread(self, _: int, said: str | None) -> web.Response:
        """Answer what aiohttp could not read as a request, or a defect of ours where nothing is said of it."""
        answered = _refused(_failed() if said is None else RefusedError(Reason.BAD_REQUEST, said))
        return _response(answered.status, fhir.write_json(answered.resource), None)

    async def _answered(self, request: web.Request, call: sds.Call) -> _Answered:
        """Return what a call is answered with; no failure leaves this."""
        if self._audit.closed is not None:
            return _refused(_not_recorded())
        try:
            found = sds.answer(call, await self._in_force())
        except RefusedError as error:
            return _refused(error)
        except Exception as error:  # noqa: BLE001 - its caller is told nothing, and the log what it is
            self._log.exception("a call failed: this is a defect", error=type(error).__name__)
            return _refused(_failed())
        host = request.headers.get("Host", "")
        base_url = f"http://{host if _HOST.match(host) else self._listens_at.reachable}"
        bundle = sds.bundle(found, f"{base_url}{sds.BASE}", f"{base_url}{call.path}?{call.query}")
        return _Answered(200, bundle, found.question.organisation, found.question.interaction)

    async def _in_force(self) -> Records:
        """Return the records of what is registered now; after a reload they are made anew, once."""
        directory, records = self._directory(), self._records
        if records is None or records.directory is not directory:
            self._records = records = await asyncio.to_thread(Records, directory)
        return records

    def _count(self, request: web.Request) -> int:
        transport = request.transport
        if transport is None:
            return 1
        self._calls[transport] = nth = self._calls.get(transport, 0) + 1
        return nth

    def _over(self, request: web.Request, enquiry: Enquiry, status: int) -> None:
        self._observe(sds.kind(request.rel_url.raw_path), status)
        told: dict[str, Any] = {"denial": enquiry.reason} if enquiry.reason is not None else {}
        self._log.info(
            "enquiry",
            correlation_id=enquiry.correlation_id,
            method=self._audit.shown(enquiry.method),
            target=self._audit.shown(enquiry.target),
            status=status,
            total_ms=round(enquiry.total_s * 1000, 3),
            **told,
        )


def _call(request: web.Request) -> sds.Call:
    headers = request.headers
    return sds.Call(
        request.method,
        request.rel_url.raw_path,
        request.rel_url.raw_query_string,
        ", ".join(headers.getall("Accept")) if "Accept" in headers else None,
        headers.get("apikey"),
        tuple(headers.getall(_CORRELATION_ID, ())),
    )


def _refused(error: RefusedError) -> _Answered:
    form = error.form
    resource = outcome.directory_error(form.issue_type, form.code, form.display, str(error), str(uuid4()))
    return _Answered(form.status, resource, refusal=error)


def _not_recorded() -> RefusedError:
    return RefusedError(Reason.NOT_RECORDED, outcome.not_recorded().text)


def _failed() -> RefusedError:
    return RefusedError(Reason.INTERNAL_ERROR, outcome.internal_error().text)


def _response(status: int, body: bytes, correlation_id: str | None) -> web.Response:
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    if correlation_id is not None:
        headers[_CORRELATION_ID] = correlation_id
    if status == web.HTTPMethodNotAllowed.status_code:
        headers["Allow"] = "GET"
    return web.Response(status=status, body=body, content_type=sds.MEDIA_TYPE, headers=headers)


def _address(request: web.Request) -> str:
    peer = request.transport.get_extra_info("peername") if request.transport is not None else None
    if peer is None:
        return "-"
    host, port = peer[0], peer[1]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
