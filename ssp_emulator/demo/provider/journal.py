"""The outermost middlewares: one log line a request, and every error as an OperationOutcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from aiohttp import web

from ssp_emulator.demo.provider.errors import ProviderError
from ssp_emulator.demo.provider.respond import answer_error
from ssp_emulator.exchange import INTERACTION_ID, TRACE_ID
from ssp_emulator.provider_errors import ErrorKind

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

log = structlog.get_logger(__name__)


@web.middleware
async def journal(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Log how each request was answered, in one line: never its query, token or body."""
    facts = {
        "method": request.method,
        "path": request.rel_url.raw_path,
        "trace_id": request.headers.get(TRACE_ID),
        "interaction": request.headers.get(INTERACTION_ID),
    }
    try:
        response = await handler(request)
    except ConnectionError:
        log.warning("provider.abandoned", **facts)
        raise
    log.info("provider.answered", status=response.status, **facts)
    return response


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every error into its answer, and what nobody foresaw into INTERNAL_SERVER_ERROR."""
    try:
        return await handler(request)
    except ProviderError as error:
        return answer_error(request, error)
    except web.HTTPException:
        # The router's own: within a practice the gate has spoken already, so this is outside of all of them.
        return answer_error(
            request, ProviderError(ErrorKind.ORGANISATION_NOT_FOUND, "No practice is served at this address.")
        )
    except ConnectionError:  # the proxy has gone; there is nobody to answer
        raise
    except Exception:
        log.exception("provider.failed", method=request.method, path=request.rel_url.raw_path)
        return answer_error(
            request, ProviderError(ErrorKind.INTERNAL_SERVER_ERROR, "The provider failed; its log says how.")
        )
