"""`ssp-emulator provider`: the demo documents provider alone."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import click
import structlog

from ssp_emulator.cli.output import BAD_USAGE, fail
from ssp_emulator.demo.provider import ProviderServer, ProviderSettings, ProviderStartError
from ssp_emulator.pki.folder import CertificateFolder


@click.command()
@click.option("--host", default=ProviderSettings.host, show_default=True, help="Where it listens.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=ProviderSettings.port,
    show_default=True,
    help="0 takes any free port.",
)
@click.option(
    "--certs",
    "root",
    type=click.Path(path_type=Path),
    default=Path("certs"),
    show_default=True,
    metavar="DIR",
    help="The certificate folder.",
)
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
    """
    folder = CertificateFolder(root)
    settings = ProviderSettings(
        certificate=folder.provider.certificate,
        key=folder.provider.key,
        trust=folder.chain,
        host=host,
        port=port,
        asid=asid,
        proxy_fqdn=proxy_fqdn,
    )
    _log_to_standard_error()
    try:
        asyncio.run(_serve(settings))
    except ProviderStartError as error:
        fail(str(error), code=BAD_USAGE)


async def _serve(settings: ProviderSettings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with ProviderServer(settings) as server:
        click.echo(f"Demo provider ready: {server.url}")  # click flushes: whoever waits for the line gets it
        await stop.wait()


def _log_to_standard_error() -> None:
    # Standard output has one line only, for whoever waits until the provider is ready.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
