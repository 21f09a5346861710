"""How every command speaks: tables and sentences on standard output, JSON for programs, errors in one line."""

from __future__ import annotations

import json
import re
import sys
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any, NoReturn

import click
from rich.console import Console

if TYPE_CHECKING:
    from rich.table import Table

FAILED = 1
BAD_USAGE = 2

_UNSEEN_WIDTH = 200
# Whoever sends a request chooses what stands in the trail. No stream can write half a surrogate pair; and in text for
# people, control characters, line ends and changes of writing direction could pass one thing off as another.
_NO_JSON = re.compile("[\x7f-\x9f\ud800-\udfff]")
_NO_TEXT = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def fail(message: str, *, code: int = FAILED) -> NoReturn:
    """Say `error: message` in one line on standard error, and end the process with a code.

    The codes are `FAILED` (1), and `BAD_USAGE` (2) for wrong arguments or a wrong configuration.
    """
    click.echo(f"error: {plain(' '.join(message.splitlines()))}", err=True)
    raise SystemExit(code)


def console(*, at_least: int = 0) -> Console:
    """Give a console on standard output: colours on a terminal only, and no markup read out of what is printed.

    `at_least` is a width in columns, for tables whose rows a narrow terminal had better wrap by itself than rich
    cell by cell. Where nobody looks, as in a pipe, lines are not folded at the 80 columns that rich assumes.
    """
    seen = get_terminal_size().columns if sys.stdout is not None and sys.stdout.isatty() else _UNSEEN_WIDTH
    return Console(width=max(seen, at_least), highlight=False, markup=False, emoji=False)


def show(table: Table, *, at_least: int = 0) -> None:
    """Print a table on standard output, without the white space that rich fills its lines up with."""
    out = console(at_least=at_least)
    with out.capture() as captured:
        out.print(table)
    click.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


def plain(text: str) -> str:
    """Return a text in one line, in which nothing moves a terminal's cursor: such characters stand as their escapes."""
    return _NO_TEXT.sub(lambda found: ascii(found[0])[1:-1], text)


def print_json(value: Any) -> None:
    """Print a value of JSON's types on standard output, indented, in UTF-8."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    click.echo(_NO_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text))
