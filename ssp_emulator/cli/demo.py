"""`ssp-emulator demo`: the whole use case once, with real processes and real TLS."""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from ssp_emulator.address import Address
from ssp_emulator.audit.reading import read
from ssp_emulator.cli import options
from ssp_emulator.cli.output import FAILED, fail
from ssp_emulator.cli.retrieving import DOCUMENT, INTERACTION, RetrievalError, not_passed, retrieve
from ssp_emulator.cli.trail import show_record
from ssp_emulator.demo import consumer
from ssp_emulator.pki.initialising import ensure
from ssp_emulator.pki.names import Names
from ssp_emulator.plan import Plan, read_plan

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

_START_PATIENCE_S = 30.0
_STOP_PATIENCE_S = 15.0


class _DemoError(Exception):
    """A step of the demo did not happen; the text says which."""


@click.command()
@options.config
def demo(config_path: Path) -> None:
    """Retrieve a document through the proxy, and show the audit trail; exit 0 only if all of it happened."""
    plan = read_plan(config_path)
    if ensure(plan.certificates, Names(), now=datetime.now(UTC)):
        click.echo(f"Made certificates in {plan.certificates.root}.")
    try:
        route = consumer.route(plan.registry, INTERACTION)
        asyncio.run(_run(plan, config_path, route))
    except (_DemoError, RetrievalError, consumer.ConsumerError) as error:
        fail(str(error), code=FAILED)


async def _run(plan: Plan, config_path: Path, route: consumer.Route) -> None:
    address = route.endpoint.connect_to
    async with AsyncExitStack() as running:
        where = ["--host", address.host, "--port", str(address.port), "--certs", str(plan.certificates.root)]
        for line in (
            await running.enter_async_context(_process("provider", *where)),
            await running.enter_async_context(_process("up", "--config", str(config_path))),
        ):
            click.echo(line)
        proxy = Address.parse(line.rpartition("https://")[2])
        request = consumer.request(route, consumer.Question(DOCUMENT), datetime.now(UTC))
        click.echo(f"\n{request.method} https://{proxy}/{request.target}\n")
        await retrieve(plan.certificates, request, proxy)
        _show_trail(plan, request.trace_id)
    click.echo("The emulator and the provider have stopped. The document was retrieved through the proxy.")


def _show_trail(plan: Plan, trace_id: str) -> None:
    records = [record for record in read(plan.journal) if record["trace_id"] == trace_id]
    if len(records) != 1:
        raise _DemoError(f"the audit trail has {len(records)} records of trace {trace_id}, and should have one")
    show_record(records[0])
    if failed := not_passed(records[0]):
        raise _DemoError(f"these checks did not pass: {', '.join(failed)}")


@asynccontextmanager
async def _process(*arguments: str) -> AsyncIterator[str]:
    """Run a command of ours, and lend the line by which it says that it is ready; stop it afterwards."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ssp_emulator", *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    if process.stdout is None or process.stderr is None:
        raise LookupError("a process was started without its pipes")
    said = asyncio.create_task(process.stderr.read())  # read all along, so that a full pipe never stops it
    try:
        line = await _ready_line(arguments[0], process.stdout)
        if not line:
            with suppress(TimeoutError):  # signalling one that is just ending would take its end from asyncio
                await asyncio.wait_for(process.wait(), _STOP_PATIENCE_S)
            raise _DemoError(f"`{arguments[0]}` did not start: {(await said).decode().strip()}")
        yield line
    finally:
        await _stop(process)
        await said


async def _ready_line(name: str, stdout: asyncio.StreamReader) -> str:
    try:
        async with asyncio.timeout(_START_PATIENCE_S):
            return (await stdout.readline()).decode().strip()
    except TimeoutError as error:
        raise _DemoError(f"`{name}` was not ready within {_START_PATIENCE_S:g} s") from error


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    try:
        async with asyncio.timeout(_STOP_PATIENCE_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
