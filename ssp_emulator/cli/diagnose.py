"""`ssp-emulator diagnose`: what a maintainer would ask for first, as a report and as a file."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

import click

from ssp_emulator.cli import options
from ssp_emulator.cli.output import BAD_USAGE, FAILED, fail, plain, print_json
from ssp_emulator.clock import SystemClock
from ssp_emulator.diagnosis import diagnose as diagnosed
from ssp_emulator.diagnosis.findings import Level
from ssp_emulator.obstacles import told

_DEFAULT = Path("diagnose.json")
_PRIVATE = 0o600


@click.command()
@options.config
@options.output("Where the JSON goes; else diagnose.json in the current folder, or with --json to no file.")
@options.as_json
def diagnose(config_path: Path, output: Path | None, *, as_json: bool) -> None:
    """Look at everything that an emulator needs, say what is wrong and what to do, and write it down for maintainers.

    Versions, configuration, certificates, ports, providers, a running emulator, clock, disk, limits, audit trail.
    Secrets are left out. It connects to the configuration's own listeners and to the registry's providers alone,
    changes nothing, and takes at most about ten seconds. Exit 1 where there is a problem.
    """
    report = diagnosed(config_path, SystemClock(), os.environ)
    if as_json:
        print_json(report.json())
    else:
        for line in report.lines():
            click.echo(plain(line))
    if output is not None or not as_json:
        _write(output or _DEFAULT, json.dumps(report.json(), indent=2))
        click.echo(f"Written to {output or _DEFAULT}.", err=as_json)
    if report.count(Level.PROBLEM):
        raise SystemExit(FAILED)


def _write(path: Path, text: str) -> None:
    """Write to a device or a pipe, or else put a file in place."""
    if any(_is_at(path, descriptor) for descriptor in (1, 2)):  # as /dev/stdout is where that goes into a file
        fail(f"{path} is where this command writes already; --json prints the report alone", code=BAD_USAGE)
    try:
        if path.exists() and not path.is_file():
            # A pipe that nobody reads would be waited for.
            _put(os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC), text)
        else:
            _place(path, text)
    except OSError as error:
        said = told(path, error)
        fail(f"{path} cannot be written: {said}; name another file with --output", code=BAD_USAGE)


def _is_at(path: Path, descriptor: int) -> bool:
    """Tell whether a descriptor of this process is open on a file."""
    try:
        return path.is_file() and os.path.samestat(path.stat(), os.fstat(descriptor))
    except OSError:
        return False


def _place(path: Path, text: str) -> None:
    """Put a file in place whole, for this user alone; a link to one is replaced, and not followed. Raises `OSError`."""
    temporary = path.with_name(f".{secrets.token_hex(8)}")
    try:
        _put(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _PRIVATE), text)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _put(descriptor: int, text: str) -> None:
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.set_blocking(descriptor, True)
        file.write(f"{text}\n")
