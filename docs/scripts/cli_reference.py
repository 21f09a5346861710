"""Writes docs/cli.md out of the commands' own help, so that the two cannot differ. Run by `make docs`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ssp_emulator.cli import cli

TARGET = Path(__file__).parents[1] / "cli.md"
HEAD = """# Commands

Made from the commands' own help by `make docs`.

Human output is for reading; `--json`, where there is one, is for programs. Errors are one line each on standard error.
Exit codes: 0 it went well, 1 it failed, 2 the usage or the configuration is wrong.
"""


def written() -> str:
    """Return the whole page."""
    return HEAD + "".join(_section(cli, "ssp-emulator", None))


def _section(command: click.Command, name: str, parent: click.Context | None) -> list[str]:
    settings = {**command.context_settings, "terminal_width": 100, "max_content_width": 100}
    context = click.Context(command, parent, info_name=name, **settings)
    if not isinstance(command, click.Group):
        return [f"\n## {context.command_path}\n\n```text\n{command.get_help(context)}\n```\n"]
    parts = [] if parent is None else [f"\n## {context.command_path}\n\n{command.help}\n"]
    for each in command.list_commands(context):
        child = command.get_command(context, each)
        if child is not None:
            parts += _section(child, each, context)
    return parts


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        # click folds lines in its own way from one release to the next
        sys.exit(0 if TARGET.read_text().split() == written().split() else "docs/cli.md is stale: run `make docs`")
    TARGET.write_text(written())
