"""The composition root: the one place that knows all the rooms, and puts them together into an emulator that runs."""

from __future__ import annotations

import errno
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, TypeVar

from ssp_emulator import sockets
from ssp_emulator.address import Address
from ssp_emulator.admin import server as admin
from ssp_emulator.admin.app import compose
from ssp_emulator.admin.faults import Faults
from ssp_emulator.admin.guard import guard_of
from ssp_emulator.admin.scenarios import Scenarios
from ssp_emulator.audit.journal import Journal
from ssp_emulator.clock import Clock, SystemClock
from ssp_emulator.errors import said
from ssp_emulator.faults.control import Control
from ssp_emulator.faults.engine import Engine
from ssp_emulator.fhir import Format
from ssp_emulator.limits import Limits, Quota
from ssp_emulator.located import InvalidFileError
from ssp_emulator.pki.initialising import ensure
from ssp_emulator.pki.names import Names
from ssp_emulator.plan import read_registry
from ssp_emulator.proxy import tls
from ssp_emulator.proxy.cors import Cors
from ssp_emulator.proxy.disguises import DisguiseError, Disguises
from ssp_emulator.proxy.greeting import Greeter
from ssp_emulator.proxy.handler import Handler, Manners
from ssp_emulator.proxy.ledger import Ledger
from ssp_emulator.proxy.listener import Listener
from ssp_emulator.proxy.providers import Patience, Providers
from ssp_emulator.proxy.replies import Replies
from ssp_emulator.reloading import Part, Reloader
from ssp_emulator.spine import Spine

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from ssp_emulator.admin.route import Route
    from ssp_emulator.faults.effects.effect import Effect
    from ssp_emulator.plan import Plan
    from ssp_emulator.proxy.openssl import ContextAdapter
    from ssp_emulator.settings import TlsSide

T = TypeVar("T")


