"""Placing runs: which records they are, where a line does not say it; which are there twice; which stand elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssp_emulator.audit.chain import Link
from ssp_emulator.audit.verifying.report import Problem, Span

if TYPE_CHECKING:
    from ssp_emulator.audit.verifying.report import Kind, Place
    from ssp_emulator.audit.verifying.walking import Run

_MOST_SAID = 10


class Problems:
    """Problems as they come to light, each kept by where in the chain it belongs."""

    def __init__(self) -> None:
        self._found: list[tuple[float, Problem]] = []

    def add(self, kind: Kind, text: str, records: Span | None, place: Place | None, *, after: float = 0.0) -> None:
        """Take one up; one that is about no record belongs after the record that is given, or before all."""
        self._found.append((records.first if records is not None else after + 0.5, Problem(kind, text, records, place)))

    def altered(self, sequence: int, why: str, place: Place) -> None:
        """Take up an altered record."""
        text = f"record {sequence:,} is altered: {why}"
        self.add("altered", text, Span(sequence, sequence), place)

    def in_order(self) -> tuple[Problem, ...]:
        """Return them in the chain's order."""
        return tuple(problem for _, problem in sorted(self._found, key=lambda each: each[0]))

    def __bool__(self) -> bool:
        return bool(self._found)


def placed(runs: list[Run], worker: int, base: Link, head: int, problems: Problems) -> list[Run]:
    """Return a chain's runs in the chain's order, none of which has a record of another; takes them as they stand.

    `base` is what the chain begins behind, and `head` the sequence number that it ends with at least.
    """
    located = _located(runs, worker, base, head, problems)
    kept = _without_repeats(located, problems)
    _compare_order(located, kept, problems)
    return kept


def _located(runs: list[Run], worker: int, base: Link, head: int, problems: Problems) -> list[Run]:
    """Say of each run which records it is, by its own word or by what stands around it; others' are left out."""
    located: list[Run] = []
    behind = base
    for place, run in enumerate(runs):
        if run.illegible:
            after = runs[place + 1].first - 1 if place + 1 < len(runs) and runs[place + 1].worker == worker else head
            if not _number(run, behind.sequence, max(0, after - behind.sequence), problems):
                continue
        elif run.worker != worker and (run.first < run.last or run.previous != behind.digest):
            span = Span(run.first, run.last)
            text = f"{span} of worker {run.worker}'s chain {span.are} here, in that of worker {worker}"
            problems.add("foreign", text, None, run.place, after=behind.sequence)
            continue
        elif run.previous == behind.digest:
            _correct(run, worker, behind.sequence + 1, problems)
        located.append(run)
        behind = Link(run.last, run.digest)
    return located


def _number(run: Run, behind: int, room: int, problems: Problems) -> bool:
    """Take lines that do not say what they are for the records that should be here; tell whether any should."""
    lines = run.last
    taken = min(lines, room)
    if taken:
        run.first, run.last, run.digest, run.named = behind + 1, behind + taken, "", True
        span = Span(run.first, run.last)
        text = f"{span} {span.are} altered: what stands here does not begin as a record does"
        problems.add("altered", text, span, run.place)
    if extra := lines - taken:
        what = "a line is" if extra == 1 else f"{extra:,} lines are"
        place = run.last_place if taken else run.place
        problems.add("not a record", f"{what} here that no record is", None, place, after=behind + taken)
    return taken > 0


def _correct(run: Run, worker: int, first: int, problems: Problems) -> None:
    """Number a run by what it follows, whatever it says."""
    if run.first == first and run.worker == worker:
        return
    said = f"record {run.first:,}" + (f" of worker {run.worker}" if run.worker != worker else "")
    problems.altered(first, f"its line says that it is {said}", run.place)
    run.named = run.first == run.last
    run.first, run.last, run.worker = first, first + run.last - run.first, worker


def _without_repeats(located: list[Run], problems: Problems) -> list[Run]:
    """Return runs in the chain's order, each record once."""
    kept: list[Run] = []
    for run in sorted(located, key=lambda run: run.first):
        tip = kept[-1] if kept else None
        if tip is None or run.first > tip.last:
            kept.append(run)
        elif run.last <= tip.last:
            span = Span(run.first, run.last)
            problems.add("duplicate", f"{span} {span.are} here once more", span, run.place)
        else:
            _trim(tip, run, problems)
            kept.append(run)
    return kept


def _trim(tip: Run, run: Run, problems: Problems) -> None:
    """Leave to the first of two runs what both have."""
    span = Span(run.first, tip.last)
    if run.first == tip.last and run.first_digest != tip.digest:
        text = f"{span} {span.are} there twice, and different: the next record follows the one in {run.place}"
        problems.add("duplicate", text, span, tip.last_place)
        tip.digest = run.first_digest
    else:
        problems.add("duplicate", f"{span} {span.are} here once more", span, run.place)
    run.previous = run.first_digest if run.first == tip.last else None
    run.first = tip.last + 1


def _compare_order(located: list[Run], kept: list[Run], problems: Problems) -> None:
    """Name the records that do not stand where they belong, together with those that stand there instead."""
    ranks = {id(run): rank for rank, run in enumerate(kept)}
    standing = [run for run in located if id(run) in ranks]
    start, most = 0, -1
    for place, run in enumerate(standing):
        most = max(most, ranks[id(run)])
        if most == place:
            if place > start:
                _name_order(standing[start : place + 1], problems)
            start = place + 1


def _name_order(block: list[Run], problems: Problems) -> None:
    said = ", then ".join(str(Span(run.first, run.last)) for run in block[:_MOST_SAID])
    more = ", and so on" if len(block) > _MOST_SAID else ""
    records = Span(min(run.first for run in block), max(run.last for run in block))
    problems.add("out of order", f"records are out of order: here stands {said}{more}", records, block[0].place)
