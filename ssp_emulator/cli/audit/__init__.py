"""`ssp-emulator audit`: the trail, for reading; one file a command."""

from __future__ import annotations

import click

from ssp_emulator.cli.audit.advising import advise
from ssp_emulator.cli.audit.following import follow
from ssp_emulator.cli.audit.listing import list_
from ssp_emulator.cli.audit.showing import show_trace
from ssp_emulator.cli.audit.verifying import verify_trail


@click.group()
def audit() -> None:
    """The audit trail: every request that reached the proxy."""


for command in (list_, follow, show_trace, advise, verify_trail):
    audit.add_command(command)
