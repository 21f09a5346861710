"""`ssp-emulator check`: configuration and registry validated, nothing started."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ssp_emulator.cli import options
from ssp_emulator.located import InvalidFileError
from ssp_emulator.plan import read_plan

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@options.config
def check(config_path: Path) -> None:
    """Validate the configuration and the registry; name each problem with its line, and exit 2 if there is any."""
    plan = read_plan(config_path)
    if not plan.makes_certificates and (missing := plan.configuration.missing_files()):
        raise InvalidFileError(missing)
    directory = plan.registry.directory
    click.echo(f"{config_path}: valid; {len(list(directory.systems))} systems in the registry.")
    if plan.makes_certificates:
        click.echo(f"There are no certificates in {plan.certificates.root} yet; `ssp-emulator up` makes them.")
