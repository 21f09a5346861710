"""The composition root: the one place that knows all the rooms, and puts them together into an emulator that runs.

- securing: certificates, made where there are none, and the TLS contexts of both sides
- proxying: the parts of the proxy that settings shape
- serving: the consumers' side, as one process has it; report: what such a process tells of itself
- several: the consumers' side with workers, as the process has it that leads them
- worker: a worker's process; handing: what it is given by the one that leads
- answering: what the admin API is asked, and which room knows it
"""

from __future__ import annotations

import errno
import secrets
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from ssp_emulator import sockets
from ssp_emulator.address import Address
from ssp_emulator.admin import server as admin
from ssp_emulator.admin.app import compose
from ssp_emulator.admin.guard import guard_of
from ssp_emulator.admin.verification import Verification
from ssp_emulator.audit.advice import Adviser
from ssp_emulator.audit.auditing import Auditing
from ssp_emulator.audit.layout import Layout
from ssp_emulator.clock import Clock, SystemClock
from ssp_emulator.emulator.answering import Answering
from ssp_emulator.emulator.securing import Securing
from ssp_emulator.emulator.serving import Serving
from ssp_emulator.emulator.several import Several
from ssp_emulator.errors import said
from ssp_emulator.faults.control import Control
from ssp_emulator.faults.engine import Engine
from ssp_emulator.located import InvalidFileError
from ssp_emulator.reloading import Reloader
from ssp_emulator.workers.tally import SharedTallies

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable, Sequence
    from types import TracebackType
    from typing import Self

    from ssp_emulator.admin.guard import Guard
    from ssp_emulator.faults.effects.effect import Effect
    from ssp_emulator.plan import Plan
    from ssp_emulator.tallies import Tallies


class Emulator:
    """The emulated Spine Secure Proxy, as an async context manager: it serves from entering to leaving.

    Takes a plan, and a clock for tests, which workers do not have. Entering binds, makes the certificates where there
    are none, opens the journal, and starts the workers where there are to be several; it raises `SetupError`, and then
    nothing is left running or open.
    While it runs, registry and certificates are read again when their files change, and `faults` are the rules in
    force, which `control` puts there.
    Leaving lets requests in flight end.
    """

    faults: Engine
    control: Control

    def __init__(self, plan: Plan, clock: Clock | None = None) -> None:
        self._plan = plan
        self._settings = plan.configuration.settings
        self._clock = clock or SystemClock()
        self._securing = Securing(plan, self._clock)
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
        proxy, asked_at = self._settings.proxy.listen, self._settings.admin.listen
        async with AsyncExitStack() as starting:
            guard = guard_of(self._plan.configuration)
            listening = self._bind("proxy.listen", proxy)
            starting.callback(sockets.close, listening)
            asked = self._bind("admin.listen", asked_at) if asked_at is not None else []
            starting.callback(sockets.close, asked)
            address, admin_address = _address(proxy, listening), _address(asked_at, asked)
            self._securing.make_certificates()
            self._securing.examine_faults()
            side = await self._side(starting, listening, self._described_at(admin_address))
            for starting_with in self._plan.faults:
                await self.control.put(starting_with.rules, origin=starting_with.scenario)
            await side.start()
            self._reloader = Reloader(side.parts, every_s=self._settings.reload.every_s)
            await starting.enter_async_context(self._reloader)
            if guard is not None:
                await self._answer(starting, side, asked, guard)
            self._address, self._admin_address = address, admin_address
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

    async def _side(
        self, starting: AsyncExitStack, listening: list[socket.socket], described_at: str | None
    ) -> Serving | Several:
        """Enter the consumers' side: this process where there is one worker, and others where there are several."""
        plan, clock, securing, settings = self._plan, self._clock, self._securing, self._settings
        if settings.workers == 1:
            self.faults = self._engine()
            self.control = Control(self.faults, plan.configuration.fault_context, self._prepare)
            adviser = Adviser(secrets.token_bytes(16))
            auditing = Auditing(Layout(plan.journal), settings.audit, clock, adviser)
            return await starting.enter_async_context(
                Serving(plan, clock, securing, self.faults, auditing, listening, described_at=described_at)
            )
        tallies = SharedTallies.make(self._limited())
        starting.callback(tallies.close)
        self.faults = self._engine(tallies)
        sockets.share(listening)
        port = listening[0].getsockname()[1]

        def bind() -> list[socket.socket]:
            return sockets.bind(Address.parse(settings.proxy.listen).host, port, shared=True)

        several = Several(plan, clock, securing, self.faults, tallies, listening, bind, described_at=described_at)
        self.control = Control(self.faults, plan.configuration.fault_context, self._examine, several.spread)
        return await starting.enter_async_context(several)

    async def _answer(
        self, starting: AsyncExitStack, side: Serving | Several, asked: Sequence[socket.socket], guard: Guard
    ) -> None:
        """Have the admin API listen."""
        if self._reloader is None:
            raise LookupError("the admin API tells how reloading goes, and nothing is reloaded")
        verification = await starting.enter_async_context(Verification(side.layout))
        answering = Answering(self.control, self._clock, side, verification, self._reloader)
        await starting.enter_async_context(admin.Server(compose(answering.routes(), guard), asked))
        starting.callback(answering.exchanges.stop)

    def _engine(self, tallies: Tallies | None = None) -> Engine:
        faults = self._settings.faults
        return Engine(self._clock, seed=faults.seed, by_header=faults.by_header, tallies=tallies)

    def _limited(self) -> int:
        """Return how many limits may have to be counted."""
        limits = self._settings.limits
        sides = (limits.sender, limits.receiver)
        systems = len(self._plan.registry.directory.systems)
        return sum(systems if side.requests is not None else len(side.asids) for side in sides)

    async def _prepare(self, effects: Iterable[Effect]) -> None:
        """Make ready what effects need before they can act."""
        await self._securing.disguises.prepare(effects)

    async def _examine(self, effects: Iterable[Effect]) -> None:
        """See whether that could be made ready; each worker then does it for itself."""
        for effect in effects:
            self._securing.disguises.examine(effect)

    def _described_at(self, asked_at: Address | None) -> str | None:
        """Return the URL of the admin API, where refusals are to lead to it."""
        described = asked_at is not None and self._settings.errors.described_by
        return f"http://{asked_at.reachable}" if asked_at is not None and described else None

    def _bind(self, key: str, text: str) -> list[socket.socket]:
        configuration = self._plan.configuration
        listen = Address.parse(text)
        try:
            return sockets.bind(listen.host, listen.port)
        except OSError as error:
            in_use = error.errno == errno.EADDRINUSE
            why = "is in use; stop what listens there, or name another port" if in_use else f"cannot be: {said(error)}"
            raise InvalidFileError([configuration.problem(key, f"{listen} {why}")]) from error


def _address(listen: str | None, bound: Sequence[socket.socket]) -> Address | None:
    """Return where sockets listen that were bound for an address of the settings; port 0 has become another."""
    return Address(Address.parse(listen).host, bound[0].getsockname()[1]) if listen is not None else None
