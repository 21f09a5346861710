"""`ssp-emulator up`: the emulator, until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

import click

from ssp_emulator import logs
from ssp_emulator.cli import options
from ssp_emulator.directory.sds.answer import BASE
from ssp_emulator.emulator import Emulator
from ssp_emulator.plan import Plan, read_plan
from ssp_emulator.settling import settle_in

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@options.config
def up(config_path: Path) -> None:
    """Run the proxy and the admin API until SIGTERM or Ctrl-C; requests in flight may end.

    The registry and the certificates are read again when their files change, and on SIGHUP. A file that is not good
    is reported, and what it was before stays in force.

    Certificates are made where there are none. When it serves, it says so on standard output; its log is on standard
    error.
    """
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # what it asks for is just being done
    plan = read_plan(config_path)
    logs.configure(plan.configuration.settings.log)
    asyncio.run(_serve(plan))


async def _serve(plan: Plan) -> None:
    stop, again = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, again.set)
    async with Emulator(plan) as emulator:
        settle_in()
        click.echo(f"Emulator ready: https://{emulator.address}")  # flushed, for whoever waits for the line
        if emulator.admin_address is not None:
            click.echo(f"Admin API: http://{emulator.admin_address}")
        if emulator.sds_address is not None:
            click.echo(f"SDS: http://{emulator.sds_address}{BASE}")
        if rules := [armed.rule.name for armed in emulator.faults]:
            click.echo(f"Fault rules in force: {', '.join(rules)}")
        reloading = asyncio.create_task(_reload_whenever(again, emulator))
        await stop.wait()
        reloading.cancel()
        await asyncio.gather(reloading, return_exceptions=True)


async def _reload_whenever(again: asyncio.Event, emulator: Emulator) -> None:
    while True:
        await again.wait()
        again.clear()
        await emulator.reload()
