"""`ssp-emulator check`: configuration, registry and scenarios validated, nothing started."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from ssp_emulator.admin.examining import examine_admin
from ssp_emulator.cli import options
from ssp_emulator.clock import SystemClock
from ssp_emulator.emulator.securing import Securing
from ssp_emulator.faults.scenario import read_all
from ssp_emulator.located import InvalidFileError
from ssp_emulator.plan import read_plan

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@options.config
def check(config_path: Path) -> None:
    """Validate configuration, registry, scenarios and certificates; name each problem, and exit 2 if there is any."""
    plan = read_plan(config_path)
    if not plan.makes_certificates and (missing := plan.configuration.missing_files()):
        raise InvalidFileError(missing)
    if not plan.makes_certificates:
        securing = Securing(plan, SystemClock())
        securing.examine_files()
        securing.examine_faults()
    examine_admin(plan.configuration, os.environ)
    scenarios = read_all(plan.configuration.fault_context)
    if problems := [problem for each in scenarios if isinstance(each, InvalidFileError) for problem in each.problems]:
        raise InvalidFileError(problems)
    systems = len(plan.registry.directory.systems)
    click.echo(f"{config_path}: valid; {systems} systems in the registry, {len(scenarios)} fault scenarios.")
    if plan.makes_certificates:
        click.echo(f"There are no certificates in {plan.certificates.root} yet; `ssp-emulator up` makes them.")
