"""`ssp-emulator audit show`: what happened under one trace ID."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

import click

from ssp_emulator.audit.anchor import read_anchor
from ssp_emulator.audit.explaining import explain
from ssp_emulator.audit.index import IndexingError, SlowError, Standing
from ssp_emulator.audit.layout import Layout
from ssp_emulator.audit.reading import read
from ssp_emulator.cli import options
from ssp_emulator.cli.audit.place import journal_of
from ssp_emulator.cli.audit.searching import caught_up
from ssp_emulator.cli.output import FAILED, fail, plain, print_json
from ssp_emulator.cli.trail import show_record

if TYPE_CHECKING:
    from pathlib import Path

    from ssp_emulator.audit.reading import Record


class _Trace(NamedTuple):
    """The exchanges of a trace, in their order, and how the trail stands; `more` where not all of them are here."""

    records: list[Record]
    standing: Standing
    more: bool = False


@click.command("show")
@click.argument("trace_id")
@options.as_json
@options.config
def show_trace(trace_id: str, as_json: bool, config_path: Path) -> None:
    """Show every request that bore TRACE_ID, in order, with each check, timings, and what to change."""
    journal = journal_of(config_path)
    trace = _found(Layout(journal), trace_id)
    if not trace.records:
        fail(f"no request with the trace ID {trace_id} is in {journal}; {_removed(trace.standing)}", code=FAILED)
    if trace.standing.removed:
        click.echo(f"The trace may have had more: {_removed(trace.standing)}.", err=True)
    if trace.more:
        click.echo(f"There are more: these are the first {len(trace.records)}.", err=True)
    if as_json:
        exchanges = [{**record, "explanation": explain(record).json()} for record in trace.records]
        print_json({"trace_id": trace_id, "exchanges": exchanges, "more": trace.more, "records": trace.standing.json()})
        return
    for place, record in enumerate(trace.records, 1):
        if len(trace.records) > 1:
            click.echo(f"{place} of {len(trace.records)}, at {plain(str(record.get('time')))}")
        show_record(record)


def _found(layout: Layout, trace_id: str) -> _Trace:
    """Find a trace by the index; by reading the whole journal where the index cannot be used."""
    with suppress(IndexingError, SlowError, OSError):
        if layout.workers():  # an index of no journal would be nothing but a file too many
            with caught_up(layout) as index:
                found = index.trace(trace_id)
                return _Trace(found.records, found.standing, found.more)
    kept, records = 0, []
    for record in read(layout.journal):
        kept += 1
        if str(record.get("trace_id")).lower() == trace_id.lower():
            records.append(record)
    anchors = (read_anchor(layout.anchor(worker)) for worker in layout.workers())
    return _Trace(records, Standing(kept, sum(each.base.sequence for each in anchors if each is not None), 0))


def _removed(standing: Standing) -> str:
    if not standing.removed:
        return "retention has removed none"
    return f"retention has removed {standing.removed} record{'s' if standing.removed > 1 else ''}"
