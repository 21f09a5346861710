"""`ssp-emulator audit list`: the latest requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from ssp_emulator.audit.explaining import explain
from ssp_emulator.audit.layout import Layout
from ssp_emulator.cli import options
from ssp_emulator.cli.audit import asking
from ssp_emulator.cli.audit.place import journal_of
from ssp_emulator.cli.audit.rows import HEADINGS, row_of
from ssp_emulator.cli.audit.searching import search
from ssp_emulator.cli.output import plain, print_json, show
from ssp_emulator.cli.trail import WIDTH
from ssp_emulator.clock import SystemClock

if TYPE_CHECKING:
    from pathlib import Path

    from ssp_emulator.audit.index import Page


@click.command("list")
@asking.filters
@asking.paging
@options.as_json
@options.config
def list_(as_json: bool, config_path: Path, **asked: Any) -> None:
    """List the latest requests, the oldest of them first; with --json, the newest first, as the admin API does."""
    question = asking.question_of(asked, SystemClock().now())
    page = search(Layout(journal_of(config_path)), question)
    if as_json:
        print_json(_object(page))
    else:
        _print(page)
    if page.standing.removed:
        click.echo(f"Retention has removed {page.standing.removed} older records.", err=True)


def _object(page: Page) -> dict[str, Any]:
    """Return a page as the admin API has it."""
    return {
        "exchanges": [{**record, "explanation": explain(record).json()} for record in page.records],
        "next": str(page.next) if page.next is not None else None,
        "records": page.standing.json(),
        **({} if page.matching is None else {"matching": page.matching}),
    }


def _print(page: Page) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in HEADINGS:
        table.add_column(heading, no_wrap=heading != "Request", overflow="fold")
    for record in reversed(page.records):
        table.add_row(*map(plain, row_of(record)))
    show(table, at_least=WIDTH)
    if page.matching is not None:
        click.echo(f"{page.matching} match.")