class Emulator:
    """The emulated Spine Secure Proxy, as an async context manager: it serves from entering to leaving.

    Takes a plan, and a clock for tests. Entering binds, makes the certificates where there are none, and opens the
    journal; it raises `SetupError`, and then nothing is left running or open.
    While it runs, registry and certificates are read again when their files change.
    Leaving lets requests in flight end.
    """

    def __init__(self, plan: Plan, clock: Clock | None = None) -> None:
        self._plan = plan
        self._clock = clock or SystemClock()
        faults = plan.configuration.settings.faults
        self.faults = Engine(self._clock, seed=faults.seed, by_header=faults.by_header)
        self.control = Control(self.faults, plan.configuration.fault_context, self._prepare)
        self._disguises = Disguises(_consumer_tls(plan), plan.certificates, self._clock)
        self._running = AsyncExitStack()
        self._reloader: Reloader | None = None
        self._address: Address | None = None
        self._admin_address: Address | None = None

    @property
    def address(self) -> Address:
        """Where the proxy listens, with the port that it really has."""
        if self._address is None:
            raise LookupError("the emulator is not running")
        return self._address

    @property
    def admin_address(self) -> Address | None:
        """Where the admin API listens, with the port that it really has; None where there is none."""
        return self._admin_address

    async def __aenter__(self) -> Self:
        settings = self._plan.configuration.settings
        async with AsyncExitStack() as starting:
            guard = guard_of(self._plan.configuration)
            listening = self._bind("proxy.listen", settings.proxy.listen)
            starting.callback(sockets.close, listening)
            asked = self._bind("admin.listen", settings.admin.listen) if settings.admin.listen is not None else []
            starting.callback(sockets.close, asked)
            self._make_certificates()
            for_consumers, for_providers = self._for_consumers(), self._for_providers()
            journal = starting.enter_context(Journal(self._plan.journal))
            providers = self._providers(for_providers)
            starting.callback(providers.close)
            ledger = Ledger(self._clock, journal)
            handler = self._handler(providers, ledger)
            listener = Listener(
                listening,
                handler,
                for_consumers,
                Greeter(self.faults, self._disguises, ledger),
                handshake_timeout_s=settings.proxy.handshake_timeout_s,
                keep_alive_timeout_s=settings.proxy.keep_alive_timeout_s,
            )
            starting.push_async_callback(listener.stop, settings.proxy.drain_timeout_s)
            self.examine_faults()
            for starting_with in self._plan.faults:
                await self.control.put(starting_with.rules, origin=starting_with.scenario)
            listener.start()
            self._reloader = Reloader(self._parts(handler, listener, providers), every_s=settings.reload.every_s)
            await starting.enter_async_context(self._reloader)
            if guard is not None:
                await starting.enter_async_context(admin.Server(compose(self._routes(), guard), asked))
            self._address = _address(settings.proxy.listen, listening)
            self._admin_address = _address(settings.admin.listen, asked)
            self._running = starting.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._address = self._admin_address = None
        await self._running.aclose()

    async def reload(self) -> None:
        """Read the registry and the certificates again; each that is not good is reported, and stays as it was.

        Requests under way end by what was in force when they began.
        """
        if self._reloader is not None:
            await self._reloader.reload()

    def examine_faults(self) -> None:
        """Raise `InvalidFileError` where a fault rule that is there from the start could not do what it says."""
        problems = []
        for key, scenario, rules in self._plan.faults:
            for place, rule in enumerate(rules):
                try:
                    self._disguises.examine(rule.effect)
                except DisguiseError as error:
                    at = key if scenario is not None else (*key, place)
                    problems.append(self._plan.configuration.problem_at(at, f"{rule.name}: {error}"))
        if problems:
            raise InvalidFileError(problems)

    async def _prepare(self, effects: Iterable[Effect]) -> None:
        """Make ready what effects need before they can act."""
        await self._disguises.prepare(effects)

    def _parts(self, handler: Handler, listener: Listener, providers: Providers) -> tuple[Part[Any], ...]:
        """Return what can be read again, each with its files."""
        configuration = self._plan.configuration

        def files(side: TlsSide) -> tuple[Path, ...]:
            return tuple(configuration.tls_files(side).values())

        registry = (configuration.path(configuration.settings.registry),)
        return (
            Part(
                "registry",
                registry,
                lambda: read_registry(configuration),
                lambda read: handler.renew(read.directory, read.catalogue),
            ),
            Part("certificates for consumers", files("proxy"), self._for_consumers, listener.renew),
            Part("certificates for providers", files("providers"), self._for_providers, providers.renew),
        )

    def _routes(self) -> tuple[Route, ...]:
        """Return what the admin API answers."""
        return (*Faults(self.control, self._clock).routes, *Scenarios(self.control, self._clock).routes)

    def _bind(self, key: str, text: str) -> list[socket.socket]:
        configuration = self._plan.configuration
        listen = Address.parse(text)
        try:
            return sockets.bind(listen.host, listen.port)
        except OSError as error:
            in_use = error.errno == errno.EADDRINUSE
            why = "is in use; stop what listens there, or name another port" if in_use else f"cannot be: {said(error)}"
            raise InvalidFileError([configuration.problem(key, f"{listen} {why}")]) from error

    def _make_certificates(self) -> None:
        # Where another process is just making them, some are there already: `ensure` waits for it.
        if self._plan.uses_emulated_pki and self._plan.configuration.missing_files():
            ensure(self._plan.certificates, Names(), now=self._clock.now())
        if missing := self._plan.configuration.missing_files():
            raise InvalidFileError(missing)

    def _for_consumers(self) -> ContextAdapter:
        files = _consumer_tls(self._plan)
        made = self._secured("proxy", lambda: tls.for_consumers(files, self._clock.monotonic))
        self._disguises.renew()  # from the same files; a connection from just before closes with all others
        return made

    def _for_providers(self) -> ssl.SSLContext:
        configuration = self._plan.configuration
        ours, path = configuration.settings.providers.tls, configuration.path
        files = (path(ours.certificate), path(ours.key), path(ours.trust))
        return self._secured("providers", lambda: tls.for_providers(*files))

    def _secured(self, side: TlsSide, make: Callable[[], T]) -> T:
        """Make one side's TLS context, with every problem named by its line."""
        configuration = self._plan.configuration
        if missing := configuration.missing_files(side):
            raise InvalidFileError(missing)
        try:
            return make()
        except tls.TlsFileError as error:
            raise InvalidFileError([configuration.problem(f"{side}.tls", str(error))]) from error

    def _providers(self, context: ssl.SSLContext) -> Providers:
        settings = self._plan.configuration.settings.providers
        patience = Patience(settings.connect_timeout_s, settings.first_byte_timeout_s, settings.idle_timeout_s)
        return Providers(context, patience, kept=settings.kept_connections, kept_for_s=settings.kept_for_s)

    def _handler(self, providers: Providers, ledger: Ledger) -> Handler:
        settings = self._plan.configuration.settings
        cors = Cors(frozenset(settings.cors.origins), settings.cors.max_age_s)
        replies = Replies(self._clock, Format[settings.errors.default_format.upper()], cors)
        manners = Manners(
            settings.providers.connect_timeout_status,
            settings.proxy.idle_timeout_s,
            frozenset(settings.errors.unanswered),
        )
        return Handler(self._spine(), self.faults, providers, ledger, replies, manners)

    def _spine(self) -> Spine:
        settings, registry = self._plan.configuration.settings, self._plan.registry
        sender, receiver = (
            Quota(side.requests, side.asids) for side in (settings.limits.sender, settings.limits.receiver)
        )
        return Spine(
            registry.directory,
            registry.catalogue,
            self._clock,
            token_enforced=settings.token.mode == "enforce",
            token_leeway_s=settings.token.leeway_s,
            observed_2018=settings.compatibility == "observed-2018",
            media_types=frozenset(settings.media.allowed),
            limits=Limits(settings.limits.window_s, sender, receiver),
        )


def _address(listen: str | None, bound: Sequence[socket.socket]) -> Address | None:
    """Return where sockets listen that were bound for an address of the settings; port 0 has become another."""
    return Address(Address.parse(listen).host, bound[0].getsockname()[1]) if listen is not None else None


def _consumer_tls(plan: Plan) -> tls.ConsumerTls:
    """Return the files of the consumers' side."""
    ours, path = plan.configuration.settings.proxy.tls, plan.configuration.path
    return tls.ConsumerTls(
        path(ours.certificate),
        path(ours.key),
        path(ours.trust),
        path(ours.crl) if ours.crl is not None else None,
        tls_1_3=ours.tls_1_3,
    )
