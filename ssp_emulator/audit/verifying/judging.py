"""Judging a chain: from the runs that a walk has found to what is wrong, record by record, and what holds.

Whether a record is as it was, the record after it says, and of the last one the anchor. So where a record and the next
do not fit, it is the second that is altered if what is behind it does not vouch for it either, and else the first.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

from ssp_emulator.audit.chain import GENESIS, Link
from ssp_emulator.audit.reading import parsed
from ssp_emulator.audit.verifying.placing import Problems, placed
from ssp_emulator.audit.verifying.report import Problem, Span, Verdict

if TYPE_CHECKING:
    from ssp_emulator.audit.anchor import Anchored
    from ssp_emulator.audit.verifying.walking import Found, Run


def judged(found: Found, anchored: Anchored | None) -> Verdict:
    """Return the verdict on a chain; takes its anchor, None where there is none to be had."""
    return _Judge(found, anchored).verdict()


class _Judge:
    def __init__(self, found: Found, anchored: Anchored | None) -> None:
        self._found = found
        self._anchored = anchored
        self._base = anchored.base if anchored is not None else GENESIS
        self._head = anchored.head.sequence if anchored is not None else 0
        self._problems = Problems()
        self._torn: Problem | None = None
        self._runs = placed(found.runs, found.worker, self._base, self._head, self._problems)

    def verdict(self) -> Verdict:
        """Return the verdict."""
        found, runs = self._found, self._runs
        if runs:
            self._look_at_the_beginning(runs[0])
        for run, after, then in zip_longest(runs, runs[1:], runs[2:]):
            if after is not None:
                self._look_at_a_seam(run, after, then)
        self._look_at_the_line_ends()
        if found.given_up is None:
            self._look_at_the_end()
        else:
            text = f"this chain is so broken up that nothing after {found.given_up} was looked at"
            self._problems.add("given up", text, None, found.given_up, after=runs[-1].last if runs else 0)
        self._look_at_the_anchor()
        told = self._problems.in_order() + tuple(found.unreadable) + tuple(found.unanchored)
        return Verdict(
            problems=told or tuple(found.misnamed),  # where more is wrong, that is why it begins with another
            holds=tuple(_holding(runs)),
            torn=self._torn,
            first=runs[0].first if runs else None,
            head=Link(runs[-1].last, runs[-1].digest) if runs else None,
        )

    def _look_at_the_beginning(self, run: Run) -> None:
        base = self._base
        if run.first <= base.sequence or (self._anchored is None and run.first > 1):
            return  # retention is about to remove it, or nothing says where the chain should begin
        if run.first > base.sequence + 1:
            span = Span(base.sequence + 1, run.first - 1)
            removed = f"those up to record {base.sequence:,}" if base.sequence else "none"
            text = f"{span} {span.are} missing at the beginning: retention has removed {removed}"
            self._problems.add("missing", text, span, run.place)
        elif run.previous not in (None, base.digest) and not run.named:
            after = self._runs[1] if len(self._runs) > 1 else None
            if base.sequence and (run.first < run.last or run.digest in self._vouched(run, after)):
                text = (
                    f"the anchor names another record {base.sequence:,} than the one that record {run.first:,} follows"
                )
                self._problems.add("anchor", text, None, None)
            else:
                run.named = run.first == run.last
                self._problems.altered(run.first, "it says that it follows another record", run.place)

    def _look_at_a_seam(self, run: Run, after: Run, then: Run | None) -> None:
        """Compare the end of a run with the beginning of the next; `then` is the one after that."""
        if after.first > run.last + 1:
            self._tell_what_is_missing(run, after)
        elif after.illegible:
            run.unconfirmed = run.last not in self._found.confirmed
        elif after.previous not in (None, run.digest) and not run.named and not after.named:
            self._blame(run, after, then)

    def _tell_what_is_missing(self, run: Run, after: Run) -> None:
        span = Span(run.last + 1, after.first - 1)
        if span.last <= self._base.sequence:
            return  # retention has removed them while we were walking
        text = f"{span} {span.are} missing"
        if after.place.line == 1 and after.place.file != run.last_place.file:
            text += f": the segment between {run.last_place.file} and {after.place.file} is gone"
        elif not run.named and run.last not in self._found.confirmed:
            run.unconfirmed = True
            text += f", and so nothing vouches for record {run.last:,}"
        self._problems.add("missing", text, span, after.place)

    def _blame(self, run: Run, after: Run, then: Run | None) -> None:
        """Name who is altered of two records that do not fit."""
        vouched = self._vouched(after, then)
        firm = run.last in self._found.confirmed
        if after.first == after.last and (after.digest not in vouched if vouched else firm):
            after.named = True
            why = f"neither record {run.last:,} before it nor what is behind it fits"
            self._problems.altered(after.first, why, after.place)
            if firm or after.restored in vouched:
                return
        run.named = True
        why = f"its SHA-256 is {run.digest}, and by record {after.first:,} should be {after.previous}"
        self._problems.altered(run.last, why, run.last_place)

    def _vouched(self, run: Run, after: Run | None) -> set[str]:
        """Return the digests that a run's last record should have by the record after it, or else by the anchor."""
        if after is not None and after.first == run.last + 1 and after.previous is not None:
            return {after.previous}
        return self._found.watched.get(run.last, set())

    def _look_at_the_line_ends(self) -> None:
        altered = {run.last for run in self._runs if run.named}
        for sequence, place in self._found.unended:
            if sequence not in altered:
                self._problems.altered(sequence, "the end of its line is gone", place)

    def _look_at_the_end(self) -> None:
        fragment = self._found.fragment
        tip = self._runs[-1] if self._runs else None
        last = tip.last if tip is not None else self._base.sequence
        if tip is not None and last > self._head and not tip.named and parsed(self._found.tail) is None:
            tip.named = True
            self._problems.altered(last, "what stands here is not JSON", tip.last_place)
        if fragment is not None:
            last += 1
            span = Span(last, last)
            if last > self._head:
                text = f"{span} is torn after {fragment.size:,} bytes: a crash came between, and its answer did not end"
                self._torn = Problem("torn", text, span, fragment.place)
            else:
                text = f"{span} is cut off: it had been written whole, and now has no line's end"
                self._problems.add("cut off", text, span, fragment.place)
        if last < self._head:
            if tip is not None:
                tip.unconfirmed = True
            span = Span(last + 1, self._head)
            text = f"{span} {span.are} missing at the end: the anchor names record {self._head:,} as the last"
            self._problems.add("missing", text, span, tip.last_place if tip is not None else None)

    def _look_at_the_anchor(self) -> None:
        """Hold the records that the anchor names against what it says of them."""
        if self._anchored is None:
            text = "there is no anchor that can be read: whether records are missing at either end cannot be told"
            self._problems.add("anchor", text, None, None)
            return
        ends = {run.last: run for run in self._runs}
        for sequence in sorted(self._found.denied - self._found.confirmed):
            run = ends.get(sequence)
            if run is not None and (run.named or run.unconfirmed or run is self._runs[-1]):
                if not run.named:
                    run.named = True
                    why = f"its SHA-256 is {run.digest}, and by the anchor another (or the anchor is altered)"
                    self._problems.altered(sequence, why, run.last_place)
            else:
                text = f"the anchor names another record {sequence:,} than the one that the chain goes on from"
                self._problems.add("anchor", text, None, None)


def _holding(runs: list[Run]) -> list[Span]:
    """Return the records with which nothing is wrong, and for which something vouches."""
    spans: list[Span] = []
    for run in runs:
        last = run.last - (run.named or run.unconfirmed)
        if run.illegible or last < run.first:
            continue
        if spans and spans[-1].last == run.first - 1:
            spans[-1] = Span(spans[-1].first, last)
        else:
            spans.append(Span(run.first, last))
    return spans
