"""The composition root: the one place that knows all the rooms, and puts them together into an emulator that runs.

- securing: certificates, made where there are none, and the TLS contexts of both sides
- proxying: the parts of the proxy that settings shape
- answering: what the admin API is asked, and which room knows it
"""

from __future__ import annotations

import errno
import secrets
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from ssp_emulator import sockets
from ssp_emulator.address import Address
from ssp_emulator.admin import server as admin
from ssp_emulator.admin.app import compose
from ssp_emulator.admin.guard import guard_of
from ssp_emulator.admin.verification import Verification
from ssp_emulator.audit.advice import Adviser
from ssp_emulator.audit.auditing import Auditing
from ssp_emulator.audit.layout import Layout
from ssp_emulator.audit.metrics import Metrics
from ssp_emulator.clock import Clock, SystemClock
from ssp_emulator.emulator.answering import Answering
from ssp_emulator.emulator.proxying import handler_of, providers_of, spine_of
from ssp_emulator.emulator.securing import Securing
from ssp_emulator.errors import said
from ssp_emulator.faults.control import Control
from ssp_emulator.faults.engine import Engine
from ssp_emulator.located import InvalidFileError
from ssp_emulator.plan import read_registry
from ssp_emulator.proxy.disguises import DisguiseError, Disguises
from ssp_emulator.proxy.greeting import Greeter
from ssp_emulator.proxy.ledger import Ledger
from ssp_emulator.proxy.listener import Listener
from ssp_emulator.reloading import Part, Reloader

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from ssp_emulator.faults.effects.effect import Effect
    from ssp_emulator.plan import Plan
    from ssp_emulator.proxy.handler import Handler
    from ssp_emulator.proxy.openssl import ContextAdapter
    from ssp_emulator.proxy.providers import Providers
    from ssp_emulator.settings import TlsSide


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
        self._securing = Securing(plan, self._clock)
        self._disguises = Disguises(self._securing.consumer_files(), plan.certificates, self._clock)
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
            self._securing.make_certificates()
            for_consumers, for_providers = self._for_consumers(), self._securing.for_providers()
            adviser = Adviser(secrets.token_bytes(16))
            auditing = await starting.enter_async_context(
                Auditing(Layout(self._plan.journal), settings.audit, self._clock, adviser)
            )
            providers = providers_of(settings, for_providers)
            starting.callback(providers.close)
            metrics = Metrics()
            ledger = Ledger(self._clock, auditing.trail, metrics.observe)
            spine = spine_of(settings, self._plan.registry, self._clock)
            handler = handler_of(settings, spine, self.faults, providers, ledger, self._described_at(asked))
            listener = Listener(
                listening,
                handler,
                for_consumers,
                Greeter(self.faults, self._disguises, ledger),
                metrics,
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
                verification = await starting.enter_async_context(Verification(auditing.layout))
                answering = Answering(
                    self.control,
                    self._clock,
                    auditing,
                    verification,
                    metrics,
                    handler,
                    listener,
                    self._reloader,
                )
                await starting.enter_async_context(admin.Server(compose(answering.routes(), guard), asked))
                starting.callback(answering.exchanges.stop)
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
            Part("certificates for providers", files("providers"), self._securing.for_providers, providers.renew),
        )

    def _described_at(self, asked: Sequence[socket.socket]) -> str | None:
        """Return the URL of the admin API, where refusals are to lead to it."""
        settings = self._plan.configuration.settings
        where = _address(settings.admin.listen, asked)
        return f"http://{where.reachable}" if where is not None and settings.errors.described_by else None

    def _bind(self, key: str, text: str) -> list[socket.socket]:
        configuration = self._plan.configuration
        listen = Address.parse(text)
        try:
            return sockets.bind(listen.host, listen.port)
        except OSError as error:
            in_use = error.errno == errno.EADDRINUSE
            why = "is in use; stop what listens there, or name another port" if in_use else f"cannot be: {said(error)}"
            raise InvalidFileError([configuration.problem(key, f"{listen} {why}")]) from error

    def _for_consumers(self) -> ContextAdapter:
        made = self._securing.for_consumers()
        self._disguises.renew()  # from the same files; a connection from just before closes with all others
        return made


def _address(listen: str | None, bound: Sequence[socket.socket]) -> Address | None:
    """Return where sockets listen that were bound for an address of the settings; port 0 has become another."""
    return Address(Address.parse(listen).host, bound[0].getsockname()[1]) if listen is not None else None
