"""The command line: each command group a file, loaded when it is called for.

Every failure ends in one line on standard error, and an exit code: 0 it went well, 1 it failed, 2 the usage or the
configuration is wrong.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, cast

import click

from ssp_emulator import __version__
from ssp_emulator.cli.output import BAD_USAGE, FAILED, fail
from ssp_emulator.errors import SetupError, said

if TYPE_CHECKING:
    from types import ModuleType

_COMMANDS = (
    "up",
    "provider",
    "demo",
    "check",
    "diagnose",
    "certs",
    "token",
    "send",
    "postman",
    "audit",
    "fault",
    "registry",
    "wait",
    "health",
    "smoke",
    "schema",
    "completion",
)
_MODULES = {"wait": "waiting"}  # of those whose module has another name


def _module(command: str) -> ModuleType:
    return import_module(f"ssp_emulator.cli.{_MODULES.get(command, command)}")


class _Commands(click.Group):
    """Loads a command's module when the command is named, as `up` need not wait for what `send` imports."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        return cast("click.Command", getattr(_module(cmd_name), cmd_name))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="ssp-emulator")
def cli() -> None:
    """An emulator of the NHS Spine Secure Proxy."""


def main() -> None:
    """Run the command line; no failure ends in a traceback."""
    if "_SSP_EMULATOR_COMPLETE" in os.environ:  # a shell asks, by the script of `completion`
        import_module("ssp_emulator.cli.completing").answer(cli)
        return
    try:
        cli(prog_name="ssp-emulator")
    except SetupError as error:
        for line in error.lines:
            click.echo(f"error: {line}", err=True)
        raise SystemExit(BAD_USAGE) from None
    except OSError as error:
        fail(f"{error.filename or 'input or output'}: {said(error)}", code=FAILED)
    except Exception as error:  # noqa: BLE001 - a defect of ours; its traceback is of no use to a user
        fail(f"this is a defect of ssp-emulator, please report it: {type(error).__name__}: {error}", code=FAILED)
