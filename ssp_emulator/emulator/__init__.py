"""The composition root: the one place that knows all the rooms, and puts them together into an emulator that runs.

- securing: certificates, made where there are none, and the TLS contexts of both sides
- proxying: the parts of the proxy that settings shape
- serving: the consumers' side, as one process has it; report: what such a process tells of itself
- several: the consumers' side with workers, as the process has it that leads them
- worker: a worker's process; handing: what it is given by the one that leads
- answering: what the admin API is asked, and which room knows it; the directory answers out of the registry in force
"""

from __future__ import annotations

import os
import secrets
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, NamedTuple

from ssp_emulator import sockets
from ssp_emulator.address import Address
from ssp_emulator.admin import server as admin
from ssp_emulator.admin.app import compose
from ssp_emulator.admin.examining import examine_admin
from ssp_emulator.admin.guard import guard_of
from ssp_emulator.admin.published import described_at
from ssp_emulator.admin.verification import Verification
from ssp_emulator.audit.advice import Adviser
from ssp_emulator.audit.auditing import Auditing
from ssp_emulator.audit.layout import Layout
from ssp_emulator.clock import Clock, SystemClock
from ssp_emulator.emulator.answering import Answering
from ssp_emulator.emulator.securing import Securing
from ssp_emulator.emulator.serving import Serving
from ssp_emulator.emulator.several import Several
from ssp_emulator.faults.control import Control
from ssp_emulator.faults.engine import Engine
from ssp_emulator.located import InvalidFileError
from ssp_emulator.reloading import Reloader
from ssp_emulator.sds import server as sds
from ssp_emulator.sds.face import Face
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
        self._sds_address: Address | None = None

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

    @property
    def sds_address(self) -> Address | None:
        """Where the directory's FHIR face listens, with the port that it really has; None where there is none."""
        return self._sds_address

    async def __aenter__(self) -> Self:
        settings = self._settings
        async with AsyncExitStack() as starting:
            examine_admin(self._plan.configuration, os.environ)
            proxy = self._listen(starting, "proxy.listen", settings.proxy.listen)
            admin_api = self._listen(starting, "admin.listen", settings.admin.listen)
            directory = self._listen(starting, "sds.listen", settings.sds.listen)
            self._securing.make_certificates()
            guard = guard_of(self._plan.configuration, os.environ)
            self._securing.examine_faults()
            side = await self._side(starting, proxy.sockets, described_at(settings, admin_api.address, os.environ))
            for starting_with in self._plan.faults:
                await self.control.put(starting_with.rules, origin=starting_with.scenario)
            await side.start()
            self._reloader = Reloader(side.parts, every_s=settings.reload.every_s)
            await starting.enter_async_context(self._reloader)
            if guard is not None:
                await self._answer(starting, side, admin_api.sockets, guard)
            if directory.address is not None:
                await starting.enter_async_context(self._directory_face(side, directory.sockets, directory.address))
            self._address, self._admin_address = proxy.address, admin_api.address
            self._sds_address = directory.address
            self._running = starting.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._address = self._admin_address = self._sds_address = None
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
            return await starting.enter_async_context(
                Serving(plan, clock, securing, self.faults, self._auditing(), listening, described_at=described_at)
            )
        tallies = SharedTallies.make(self._limited())
        starting.callback(tallies.close)
        self.faults = self._engine(tallies)
        sockets.share(listening)
        port = listening[0].getsockname()[1]

        def bind() -> list[socket.socket]:
            return sockets.bind(Address.parse(settings.proxy.listen).host, port, shared=True)

        auditing = self._auditing(settings.workers, indexes=False) if settings.sds.listen is not None else None
        several = Several(
            plan, clock, securing, self.faults, tallies, listening, bind, auditing, described_at=described_at
        )
        self.control = Control(self.faults, plan.configuration.fault_context, self._examine, several.spread)
        return await starting.enter_async_context(several)

    def _auditing(self, worker: int = 0, *, indexes: bool = True) -> Auditing:
        """Return what keeps this process's own records, as the worker of that number."""
        layout, adviser = Layout(self._plan.journal), Adviser(secrets.token_bytes(16))
        return Auditing(layout, self._settings.audit, self._clock, adviser, worker=worker, indexes=indexes)

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

    def _directory_face(self, side: Serving | Several, listening: Sequence[socket.socket], at: Address) -> sds.Server:
        """Return the directory's FHIR face."""
        face = Face(lambda: side.spine.directory, side.trail, self._clock, at, side.metrics.enquired)
        return sds.Server(face, listening)

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

    def _listen(self, starting: AsyncExitStack, key: str, text: str | None) -> _Listening:
        """Bind what a key of the settings says, if it says anything. Raises `InvalidFileError`."""
        if text is None:
            return _Listening([], None)
        configuration, listen = self._plan.configuration, Address.parse(text)
        try:
            bound = sockets.bind(listen.host, listen.port)
        except OSError as error:
            raise InvalidFileError([configuration.problem(key, f"{listen} {sockets.refusal(error)}")]) from error
        starting.callback(sockets.close, bound)
        return _Listening(bound, Address(listen.host, bound[0].getsockname()[1]))


class _Listening(NamedTuple):
    """Sockets that listen, and where: port 0 has become another; none where nothing is to listen."""

    sockets: list[socket.socket]
    address: Address | None
