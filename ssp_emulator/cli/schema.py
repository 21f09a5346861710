"""`ssp-emulator schema`: the JSON Schemas of what people write and programs read."""

from __future__ import annotations

import click

from ssp_emulator import schemas
from ssp_emulator.cli.output import print_json


@click.command()
@click.argument("name", type=click.Choice(schemas.NAMES))
def schema(name: str) -> None:
    """Print the JSON Schema (2020-12) of NAME, for an editor or a program.

    emulator, registry and scenario are the YAML files; audit is a record of the journal.
    """
    print_json(schemas.schema(name))
