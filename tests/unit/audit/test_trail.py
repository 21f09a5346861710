"""The trail as the proxy sees it: what it takes, what it hides, and what follows where nothing can be written."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs
from support import journals

from ssp_emulator.audit.durability import Durability, Sync
from ssp_emulator.audit.journal import Journal
from ssp_emulator.audit.trail import Manner, Trail
from ssp_emulator.exchange import Advisory, NotRecordedError, Sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.clocks import MovableClock

    from ssp_emulator.audit.layout import Layout
    from ssp_emulator.exchange import Exchange

    Making = Callable[..., Trail]
    Asking = Callable[..., Exchange]

NUMBER = "9434765919"
FOUND = Advisory("trace-id-reused", f"seen before with {NUMBER}")


class Adviser:
    """Has the same to say of every exchange, and keeps how each was when it was asked."""

    def __init__(self) -> None:
        self.asked: list[Exchange] = []

    def advise(self, exchange: Exchange) -> tuple[Advisory, ...]:
        self.asked.append(exchange)
        return (FOUND,)


@pytest.fixture
def adviser() -> Adviser:
    return Adviser()


@pytest.fixture
def journal(layout: Layout, moved: MovableClock) -> Iterator[Journal]:
    with Journal(layout, clock=moved) as opened:
        yield opened


@pytest.fixture
def trail_with(journal: Journal, adviser: Adviser) -> Making:
    """Make a trail of a manner; `sync` is when records reach the disk."""

    def trail_with(sync: Sync = Sync.OS, **manner: Any) -> Trail:
        return Trail(journal, Durability(journal, sync), adviser, Manner(**manner))

    return trail_with


def full(*_: object) -> int:
    raise OSError(28, "No space left on device")


def told(layout: Layout) -> dict[str, Any]:
    return journals.records(layout)[-1]


def test_an_exchange_is_in_the_journal_with_what_is_advised(
    layout: Layout, trail_with: Making, adviser: Adviser, request_for: Asking
) -> None:
    trail, exchange = trail_with(), request_for()
    trail.record(exchange)
    assert adviser.asked == [exchange]
    assert exchange.advisories == (FOUND,)
    assert told(layout)["advisories"] == [{"advisory": "trace-id-reused", "found": FOUND.found}]
    assert (trail.failure, trail.failures, trail.closed) == (None, 0, None)


@pytest.mark.parametrize("tokens", [False, True])
def test_the_token_is_there_where_it_is_asked_for(
    layout: Layout, trail_with: Making, request_for: Asking, bearer: str, tokens: bool
) -> None:
    trail_with(tokens=tokens).record(request_for())
    assert told(layout)["token"] == (bearer if tokens else None)
    assert (bearer.split(".")[1] in layout.journal.read_text()) is tokens


def test_bodies_are_sampled_up_to_so_many_bytes_where_they_are_asked_for(trail_with: Making) -> None:
    assert trail_with().samples() is None
    samples = trail_with(bodies_bytes=7).samples()
    assert samples is not None
    assert (samples.from_consumer, samples.to_consumer) == (Sample(7), Sample(7))
    assert samples.from_consumer is not samples.to_consumer


@pytest.mark.parametrize("masks", [False, True])
def test_nhs_numbers_are_masked_where_that_is_asked_for(
    layout: Layout, trail_with: Making, request_for: Asking, masks: bool
) -> None:
    trail = trail_with(masks=masks)
    trail.record(request_for(raw_target=f"/https://gp/Patient?identifier=x%7C{NUMBER}"))
    assert (NUMBER in layout.journal.read_text()) is not masks
    assert (NUMBER in trail.shown(f"nhs-number|{NUMBER}")) is not masks
    assert trail.shown("200000000115") == "200000000115"


def test_a_failure_closes_the_trail_until_a_record_goes_well(
    layout: Layout, trail_with: Making, request_for: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    trail, why = trail_with(), f"the journal {layout.journal} cannot be written: no space left on device"
    monkeypatch.setattr("ssp_emulator.audit.journal.os.write", full)
    with capture_logs() as logs:
        for _ in range(3):
            with pytest.raises(NotRecordedError) as caught:
                trail.record(request_for())
            assert str(caught.value) == trail.failure == trail.closed == why
        assert trail.failures == 3
        monkeypatch.undo()
        trail.record(request_for())
    assert (trail.failure, trail.closed, trail.failures) == (None, None, 3)
    assert logs == [  # each once
        {"event": "the audit trail cannot be written", "reason": why, "goes_on": False, "log_level": "critical"},
        {"event": "the audit trail is written again", "failed": 3, "log_level": "warning"},
    ]
    assert told(layout)["gap"] == {"torn_bytes": 0, "unrecorded": 3}


def test_where_it_is_to_go_on_nothing_is_raised_and_all_is_counted(
    layout: Layout, trail_with: Making, request_for: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    trail = trail_with(goes_on=True)
    monkeypatch.setattr("ssp_emulator.audit.journal.os.write", full)
    for _ in range(3):
        trail.record(request_for())
    assert (trail.closed, trail.failures) == (None, 3)
    assert trail.failure is not None
    monkeypatch.undo()
    trail.record(request_for())
    assert (trail.failure, told(layout)["gap"]) == (None, {"torn_bytes": 0, "unrecorded": 3})


async def test_what_does_not_reach_the_disk_is_not_settled_where_that_is_asked_for(
    trail_with: Making, request_for: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    always, later = trail_with(Sync.ALWAYS), trail_with(Sync.INTERVAL)
    monkeypatch.setattr(os, "fsync", full)
    always.record(request_for())
    await later.settled()
    with pytest.raises(NotRecordedError):
        await always.settled()
    assert always.closed == "the journal cannot be brought to the disk: no space left on device"
    assert later.closed is None
    monkeypatch.undo()
    await always.settled()


async def test_what_does_not_reach_the_disk_stays_a_failure_though_the_next_record_can_be_written(
    trail_with: Making, request_for: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    trail = trail_with(Sync.ALWAYS)
    monkeypatch.setattr(os, "fsync", full)
    trail.record(request_for())
    with pytest.raises(NotRecordedError):
        await trail.settled()
    trail.record(request_for())
    assert trail.closed == "the journal cannot be brought to the disk: no space left on device"


async def test_where_it_is_to_go_on_what_does_not_reach_the_disk_is_no_hindrance_and_shows(
    trail_with: Making, request_for: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    trail = trail_with(Sync.ALWAYS, goes_on=True)
    monkeypatch.setattr(os, "fsync", full)
    trail.record(request_for())
    await trail.settled()
    assert (trail.closed, trail.failure) == (
        None,
        "the journal cannot be brought to the disk: no space left on device",
    )


def test_a_record_is_made_of_what_the_journal_says_and_of_the_facts(
    layout: Layout, trail_with: Making, request_for: Asking
) -> None:
    trail_with(masks=True, tokens=False).record(request_for())
    assert json.loads(layout.journal.read_bytes()).keys() >= {"sequence", "previous", "worker", "gap", "time", "checks"}
