"""The composition root: the one place that knows all the rooms, and puts them together into an emulator that runs."""

from __future__ import annotations

import errno
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from ssp_emulator import sockets
from ssp_emulator.address import Address
from ssp_emulator.audit.journal import Journal
from ssp_emulator.clock import Clock, SystemClock
from ssp_emulator.errors import said
from ssp_emulator.fhir import Format
from ssp_emulator.located import InvalidFileError
from ssp_emulator.pki.initialising import ensure
from ssp_emulator.pki.names import Names
from ssp_emulator.proxy import tls
from ssp_emulator.proxy.handler import Handler, Manners
from ssp_emulator.proxy.listener import Listener
from ssp_emulator.proxy.providers import Patience, Providers
from ssp_emulator.spine import Spine

if TYPE_CHECKING:
    import socket
    import ssl
    from types import TracebackType
    from typing import Self

    from ssp_emulator.plan import Plan
    from ssp_emulator.proxy.openssl import ContextAdapter


class Emulator:
    """The emulated Spine Secure Proxy, as an async context manager: it serves from entering to leaving.

    Takes a plan, and a clock for tests. Entering binds, makes the certificates where there are none, and opens the
    journal; it raises `SetupError`, and then nothing is left running or open.
    Leaving lets requests in flight end.
    """

    def __init__(self, plan: Plan, clock: Clock | None = None) -> None:
        self._plan = plan
        self._clock = clock or SystemClock()
        self._running = AsyncExitStack()
        self._address: Address | None = None

    @property
    def address(self) -> Address:
        """Where the proxy listens, with the port that it really has."""
        if self._address is None:
            raise LookupError("the emulator is not running")
        return self._address

    async def __aenter__(self) -> Self:
        settings = self._plan.configuration.settings
        async with AsyncExitStack() as starting:
            listening = self._bind()
            starting.callback(sockets.close, listening)
            for_consumers, for_providers = self._tls()
            journal = starting.enter_context(Journal(self._plan.journal))
            providers = self._providers(for_providers)
            starting.callback(providers.close)
            listener = Listener(
                listening,
                self._handler(providers, journal),
                for_consumers,
                handshake_timeout_s=settings.proxy.handshake_timeout_s,
                keep_alive_timeout_s=settings.proxy.keep_alive_timeout_s,
            )
            starting.push_async_callback(listener.stop, settings.proxy.drain_timeout_s)
            listener.start()
            self._address = Address(Address.parse(settings.proxy.listen).host, listening[0].getsockname()[1])
            self._running = starting.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._address = None
        await self._running.aclose()

    def _bind(self) -> list[socket.socket]:
        configuration = self._plan.configuration
        listen = Address.parse(configuration.settings.proxy.listen)
        try:
            return sockets.bind(listen.host, listen.port)
        except OSError as error:
            in_use = error.errno == errno.EADDRINUSE
            why = "is in use; stop what listens there, or name another port" if in_use else f"cannot be: {said(error)}"
            raise InvalidFileError([configuration.problem("proxy.listen", f"{listen} {why}")]) from error

    def _tls(self) -> tuple[ContextAdapter, ssl.SSLContext]:
        configuration = self._plan.configuration
        # Where another process is just making them, some are there already: `ensure` waits for it.
        if self._plan.uses_emulated_pki and configuration.missing_files():
            ensure(self._plan.certificates, Names(), now=self._clock.now())
        if missing := configuration.missing_files():
            raise InvalidFileError(missing)
        ours, theirs = configuration.settings.proxy.tls, configuration.settings.providers.tls
        path = configuration.path
        side = "proxy.tls"
        try:
            for_consumers = tls.for_consumers(
                tls.ConsumerTls(
                    path(ours.certificate),
                    path(ours.key),
                    path(ours.trust),
                    path(ours.crl) if ours.crl is not None else None,
                    tls_1_3=ours.tls_1_3,
                ),
                self._clock.monotonic,
            )
            side = "providers.tls"
            return for_consumers, tls.for_providers(path(theirs.certificate), path(theirs.key), path(theirs.trust))
        except tls.TlsFileError as error:
            raise InvalidFileError([configuration.problem(side, str(error))]) from error

    def _providers(self, context: ssl.SSLContext) -> Providers:
        settings = self._plan.configuration.settings.providers
        patience = Patience(settings.connect_timeout_s, settings.first_byte_timeout_s, settings.idle_timeout_s)
        return Providers(context, patience, kept=settings.kept_connections, kept_for_s=settings.kept_for_s)

    def _handler(self, providers: Providers, journal: Journal) -> Handler:
        settings = self._plan.configuration.settings
        spine = Spine(
            self._plan.registry.directory,
            self._plan.registry.catalogue,
            self._clock,
            token_enforced=settings.token.mode == "enforce",
            token_leeway_s=settings.token.leeway_s,
        )
        manners = Manners(
            Format[settings.errors.default_format.upper()],
            settings.providers.connect_timeout_status,
            settings.proxy.idle_timeout_s,
        )
        return Handler(spine, providers, journal, manners)
