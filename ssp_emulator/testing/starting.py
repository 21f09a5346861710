"""Starting: an emulator of the session's own, with a stub provider, in a thread beside the tests."""

from __future__ import annotations

import os
from contextlib import ExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import yaml

from ssp_emulator.admin.token import read_token
from ssp_emulator.cli.calling import Api
from ssp_emulator.demo.provider.server import ProviderStartError
from ssp_emulator.directory import loading
from ssp_emulator.directory.sds.answer import BASE
from ssp_emulator.emulator import Emulator
from ssp_emulator.plan import read_plan
from ssp_emulator.testing import setting_up
from ssp_emulator.testing.background import Background
from ssp_emulator.testing.certificates import Certificates, throwaway
from ssp_emulator.testing.emulated import Emulated
from ssp_emulator.testing.errors import UnusableError
from ssp_emulator.testing.quiet import through_logging
from ssp_emulator.testing.stub.provider import StubProvider

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping
    from pathlib import Path

    from ssp_emulator.testing.options import Options


@contextmanager
def started(folder: Path, options: Options, settings: Mapping[str, Any]) -> Iterator[Emulated]:
    """Run an emulator in a folder, which is empty, while the context is open.

    `settings` are laid over those that it needs. Raises `SetupError` where one of them, or the registry, is not valid.
    """
    data = setting_up.registry_data(options.registry)
    registry = loading.load(yaml.safe_dump(data), str(options.registry or "the usual registry"))
    hosts, consumer = setting_up.hosts_of(registry), setting_up.consumer_of(registry)
    pki = throwaway(folder / "certs", consumer, hosts, datetime.now(UTC))

    @asynccontextmanager
    async def both() -> AsyncIterator[Emulated]:
        async with StubProvider(pki, "127.0.0.1", 0) as provider:
            path = setting_up.write(folder, data, pki, str(provider.address), options.scenarios, settings)
            plan = read_plan(path)
            async with Emulator(plan) as emulator:
                if emulator.admin_address is None:
                    raise UnusableError("ssp_emulator_settings: admin.listen should not be empty; tests go by it")
                api = Api(f"http://{emulator.admin_address}", read_token(plan.configuration, os.environ))
                certificates = Certificates.of(pki)
                yield Emulated(
                    url=f"https://{emulator.address}",
                    admin_url=api.url,
                    sds_url=f"http://{emulator.sds_address}{BASE}" if emulator.sds_address is not None else None,
                    certificates=certificates,
                    registry=plan.registry,
                    api=api,
                    provider=provider,
                    is_ours=True,
                    clears=True,
                )

    with ExitStack() as running:
        running.enter_context(through_logging())
        try:
            emulated = running.enter_context(Background(both, "ssp-emulator"))
        except ProviderStartError as error:
            raise UnusableError(str(error)) from error
        yield emulated
