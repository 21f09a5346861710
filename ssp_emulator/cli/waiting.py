"""`ssp-emulator wait`: until the emulator is ready, for CI and scripts."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from ssp_emulator.cli import options
from ssp_emulator.cli.calling import UnansweredError, open_api, read_configuration
from ssp_emulator.cli.output import FAILED, fail, print_json
from ssp_emulator.cli.readiness import missing, warn

if TYPE_CHECKING:
    from pathlib import Path

    from ssp_emulator.cli.calling import Api

_LONGEST_S = 86_400.0
_BETWEEN_S = 0.1
_PATIENCE_S = 5.0  # with one answer; another try is better than a long wait for a connection that is stuck
_LEAST_S = 0.05


class Outcome(NamedTuple):
    """How the waiting ended: whether the emulator is ready, what it said last, if anything, and why it is not."""

    ready: bool
    health: dict[str, Any] | None
    why: str


@click.command()
@options.timeout(30.0, _LONGEST_S, "How long to wait at most; 0 asks once.")
@options.as_json
@options.admin
@options.config
def wait(timeout_s: float, as_json: bool, url: str | None, config_path: Path) -> None:
    """Wait until the running emulator is ready.

    It is ready when its sockets are open, registry and certificates are good, and the journal takes records. Ends
    with exit code 0 then, or with 1, and what is missing, when the time is over. The emulator need not be started yet.
    """
    api = open_api(read_configuration(config_path, url), url)
    started = time.monotonic()
    outcome = waited(api, started + timeout_s)
    waited_s = round(time.monotonic() - started, 3)
    if as_json:
        print_json({"ready": outcome.ready, "url": api.url, "waited_s": waited_s, "health": outcome.health})
    elif outcome.ready and outcome.health is not None:
        click.echo(f"Ready: the emulator at {api.url}.")
        warn(outcome.health["parts"])
    if not outcome.ready:
        fail(f"not ready after {timeout_s:g} s: {outcome.why}", code=FAILED)


def waited(api: Api, until: float) -> Outcome:
    """Ask until the emulator is ready, or a moment has come, in seconds of the monotonic clock; at least once."""
    while True:
        left_s = until - time.monotonic()
        outcome = _asked(api, min(max(left_s, _LEAST_S), _PATIENCE_S))
        left_s = until - time.monotonic()
        if outcome.ready or left_s <= 0:
            return outcome
        time.sleep(min(_BETWEEN_S, left_s))


def _asked(api: Api, patience_s: float) -> Outcome:
    try:
        health = api.readiness(patience_s)
    except UnansweredError as error:
        return Outcome(False, None, str(error))
    why = missing(health["parts"])
    return Outcome(not why, health, why)
