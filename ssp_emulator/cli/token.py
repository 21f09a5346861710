"""`ssp-emulator token`: a fresh token for curl or Postman."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from ssp_emulator.cli import options
from ssp_emulator.cli.completing import interactions
from ssp_emulator.cli.output import BAD_USAGE, fail
from ssp_emulator.demo import consumer
from ssp_emulator.plan import read_plan

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.option(
    "--interaction",
    default="documents:fhir:rest:read:binary-1",
    show_default=True,
    metavar="ID",
    shell_complete=interactions,
)
@options.from_asid
@options.to_asid
@options.sign_key
@options.config
def token(
    interaction: str, from_asid: str | None, to_asid: str | None, sign_key: bytes | None, config_path: Path
) -> None:
    """Print a fresh token, good for five minutes and for one interaction."""
    registry = read_plan(config_path).registry
    try:
        found = consumer.route(registry, interaction, from_asid, to_asid)
        fresh = consumer.token(found, datetime.now(UTC), sign_key)
    except consumer.ConsumerError as error:
        fail(str(error), code=BAD_USAGE)
    click.echo(fresh)
