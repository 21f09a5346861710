"""Renewable: what an emulator reads again while it runs, and from which files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ssp_emulator.plan import read_registry
from ssp_emulator.reloading import Part

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from ssp_emulator.config import Configuration
    from ssp_emulator.directory.loading import Registry
    from ssp_emulator.emulator.securing import Securing
    from ssp_emulator.proxy.openssl import ConsumerContext
    from ssp_emulator.settings import TlsSide

# By these names the log, health and metrics know them.
REGISTRY, FOR_CONSUMERS, FOR_PROVIDERS = "registry", "certificates for consumers", "certificates for providers"


def parts(
    configuration: Configuration,
    securing: Securing,
    *,
    registry: Callable[[Registry], Awaitable[None] | None],
    for_consumers: Callable[[ConsumerContext], Awaitable[None] | None],
    for_providers: Callable[[ssl.SSLContext], Awaitable[None] | None],
) -> tuple[Part[Any], ...]:
    """Return what can be read again, each with its files; takes what puts each of them in force."""

    def files(side: TlsSide) -> tuple[Path, ...]:
        return tuple(configuration.tls_files(side).values())

    return (
        Part(
            REGISTRY,
            (configuration.path(configuration.settings.registry),),
            lambda: read_registry(configuration),
            registry,
        ),
        Part(FOR_CONSUMERS, files("proxy"), securing.for_consumers, for_consumers),
        Part(FOR_PROVIDERS, files("providers"), securing.for_providers, for_providers),
    )
