"""`ssp-emulator audit follow`: requests as they end."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import click

from ssp_emulator.audit.explaining import explain
from ssp_emulator.audit.following import EVERY_S, Follower, Missed
from ssp_emulator.audit.layout import Layout
from ssp_emulator.cli import options
from ssp_emulator.cli.audit import asking
from ssp_emulator.cli.audit.place import journal_of
from ssp_emulator.cli.audit.rows import row_of
from ssp_emulator.cli.output import plain
from ssp_emulator.clock import SystemClock

if TYPE_CHECKING:
    from pathlib import Path

    from ssp_emulator.audit.following import Came
    from ssp_emulator.audit.question import Question

_WIDTHS = (24, 36, 12, 12, 48, 6, 0)


@click.command("follow")
@asking.filters
@options.as_json
@options.config
def follow(as_json: bool, config_path: Path, **asked: Any) -> None:
    """Print each request as it ends, until Ctrl-C; with --json, one JSON object a line.

    It reads the journal's files, and needs no running emulator.
    """
    question = asking.question_of(asked, SystemClock().now())
    try:
        _follow(Layout(journal_of(config_path)), question, as_json)
    except KeyboardInterrupt:
        return


def _follow(layout: Layout, question: Question, as_json: bool) -> None:
    follower = Follower(layout, question)
    click.echo(f"Following {plain(str(layout.journal))}; Ctrl-C ends it.", err=True)
    while True:
        for event in follower.read():
            _print(event, as_json)
        if follower.is_at_rest:
            time.sleep(EVERY_S)


def _print(event: Came | Missed, as_json: bool) -> None:
    if isinstance(event, Missed):
        click.echo(f"Retention has removed {event.count} records before they could be read.", err=True)
    elif as_json:
        text = json.dumps({**event.record, "explanation": explain(event.record).json()}, separators=(",", ":"))
        click.echo(text.replace("\x7f", "\\u007f"))  # the only control character that JSON leaves as it is
    else:
        cells = zip(map(plain, row_of(event.record)), _WIDTHS, strict=True)
        click.echo("  ".join(cell.ljust(width) for cell, width in cells).rstrip())
