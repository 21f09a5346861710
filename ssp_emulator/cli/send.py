"""`ssp-emulator send`: one request of a consumer's, through the proxy."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ssp_emulator.address import Address
from ssp_emulator.cli import options
from ssp_emulator.cli.completing import interactions
from ssp_emulator.cli.output import BAD_USAGE, FAILED, fail, print_json
from ssp_emulator.demo import consumer
from ssp_emulator.demo.looking_up import look_up
from ssp_emulator.demo.sending import Identity, sent
from ssp_emulator.plan import Plan, read_plan

if TYPE_CHECKING:
    import aiohttp

_FIRST_ERROR = 400


@click.command()
@click.argument("interaction", shell_complete=interactions)
@click.option("--id", "resource_id", metavar="ID", help="The resource that is read.")
@click.option("--nhs-number", metavar="N", help="The patient who is looked for.")
@click.option("--query", metavar="TEXT", help="More of the query, as it is to stand in the URL.")
@options.from_asid
@options.to_asid
@options.sign_key
@options.proxy
@click.option(
    "--via-sds", is_flag=True, help="Look endpoint and ASID up in the directory first, as a real consumer does."
)
@options.sds
@click.option("--cert", type=click.Path(path_type=Path), metavar="FILE", help="Another client certificate.")
@click.option("--key", type=click.Path(path_type=Path), metavar="FILE", help="The key to it.")
@options.output("Where the body goes, as it comes.")
@options.as_json
@options.config
def send(
    interaction: str,
    resource_id: str | None,
    nhs_number: str | None,
    query: str | None,
    from_asid: str | None,
    to_asid: str | None,
    sign_key: bytes | None,
    proxy: Address | None,
    via_sds: bool,
    sds: Address | None,
    cert: Path | None,
    key: Path | None,
    output: Path | None,
    as_json: bool,
    config_path: Path,
) -> None:
    """Send INTERACTION as a consumer: URL, headers and token come from the registry.

    INTERACTION is an ID, or what follows urn:nhs:names:services:gpconnect: in one. Exit 1 where the answer is an error.
    With --via-sds, its calls of the directory are in the audit trail under the trace ID of the request that follows.
    """
    plan = read_plan(config_path)
    question = consumer.Question(resource_id, nhs_number, query)
    directory = _directory(plan, sds, via_sds=via_sds)
    try:
        route = consumer.route(plan.registry, interaction, from_asid, to_asid)
        request = consumer.request(route, question, datetime.now(UTC), sign_key)
        where = (proxy or Address.parse(plan.configuration.settings.proxy.listen)).reachable
    except (consumer.ConsumerError, ValueError) as error:
        fail(str(error), code=BAD_USAGE)
    try:
        if directory is not None:
            route = asyncio.run(_looked_up(route, directory, request.trace_id))
            request = consumer.request(route, question, datetime.now(UTC), sign_key, request.trace_id)
        status = asyncio.run(_send(request, where, _identity(plan, cert, key), output, as_json=as_json))
    except consumer.ConsumerError as error:
        fail(str(error), code=FAILED)
    raise SystemExit(FAILED if status >= _FIRST_ERROR else 0)


async def _looked_up(route: consumer.Route, directory: Address, trace_id: str) -> consumer.Route:
    found = await look_up(directory, route.receiver.organisation.ods, route.interaction.received_as, trace_id)
    click.echo(f"The directory says: {found.root}, party key {found.party_key}, ASID {found.asid}", err=True)
    return found.instead_of(route)


async def _send(
    request: consumer.Request, proxy: Address, identity: Identity, output: Path | None, *, as_json: bool
) -> int:
    async with sent(request, proxy, identity) as answer:
        body = await _save(answer, output) if output is not None else (await answer.read()).decode("utf-8", "replace")
        if as_json:
            headers = [[name, value] for name, value in answer.headers.items()]
            print_json({"trace_id": request.trace_id, "status": answer.status, "headers": headers, "body": body})
        else:
            _show(request, answer, body)
        return answer.status


def _show(request: consumer.Request, answer: aiohttp.ClientResponse, body: str) -> None:
    click.echo(f"{request.method} {request.target}", err=True)
    click.echo(f"Ssp-TraceID: {request.trace_id}\n", err=True)
    click.echo(f"{answer.status} {answer.reason}", err=True)
    for name, value in answer.headers.items():
        click.echo(f"{name}: {value}", err=True)
    click.echo(err=True)
    click.echo(body)


async def _save(answer: aiohttp.ClientResponse, output: Path) -> str:
    size = 0
    with output.open("wb") as file:
        async for piece in answer.content.iter_any():
            size += file.write(piece)
    return f"{size} bytes in {output}"


def _identity(plan: Plan, certificate: Path | None, key: Path | None) -> Identity:
    ours = plan.certificates.consumer
    if (certificate is None) != (key is None):
        fail("--cert and --key go together", code=BAD_USAGE)
    return Identity(certificate or ours.certificate, key or ours.key, plan.certificates.chain)


def _directory(plan: Plan, named: Address | None, *, via_sds: bool) -> Address | None:
    """Return where the directory is; None where it is not to be asked."""
    if not via_sds:
        if named is not None:
            fail("--sds goes with --via-sds", code=BAD_USAGE)
        return None
    if named is not None:
        return named.reachable
    listen = plan.configuration.settings.sds.listen
    if listen is None:
        fail(
            "there is no directory in the configuration: sds.listen is empty; say with --sds where it is",
            code=BAD_USAGE,
        )
    where = Address.parse(listen)
    if where.port == 0:
        fail(f"sds.listen of {plan.configuration.file} is any free port: say with --sds which", code=BAD_USAGE)
    return where.reachable
