"""`ssp-emulator provider`: the demo documents provider alone."""

from __future__ import annotations

import asyncio
import signal
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from ssp_emulator import logs
from ssp_emulator.cli import options
from ssp_emulator.cli.output import BAD_USAGE, fail
from ssp_emulator.clock import SystemClock
from ssp_emulator.demo.provider import ProviderServer, ProviderSettings, ProviderStartError
from ssp_emulator.pki.consistency import examine
from ssp_emulator.pki.folder import CertificateFolder
from ssp_emulator.pki.holding import hold
from ssp_emulator.pki.initialising import ensure
from ssp_emulator.pki.names import Names
from ssp_emulator.settings import LogSettings

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.option("--host", default=ProviderSettings.host, show_default=True, help="Where it listens.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=ProviderSettings.port,
    show_default=True,
    help="0 takes any free port.",
)
@options.certificate_folder
@click.option("--asid", default=ProviderSettings.asid, show_default=True, help="Its own ASID.")
@click.option(
    "--proxy-fqdn",
    default=ProviderSettings.proxy_fqdn,
    show_default=True,
    help="The name in the certificate of the proxy, which alone is let in.",
)
def provider(host: str, port: int, root: Path, asid: str, proxy_fqdn: str) -> None:
    """Run a demo GP practice that speaks GP Connect Access Document, until SIGTERM or Ctrl-C.

    Besides its own documents it has one of any size: Binary/size-<bytes>, up to 1 GiB, is a plain text of that many
    bytes.

    Certificates are made where there are none.
    """
    folder = CertificateFolder(root)
    _make_certificates(folder)
    settings = ProviderSettings.of(folder, host=host, port=port, asid=asid, proxy_fqdn=proxy_fqdn)
    logs.configure(LogSettings())
    _examine(folder)
    try:
        asyncio.run(_serve(settings))
    except ProviderStartError as error:
        fail(str(error), code=BAD_USAGE)


def _examine(folder: CertificateFolder) -> None:
    """End the process where the certificate's files do not belong together, or are not of today."""
    held = hold(folder.provider.certificate, folder.provider.key, folder.chain, None, folder=folder)
    flaws = examine(held, SystemClock().now())
    for flaw in flaws:
        click.echo(f"{'error' if flaw.stops else 'warning'}: {flaw.message}", err=True)
    if any(flaw.stops for flaw in flaws):
        raise SystemExit(BAD_USAGE)


def _make_certificates(folder: CertificateFolder) -> None:
    """Make the emulated PKI where what the provider needs is not there. Raises `PkiError` where others of it are."""
    # Where the emulator is just making them, some are there already: `ensure` waits for it.
    if not all(path.exists() for path in (folder.provider.certificate, folder.provider.key, folder.chain)):
        ensure(folder, Names(), now=datetime.now(UTC))


async def _serve(settings: ProviderSettings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with ProviderServer(settings) as server:
        click.echo(f"Demo provider ready: {server.url}")  # click flushes: whoever waits for the line gets it
        await stop.wait()
