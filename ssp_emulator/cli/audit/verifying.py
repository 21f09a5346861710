"""`ssp-emulator audit verify`: whether the trail is whole and unaltered, and where it is not."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from ssp_emulator.audit.layout import Layout
from ssp_emulator.audit.verifying import size_of, verify
from ssp_emulator.audit.verifying.report import MOST_NAMED, Span
from ssp_emulator.cli import options
from ssp_emulator.cli.audit.place import journal_of
from ssp_emulator.cli.output import FAILED, fail, plain, print_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ssp_emulator.audit.verifying.report import Chain, Problem

_RANGES_SAID = 10


@click.command("verify")
@options.as_json
@options.config
def verify_trail(as_json: bool, config_path: Path) -> None:
    """Verify that no record is altered, missing or out of order.

    Names each that is, with its file and line, and what still holds; the exit code is 1 then. A last line that a crash
    cut short is named too, but is no problem: its answer was never completed.
    """
    layout = Layout(journal_of(config_path))
    with _progress(size_of(layout)) as advance:
        report = verify(layout, advance)
    if not report.chains:
        fail(f"there is no journal to verify at {layout.journal} yet", code=FAILED)
    if as_json:
        print_json(report.json())
    else:
        for chain in report.chains:
            _show(chain, named=len(report.chains) > 1)
    if not report.sound:
        raise SystemExit(FAILED)


@contextmanager
def _progress(size: int) -> Iterator[Callable[[int], None] | None]:
    """Show a bar while something of so many bytes is read, where there is a terminal to see it."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    columns = (TextColumn("verifying"), BarColumn(), TaskProgressColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=size)
        yield lambda read: progress.advance(task, read)


def _show(chain: Chain, *, named: bool) -> None:
    verdict = chain.verdict
    whose = f"worker {chain.worker}: " if named else ""
    click.secho(f"{whose}{_found(chain)}: {_standing(chain)}", fg="green" if chain.sound else "red")
    if verdict.head is not None:
        click.echo(f"  head: {verdict.head.digest} (SHA-256 of record {verdict.head.sequence:,})")
    if chain.removed:
        click.echo(f"  removed by retention: {chain.removed:,}")
    if chain.gaps.records:
        click.echo(f"  not recorded, as the records themselves say: {_gaps(chain)}")
    for problem in verdict.problems[:MOST_NAMED]:
        click.echo(f"  {_said(problem)}")
    if (more := len(verdict.problems) - MOST_NAMED) > 0:
        click.echo(f"  and {more:,} more problem{'s'[: more != 1]}")
    if verdict.problems:
        said = ", ".join(str(span) for span in verdict.holds[:_RANGES_SAID]) or "nothing"
        click.echo(f"  still sound: {said}{', and more' if len(verdict.holds) > _RANGES_SAID else ''}")
    if verdict.torn is not None:
        click.secho(f"  {_said(verdict.torn)}", fg="yellow")


def _found(chain: Chain) -> str:
    first, head = chain.verdict.first, chain.verdict.head
    return "no record" if first is None or head is None else str(Span(first, head.sequence))


def _standing(chain: Chain) -> str:
    count = len(chain.verdict.problems)
    return "sound" if chain.sound else f"NOT sound: {count:,} problem{'s'[: count != 1]}"


def _gaps(chain: Chain) -> str:
    gaps = chain.gaps
    return f"{gaps.unrecorded:,} requests, and {gaps.torn_bytes:,} bytes that crashes had torn"


def _said(problem: Problem) -> str:
    return plain(f"{problem.place}: {problem.text}" if problem.place is not None else problem.text)
