"""`ssp-emulator audit advise`: the report on what worked but is not as the specification wants it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click
from rich.table import Table

from ssp_emulator.audit.advice.summary import summarise
from ssp_emulator.audit.index import Index, SlowError
from ssp_emulator.audit.layout import Layout
from ssp_emulator.audit.reading import JournalError
from ssp_emulator.cli import options
from ssp_emulator.cli.audit.place import journal_of
from ssp_emulator.cli.output import fail, plain, print_json, show

if TYPE_CHECKING:
    from pathlib import Path

    from ssp_emulator.audit.advice.summary import Finding, Sender, Summary

_ASID = re.compile(r"[0-9]{1,20}\Z")
_WIDTH = 100


def _asid(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    if value is not None and _ASID.match(value) is None:
        raise click.BadParameter(f"should be an ASID, which is digits, found {value!r}")
    return value


@click.command("advise")
@click.option(
    "--from",
    "sender",
    metavar="ASID",
    callback=_asid,
    help="This sender alone; without it, every sender in the registry.",
)
@options.as_json
@options.config
def advise(sender: str | None, as_json: bool, config_path: Path) -> None:
    """Show, sender by sender, what worked but is not as the specification wants it.

    Each advisory says how often it was seen, what was found, what to do, and which public page asks for it.
    """
    layout = Layout(journal_of(config_path))
    if not layout.workers():
        raise JournalError(f"the journal {layout.journal} cannot be read: there is none yet")
    try:
        with Index(layout) as index:
            index.catch_up()
            summary = summarise(index, sender)
    except SlowError:
        fail("the trail took too long to be counted; try one sender, with --from")
    if as_json:
        print_json(summary.json())
        return
    _show(summary, sender)


def _show(summary: Summary, sender: str | None) -> None:
    for each in summary.senders:
        _show_sender(each)
    if not summary.senders:
        whose = "a sender that is in the registry" if sender is None else sender
        click.echo(f"There is no request from {whose} in the trail, so there is nothing to advise.\n")
    click.echo("Not looked at:")
    for sentence in summary.not_covered:
        click.echo(f"- {sentence}")


def _show_sender(sender: Sender) -> None:
    rests_on = f"{sender.exchanges} exchange{'s'[: sender.exchanges != 1]}, {sender.first} to {sender.last}"
    click.secho(plain(f"{sender.asid} of {sender.ods}: {rests_on}"), bold=True)
    click.echo()
    if not sender.findings:
        click.echo("  Nothing to advise.\n")
    for finding in sender.findings:
        _show_finding(finding)


def _show_finding(finding: Finding) -> None:
    advice = finding.advice
    title = advice.title if advice is not None else "an advisory that this release does not know"
    click.secho(plain(f"  {title} ({finding.name})"), fg="yellow")
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in _facts(finding):
        table.add_row(f"    {name}", plain(value))
    show(table, at_least=_WIDTH)
    click.echo()


def _facts(finding: Finding) -> list[tuple[str, str]]:
    span = finding.first if finding.count == 1 else f"{finding.first} to {finding.last}"
    facts = [("Seen", f"{finding.count} time{'s'[: finding.count != 1]}, {span}"), ("Found", finding.found)]
    if finding.advice is not None:
        source = finding.advice.source
        facts += [("Do", finding.advice.remedy), ("Wanted by", f"{finding.advice.wanted.value}: {source.title}")]
        facts.append(("", source.url))
    return [*facts, *(("" if n else "Trace IDs", trace_id) for n, trace_id in enumerate(finding.trace_ids))]
