"""Running the demo provider: mutual TLS, its sockets, and a stop that lets answers finish."""

from __future__ import annotations

import errno
import ssl
from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING, cast

from aiohttp import web

from ssp_emulator import sockets
from ssp_emulator.accepting import Acceptor, hand_over
from ssp_emulator.demo.provider.app import compose
from ssp_emulator.demo.provider.dataset import DATASET
from ssp_emulator.obstacles import told

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from aiohttp.typedefs import Middleware

    from ssp_emulator.demo.provider.settings import ProviderSettings

_DRAIN_SECONDS = 10.0
# The token travels in a header, and consumers put whole FHIR resources into it.
_LARGEST_HEADER_BYTES = 64 * 1024


class ProviderStartError(Exception):
    """The provider cannot start; the message names the file or address and what to do about it."""


class ProviderServer:
    """The demo provider as an async context manager: it listens from entering to leaving.

    `first` are asked before the provider's own routes, and may answer in their place; only the proxy gets that far.
    Entering raises ProviderStartError where a certificate file cannot be used or the address cannot be bound.
    Leaving stops listening and gives the answers under way ten seconds.
    """

    def __init__(self, settings: ProviderSettings, *first: Middleware) -> None:
        self.settings = settings
        self._first = first
        self._port = settings.port
        self._leaving = AsyncExitStack()

    @property
    def port(self) -> int:
        """The port it listens on; where the settings say 0, the one that was free."""
        return self._port

    @property
    def url(self) -> str:
        """The address of the practice's FHIR server on this machine."""
        host = self.settings.host
        return f"https://{f'[{host}]' if ':' in host else host}:{self.port}{self.settings.base_path}"

    async def __aenter__(self) -> Self:
        settings = self.settings
        context = tls_context(settings)
        try:
            listening = sockets.bind(settings.host, settings.port)
        except OSError as error:
            raise ProviderStartError(
                f"cannot listen on {settings.host}:{settings.port}: {error.strerror}; {_advice(error)}"
            ) from error
        self._port = listening[0].getsockname()[1]
        runner = web.AppRunner(
            compose(settings, DATASET, *self._first),
            access_log=None,
            shutdown_timeout=_DRAIN_SECONDS,
            max_line_size=_LARGEST_HEADER_BYTES,
            max_field_size=_LARGEST_HEADER_BYTES,
        )
        await runner.setup()
        self._leaving.push_async_callback(runner.cleanup)
        protocols = cast("web.Server", runner.server)  # it is set up
        acceptor = Acceptor(listening, partial(hand_over, protocols=protocols, tls=context))
        acceptor.start()
        self._leaving.push_async_callback(acceptor.stop)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._leaving.aclose()


def tls_context(settings: ProviderSettings) -> ssl.SSLContext:
    """Return a server's TLS context that demands a client certificate, TLS 1.2 at the least.

    Raises ProviderStartError naming the file that is missing, unreadable or no PEM of its kind.

    Source: GP Connect 1.6.2, "Security guidance".
    """
    for path in (settings.certificate, settings.key, settings.trust):
        _check_file(path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    try:
        context.load_cert_chain(settings.certificate, settings.key)
    except ssl.SSLError as error:
        raise ProviderStartError(
            f"{settings.certificate} and {settings.key} are not a certificate and its key in PEM "
            f"({_reason(error)}); issue them again"
        ) from error
    try:
        context.load_verify_locations(settings.trust)
    except ssl.SSLError as error:
        raise ProviderStartError(
            f"{settings.trust} has no certificates in PEM ({_reason(error)}); issue them again"
        ) from error
    return context


def _check_file(path: Path) -> None:
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        advice = "; run `ssp-emulator certs init`, or name another folder of certificates"
        missing = isinstance(error, FileNotFoundError)
        raise ProviderStartError(f"cannot read {path}: {told(path, error)}{advice if missing else ''}") from error


def _advice(error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return "stop what listens there, or choose another port"
        case errno.EACCES:
            return "choose a port above 1023"
        case _:
            return "choose a host name or address of this machine"


def _reason(error: ssl.SSLError) -> str:
    return (error.reason or "unreadable").replace("_", " ").lower()
