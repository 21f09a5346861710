"""An emulator that runs in the test's own event loop, and requests that it lets through."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import yaml

from ssp_emulator.audit.reading import read
from ssp_emulator.demo import consumer
from ssp_emulator.emulator import Emulator
from ssp_emulator.plan import read_plan
from support import setup
from support.wire import Answer, Wire, context

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from ssp_emulator.clock import Clock
    from ssp_emulator.pki.folder import CertificateFolder
    from ssp_emulator.plan import Plan


@dataclass
class Running:
    """A running emulator, and what a test wants of it."""

    plan: Plan
    emulator: Emulator
    certificates: CertificateFolder
    wires: list[Wire] = field(default_factory=list)

    @property
    def port(self) -> int:
        """The proxy's port."""
        return self.emulator.address.port

    async def wire(self, *, shown: Any = "consumer", tls: bool = True, **settings: Any) -> Wire:
        """Connect: with the consumer's certificate, another, or none; over TLS or not."""
        pair = self.certificates.consumer if shown == "consumer" else shown
        made = await Wire.open(self.port, context(self.certificates, pair, **settings) if tls else None)
        self.wires.append(made)
        return made

    async def ask(self, **changes: Any) -> Answer:
        """Send a request on a connection of its own, and return the answer."""
        return await (await self.wire()).ask(self.request(**changes))

    def request(
        self,
        *,
        method: str = "GET",
        target: str = f"/{setup.ROOT}/Binary/1",
        body: bytes = b"",
        fields: tuple[tuple[str, str], ...] = (),
        **headers: str | None,
    ) -> bytes:
        """Return a request that passes every check, but for what is changed.

        A header that is None is left out; its name is written with underscores. Fields come after them as they are.
        """
        values: dict[str, str | None] = {
            "Host": f"localhost:{self.port}",
            "Ssp-TraceID": str(uuid4()),
            "Ssp-From": setup.CONSUMER,
            "Ssp-To": setup.PROVIDER,
            "Ssp-InteractionID": setup.READ_BINARY,
            "Authorization": f"Bearer {self.token()}",
        }
        values.update({name.replace("_", "-"): value for name, value in headers.items()})
        lines = [(name, value) for name, value in values.items() if value is not None]
        head = "".join(f"{name}: {value}\r\n" for name, value in (*lines, *fields))
        return f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body

    def token(self, interaction: str = setup.READ_BINARY) -> str:
        """Return a fresh token for an interaction with the provider."""
        route = consumer.route(self.plan.registry, interaction, setup.CONSUMER, setup.PROVIDER)
        return consumer.token(route, datetime.now(UTC))

    def records(self) -> list[dict[str, Any]]:
        """Return the audit trail."""
        return list(read(self.plan.journal))

    def record(self) -> dict[str, Any]:
        """Return the trail's last record."""
        return self.records()[-1]


@asynccontextmanager
async def running(
    folder: Path,
    certificates: CertificateFolder,
    provider_port: int,
    clock: Clock | None = None,
    *,
    registry: dict[str, Any] | None = None,
    **changes: Any,
) -> AsyncIterator[Running]:
    """Run an emulator whose registry leads to a provider on a port of this machine, or one with another registry."""
    path = setup.write(folder, certificates, provider_port, **changes)
    if registry is not None:
        (folder / "registry.yaml").write_text(yaml.safe_dump(registry, sort_keys=False))
    plan = read_plan(path)
    async with Emulator(plan, clock) as emulator:
        made = Running(plan, emulator, certificates)
        try:
            yield made
        finally:
            for wire in made.wires:
                await wire.close()
