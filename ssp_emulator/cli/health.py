"""`ssp-emulator health`: whether what runs in this container is well, for its HEALTHCHECK.

It is asked every few seconds, so it reads no configuration: that alone would take longer than all the rest.
"""

from __future__ import annotations

import http.client
import json
from contextlib import closing, suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from ssp_emulator.address import Address
from ssp_emulator.cli import options
from ssp_emulator.cli.output import BAD_USAGE, FAILED, fail
from ssp_emulator.cli.provider_health import ProviderDownError, shake_hands
from ssp_emulator.cli.readiness import missing, warn
from ssp_emulator.errors import said

if TYPE_CHECKING:
    from pathlib import Path

_PATIENCE_S = 3.0
_LARGEST_BYTES = 1 << 20
_OK = 200


@click.command()
@click.option(
    "--admin",
    "url",
    metavar="URL",
    default="http://127.0.0.1:8440",
    show_default=True,
    help="The emulator's admin API.",
)
@click.option("--provider", "provider", metavar="HOST:PORT", help="The demo provider there instead.")
@options.certificate_folder
def health(url: str, provider: str | None, root: Path) -> None:
    """Ask the emulator once whether it is ready, or with --provider whether the demo provider serves.

    Exit code 0 if so, and else 1. The provider is met as the proxy meets it, over mutual TLS with the proxy's own
    certificate.
    """
    try:
        if provider is None:
            _ask(url)
        else:
            shake_hands(Address.parse(provider), root, _PATIENCE_S)
    except ValueError as error:
        fail(f"{'--admin' if provider is None else '--provider'}: {error}", code=BAD_USAGE)
    except ProviderDownError as error:
        fail(str(error), code=FAILED)
    click.echo("Healthy.")


def _ask(url: str) -> None:
    """Ask the admin API at a URL; ends the process where it is not ready."""
    parts = urlsplit(url)
    if parts.scheme != "http":
        raise ValueError(f'should be as in "http://127.0.0.1:8440", found {url!r}')
    address = Address.parse(parts.netloc)
    connection = http.client.HTTPConnection(address.host, address.port, timeout=_PATIENCE_S)
    try:
        with closing(connection):
            connection.request("GET", "/health/ready")
            answer = connection.getresponse()
            body = answer.read(_LARGEST_BYTES)
    except (OSError, http.client.HTTPException) as error:
        why = said(error) if isinstance(error, OSError) else type(error).__name__
        fail(f"no emulator answers at {url}: {why}", code=FAILED)
    with suppress(ValueError, KeyError, TypeError, AttributeError, RecursionError):  # somebody else speaks
        told = json.loads(body)["parts"]
        if answer.status == _OK:
            warn(told)
        elif why := missing(told):
            fail(f"not ready: {why}", code=FAILED)
    if answer.status != _OK:
        fail(f"not ready: it said {answer.status}", code=FAILED)
