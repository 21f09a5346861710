"""The summary: what a whole trail gives to advise, sender by sender, for a team to take to its assurance.

Records bear advisories; what only the whole trail shows, as a trace ID that comes again after a week, is looked for
here. All of it is counted by the index, so that it takes no more room for a million records than for ten.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, Protocol

from ssp_emulator.audit.advice import CATALOGUE, queries
from ssp_emulator.audit.advice.connections import CONNECTION_NOT_REUSED
from ssp_emulator.audit.advice.trace_ids import TRACE_ID_REPEATED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ssp_emulator.audit.advice.advice import Advice
    from ssp_emulator.audit.index import Standing

_EXAMPLES = 3
_OFTEN = 20  # requests soon behind another, each on a connection of its own: those are no accident


class Index(Protocol):
    """Whoever answers questions about the whole trail."""

    def rows(self, statement: str, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Return what a SELECT gives."""
        ...

    def standing(self) -> Standing:
        """Return how the index stands to the journal."""
        ...


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one advisory: how often, from when to when, one example of it, and trace IDs to look at.

    Times are as records have them. `advice` is None where this release does not know the name any more.
    """

    name: str
    advice: Advice | None
    count: int
    first: str
    last: str
    found: str
    trace_ids: tuple[str, ...]

    def json(self) -> dict[str, Any]:
        """Return it as JSON's types."""
        advice = self.advice
        about: dict[str, Any] = {}
        if advice is not None:
            source = {"title": advice.source.title, "url": advice.source.url}
            about = {"title": advice.title, "remedy": advice.remedy, "wanted": advice.wanted.value, "source": source}
        span = {"count": self.count, "first": self.first, "last": self.last}
        return {"advisory": self.name, **about, **span, "found": self.found, "trace_ids": list(self.trace_ids)}


@dataclass(frozen=True, slots=True)
class Sender:
    """What there is to advise a sender: on how many exchanges that rests, from when to when, and what was found."""

    asid: str
    ods: str
    exchanges: int
    first: str
    last: str
    findings: tuple[Finding, ...]

    def json(self) -> dict[str, Any]:
        """Return it as JSON's types."""
        span = {"exchanges": self.exchanges, "first": self.first, "last": self.last}
        return {"asid": self.asid, "ods": self.ods, **span, "advisories": [each.json() for each in self.findings]}


@dataclass(frozen=True, slots=True)
class Summary:
    """What there is to advise, the sender's ASIDs in their order, and what was not looked at."""

    senders: tuple[Sender, ...]
    standing: Standing

    @property
    def not_covered(self) -> tuple[str, ...]:
        """What the summary says nothing about, a sentence each."""
        return tuple(_not_covered(self.standing))

    def json(self) -> dict[str, Any]:
        """Return it as JSON's types."""
        return {
            "senders": [sender.json() for sender in self.senders],
            "not_covered": list(self.not_covered),
            "records": self.standing.json(),
        }


def summarise(index: Index, sender: str | None = None) -> Summary:
    """Return what a trail gives to advise, for one sender by its ASID or for all that are in the registry.

    Raises as the index does.
    """
    standing = index.standing()
    rows = index.rows(*queries.senders(sender))
    found: dict[str, dict[str, Finding]] = {asid: {} for asid, *_ in rows}
    looks = (_recorded(index, sender), _repeated(index, sender), _not_reused(index, [asid for asid, *_ in rows]))
    for asid, finding in chain(*looks):
        of_sender = found.setdefault(asid, {})  # one may have come in between
        before = of_sender.get(finding.name)
        if before is None or finding.count > before.count:  # a look at the whole counts what one at each does, or more
            of_sender[finding.name] = finding
    senders = (
        Sender(asid, ods, exchanges, first, last, tuple(sorted(found[asid].values(), key=_place)))
        for asid, ods, exchanges, first, last in rows
    )
    return Summary(tuple(senders), standing)


def _recorded(index: Index, sender: str | None) -> Iterator[tuple[str, Finding]]:
    """Yield what the records themselves bear."""
    for asid, name, count, first, last in index.rows(*queries.recorded(sender)):
        examples = index.rows(*queries.examples(name, asid))
        trace_ids = tuple(dict.fromkeys(trace_id for trace_id, _ in examples if trace_id is not None))
        found = examples[0][1] if examples else ""
        yield asid, Finding(name, CATALOGUE.get(name), count, first, last, found, trace_ids[:_EXAMPLES])


def _repeated(index: Index, sender: str | None) -> Iterator[tuple[str, Finding]]:
    """Yield trace IDs that come again, also further apart than anybody remembers."""
    for asid, count, ids, first, last in index.rows(*queries.repeated(sender)):
        most = index.rows(*queries.most_repeated(asid, _EXAMPLES))
        found = "; ".join(
            [f"{_several(count + ids, 'request')} with {_several(ids, 'trace ID')}"]
            + [f"{trace_id} in {requests} of them" for trace_id, requests in most[:1]]
        )
        advice, trace_ids = TRACE_ID_REPEATED, tuple(trace_id for trace_id, _ in most)
        yield asid, Finding(advice.name, advice, count, first, last, found, trace_ids)


def _not_reused(index: Index, senders: Iterable[str]) -> Iterator[tuple[str, Finding]]:
    """Yield the senders that never once used a connection again, and often could have."""
    for asid in senders:
        for requests, in_vain, first, last in index.rows(*queries.not_reused(asid, _OFTEN)):
            advice, found = CONNECTION_NOT_REUSED, f"{requests} requests on as many connections"
            yield asid, Finding(advice.name, advice, int(in_vain), first, last, found, ())


def _place(finding: Finding) -> tuple[int, str]:
    names = list(CATALOGUE)
    return names.index(finding.name) if finding.name in CATALOGUE else len(names), finding.name


def _not_covered(standing: Standing) -> Iterator[str]:
    yield "Whether the Spine Directory Service was asked: its calls do not say which system makes them."
    yield "Retries of requests with a body: their heads do not tell whether two of them ask for the same thing."
    yield "Requests of senders that are not in the registry, and OPTIONS, which the proxy answers itself."
    if standing.removed:
        yield f"{_several(standing.removed, 'record')} that retention has removed."
    if standing.behind:
        yield f"{_several(standing.behind, 'record')} that the index has not taken in yet."


def _several(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
