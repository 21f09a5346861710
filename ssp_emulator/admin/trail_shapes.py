"""The shapes of what is answered about the trail, for the API's description. None allows a field that it does not name.

A field with a `default_factory` is not always there.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from ssp_emulator.audit.advice.advice import Wanted
from ssp_emulator.audit.model import Record
from ssp_emulator.audit.verifying.report import Kind


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PublicPage(_Shape):
    """A public page to read."""

    title: str
    url: str


class Explanation(_Shape):
    """A record in plain words."""

    summary: str = Field(description="who asked whom for what, and what became of it")
    remedy: str | None = Field(description="what to change; null where nothing went wrong")
    page: PublicPage | None = Field(description="where to read about it")


class ExplainedRecord(Record):
    """A record as it is in the journal, with its explanation, which is not."""

    explanation: Explanation


class RecordCounts(_Shape):
    """How many records there are."""

    kept: int = Field(description="those in the journal", ge=0)
    removed: int = Field(description="those that retention has removed", ge=0)


class Standing(RecordCounts):
    """How many records there are, and how many no answer covers yet."""

    behind: int = Field(description="those kept that are not in the index yet: ask again", ge=0)


class ExchangePage(_Shape):
    """A page of exchanges, the newest first."""

    exchanges: list[ExplainedRecord]
    next: str | None = Field(description="what to give as `after` for the next page; null where there is none")
    records: Standing
    matching: int = Field(default_factory=int, description="how many match in all, where `count` asks for it", ge=0)


class Trace(_Shape):
    """All exchanges of a trace, the oldest first."""

    trace_id: str = Field(description="as it was asked for")
    exchanges: list[ExplainedRecord]
    more: bool = Field(description="whether there are more than are shown")
    records: Standing


class AdviceFound(_Shape):
    """What was found of one advisory. One that this release no longer has lacks title, remedy, wanted and source."""

    advisory: str = Field(description="its name")
    title: str = Field(default_factory=str, description="what it means, in a few words")
    remedy: str = Field(default_factory=str, description="what to do")
    wanted: Wanted = Field(default_factory=lambda: Wanted.SPECIFICATION)
    source: PublicPage = Field(default_factory=lambda: PublicPage(title="", url=""), description="who says so")
    count: int = Field(description="how often it was found", ge=0)
    first: str = Field(description="the time of the first record with it")
    last: str = Field(description="the time of the last record with it")
    found: str = Field(description="an example of what was found")
    trace_ids: list[str] = Field(description="some traces to look at")


class AdviceForSender(_Shape):
    """What there is to advise a sender."""

    asid: str
    ods: str
    exchanges: int = Field(description="how many exchanges this rests on", ge=0)
    first: str = Field(description="the time of the first of them")
    last: str = Field(description="the time of the last of them")
    advisories: list[AdviceFound]


class AdviceSummary(_Shape):
    """What there is to advise on the whole trail, sender by sender."""

    senders: list[AdviceForSender]
    not_covered: list[str] = Field(description="what this does not cover, one sentence each")
    records: Standing


class RecordSpan(_Shape):
    """Records from one sequence number to another, both included."""

    first: int
    last: int


class ChainProblem(_Shape):
    """What is wrong with a chain."""

    kind: Kind
    records: RecordSpan | None = Field(description="the records that it is about; null where it is about none")
    file: str | None = Field(description="the file's name; null where no place can be named")
    line: int | None = Field(description="the line there, from 1")
    text: str = Field(description="the problem in a sentence")


class ChainGaps(_Shape):
    """What the records themselves say is missing before them: no sign of tampering."""

    records: int = Field(description="how many say so", ge=0)
    unrecorded: int = Field(description="requests that could not be written down", ge=0)
    torn_bytes: int = Field(description="bytes of records that a crash had cut short", ge=0)


class VerifiedChain(_Shape):
    """One process's chain."""

    worker: int = Field(description="the process, from 0", ge=0)
    sound: bool = Field(description="whether nothing is wrong with it")
    records: int = Field(description="how many records are there", ge=0)
    removed: int = Field(description="how many retention has removed", ge=0)
    first: int | None = Field(description="the first record's sequence number")
    last: int | None = Field(description="the last record's sequence number")
    head: str | None = Field(description="the last record's SHA-256, to be kept elsewhere")
    problems: list[ChainProblem]
    problems_not_named: int = Field(description="how many more problems there are", ge=0)
    holds: list[RecordSpan] = Field(description="records that are as they were written")
    holds_not_named: int = Field(description="how many more such spans there are", ge=0)
    torn: ChainProblem | None = Field(description="what a crash in the middle of a write has left, which is no problem")
    gaps: ChainGaps


class VerifiedTrail(_Shape):
    """Whether the trail is whole and unaltered."""

    sound: bool = Field(description="whether nothing is wrong with any chain")
    records: RecordCounts
    chains: list[VerifiedChain]


EVENTS: dict[str, Any] = {
    "type": "string",
    "description": "Server-sent events. The data of an `exchange` is an ExplainedRecord in JSON; of a `missed`, how "
    'many records retention has removed before they could be sent, as in `{"missed": 3}`. The `id` of each is for '
    "`Last-Event-ID`. Comments come while nothing else does.",
}
