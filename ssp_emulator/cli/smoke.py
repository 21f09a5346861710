"""`ssp-emulator smoke`: the use case once, against an emulator and a provider that run elsewhere."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from ssp_emulator.address import Address
from ssp_emulator.cli import options
from ssp_emulator.cli.calling import RefusedError, admin_api, open_api
from ssp_emulator.cli.output import BAD_USAGE, FAILED, fail
from ssp_emulator.cli.provider_health import ProviderDownError, shake_hands
from ssp_emulator.cli.retrieving import DOCUMENT, INTERACTION, RetrievalError, not_passed, retrieve
from ssp_emulator.cli.trail import show_record
from ssp_emulator.cli.waiting import waited
from ssp_emulator.demo import consumer
from ssp_emulator.plan import read_plan

if TYPE_CHECKING:
    from pathlib import Path

    from ssp_emulator.cli.calling import Api
    from ssp_emulator.plan import Plan

_LONGEST_S = 3_600.0
_BETWEEN_S = 0.2
_PATIENCE_S = 3.0


@click.command()
@options.proxy
@options.timeout(60.0, _LONGEST_S, "How long to wait at most until both are ready.")
@options.admin
@options.config
def smoke(proxy: Address | None, timeout_s: float, url: str | None, config_path: Path) -> None:
    """Wait for the emulator and the provider, retrieve a document through the proxy, and check the audit trail.

    Exit code 0 only if all of it happened: the document came, the trail has the one exchange with every check passed,
    and its chain is whole.
    """
    plan = read_plan(config_path)
    try:
        where = (proxy or Address.parse(plan.configuration.settings.proxy.listen)).reachable
        route = consumer.route(plan.registry, INTERACTION)
    except (ValueError, consumer.ConsumerError) as error:
        fail(str(error), code=BAD_USAGE)
    until = time.monotonic() + timeout_s
    _wait(plan, url, route.endpoint.connect_to, until)
    api = admin_api(plan.configuration, url)  # only now: its token may have been made just now
    request = consumer.request(route, consumer.Question(DOCUMENT), datetime.now(UTC))
    click.echo(f"\n{request.method} https://{where}/{request.target}\n")
    try:
        asyncio.run(retrieve(plan.certificates, request, where))
        _check_trail(api, request.trace_id, until)
    except (RetrievalError, consumer.ConsumerError) as error:
        fail(str(error), code=FAILED)
    except RefusedError as error:
        fail(f"the emulator at {api.url} refused a question: {error}", code=FAILED)
    click.echo("Smoke test passed.")


def _wait(plan: Plan, url: str | None, provider: Address, until: float) -> None:
    """Wait until both are ready; ends the process where a moment of the monotonic clock comes before that."""
    api = open_api(plan.configuration, url)
    outcome = waited(api, until)
    if not outcome.ready:
        fail(f"not ready in time: {outcome.why}", code=FAILED)
    click.echo(f"Ready: the emulator at {api.url}.")
    while True:
        try:
            shake_hands(provider, plan.certificates.root, _PATIENCE_S)
        except ProviderDownError as error:
            if time.monotonic() >= until:
                fail(f"not ready in time: {error}", code=FAILED)
            time.sleep(_BETWEEN_S)
        else:
            click.echo(f"Ready: the provider at {provider}.")
            return


def _check_trail(api: Api, trace_id: str, until: float) -> None:
    """Show what the audit trail has of a trace; ends the process where that is not one exchange in good order."""
    exchanges = _exchanges(api, trace_id, until)
    if len(exchanges) != 1:
        fail(f"the audit trail has {len(exchanges)} records of trace {trace_id}, and should have one", code=FAILED)
    show_record(exchanges[0])
    if failed := not_passed(exchanges[0]):
        fail(f"these checks did not pass: {', '.join(failed)}", code=FAILED)
    verified: dict[str, Any] = api.call("GET", "/audit/verify", expects="chains")
    if not verified["sound"]:
        problems = [problem["text"] for chain in verified["chains"] for problem in chain["problems"]]
        fail(f"the audit trail is not sound: {'; '.join(problems)}", code=FAILED)
    click.echo(f"The audit trail is sound, with {verified['records']['kept']} of its records kept.")


def _exchanges(api: Api, trace_id: str, until: float) -> list[dict[str, Any]]:
    """Return the records of a trace; the index may have to catch up with a long trail first. Raises `RefusedError`."""
    while True:
        try:
            found: list[dict[str, Any]] = api.call("GET", f"/traces/{trace_id}", expects="exchanges")["exchanges"]
        except RefusedError:
            if time.monotonic() >= until:
                raise
            time.sleep(_BETWEEN_S)
        else:
            return found
