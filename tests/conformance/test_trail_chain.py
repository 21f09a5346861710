"""The chain in the trail of a real emulator: whoever has a SHA-256 finds what was altered, removed, moved or cut off.

The chain is checked here by a few lines that know nothing of the emulator's own `audit verify`, and by that too.

Source: GP Connect 1.6.2, "Cross-organisation audit and provenance" (an audit trail that is tamper-proof); FIPS 180-4.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
from support import journals
from support.processes import ours
from support.running import running

from ssp_emulator.audit.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.running import Running
    from support.stub import StubProvider

    from ssp_emulator.pki.folder import CertificateFolder

Lines = list[bytes]


async def verified(folder: Path) -> int:
    """Return how `audit verify` ends for the trail of the emulator whose configuration is in a folder."""
    return (await ours(folder, "audit", "verify", "--config", "emulator.yaml", "--json")).code


def altered(lines: Lines) -> Lines:
    return [
        line.replace(b'"method":"GET"', b'"method":"PUT"') if place == 2 else line for place, line in enumerate(lines)
    ]


def removed(lines: Lines) -> Lines:
    return lines[:2] + lines[3:]


def swapped(lines: Lines) -> Lines:
    return [*lines[:2], lines[3], lines[2], *lines[4:]]


def repeated(lines: Lines) -> Lines:
    return [*lines[:3], *lines[2:]]


def forged(lines: Lines) -> Lines:
    """Alter a record and chain all behind it anew, as one who has the journal only can."""
    made = altered(lines)
    for place in range(3, len(made)):
        record = json.loads(made[place])
        record["previous"] = journals.digest_of(made[place - 1])
        made[place] = json.dumps(record, separators=(",", ":")).encode()
    return made


def cut_off(lines: Lines) -> Lines:
    return lines[:4]


async def test_each_record_bears_the_digest_of_the_one_before_over_segments_and_restarts(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    small = {"rotate": {"size_mib": 0.008}}
    for _ in range(3):
        async with running(tmp_path, certificates, provider.port, audit=small) as ssp:
            for _ in range(4):
                await ssp.ask()
    layout = Layout(ssp.plan.journal)

    assert len(layout.segments(0)) > 2
    assert (journals.sequences(layout), journals.breaks(layout)) == (list(range(1, 13)), [])
    assert {str(record["gap"]) for record in journals.records(layout)} == {"None"}
    assert (
        layout.anchor(0).read_text().startswith(f"head 000000000012 {journals.digest_of(journals.lines(layout)[-1])}\n")
    )


async def test_requests_at_the_same_time_stand_in_one_chain(ssp: Running) -> None:
    wires = [await ssp.wire() for _ in range(20)]
    for wire in wires:
        await wire.send(ssp.request())
    await asyncio.gather(*(wire.answer() for wire in wires))
    layout = Layout(ssp.plan.journal)

    assert (journals.sequences(layout), journals.breaks(layout)) == (list(range(1, 21)), [])


@pytest.mark.parametrize(
    ("change", "sequences", "breaks"),
    [
        (altered, [1, 2, 3, 4, 5, 6], [4]),
        (removed, [1, 2, 4, 5, 6], [4]),
        (swapped, [1, 2, 4, 3, 5, 6], [4, 3, 5]),
        (repeated, [1, 2, 3, 3, 4, 5, 6], [3]),
        (cut_off, [1, 2, 3, 4], []),  # which the anchor alone tells
        (forged, [1, 2, 3, 4, 5, 6], []),
    ],
)
async def test_what_was_done_to_a_trail_shows(
    tmp_path: Path,
    certificates: CertificateFolder,
    provider: StubProvider,
    change: Callable[[Lines], Lines],
    sequences: list[int],
    breaks: list[int],
) -> None:
    async with running(tmp_path, certificates, provider.port) as ssp:
        for _ in range(6):
            await ssp.ask()
    layout = Layout(ssp.plan.journal)
    whole = (journals.breaks(layout), await verified(tmp_path))
    head = layout.anchor(0).read_text().split()[:3]
    lines = change(journals.lines(layout))
    ssp.plan.journal.write_bytes(b"".join(line + b"\n" for line in lines))

    assert whole == ([], 0)
    assert (journals.sequences(layout), journals.breaks(layout)) == (sequences, breaks)
    last = (f"{journals.records(layout)[-1]['sequence']:012d}", journals.digest_of(lines[-1]))
    assert bool(breaks) is (last == (head[1], head[2]))  # what the chain does not tell, the anchor does
    assert await verified(tmp_path) == 1


async def test_what_was_cut_off_still_shows_when_the_emulator_has_gone_on(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    async with running(tmp_path, certificates, provider.port) as ssp:
        for _ in range(4):
            await ssp.ask()
    layout = Layout(ssp.plan.journal)
    lines = journals.lines(layout)
    ssp.plan.journal.write_bytes(b"".join(line + b"\n" for line in lines[:2]))
    async with running(tmp_path, certificates, provider.port) as ssp:
        await ssp.ask()

    assert (journals.sequences(layout), journals.breaks(layout)) == ([1, 2, 5], [5])
    assert journals.records(layout)[-1]["previous"] == journals.digest_of(lines[-1])
    assert await verified(tmp_path) == 1


async def test_an_anchor_that_was_taken_away_still_shows_when_the_emulator_has_gone_on(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    """Also over further restarts: without it, nothing else tells that lines were cut off."""
    async with running(tmp_path, certificates, provider.port) as ssp:
        for _ in range(4):
            await ssp.ask()
    layout = Layout(ssp.plan.journal)
    lines = journals.lines(layout)[:2]
    ssp.plan.journal.write_bytes(b"".join(line + b"\n" for line in lines))
    layout.anchor(0).unlink()
    for _ in range(2):
        async with running(tmp_path, certificates, provider.port) as ssp:
            await ssp.ask()
        report = await ours(tmp_path, "audit", "verify", "--config", "emulator.yaml", "--json")
        (problem,) = json.loads(report.out)["chains"][0]["problems"]

        assert (report.code, problem["kind"], problem["records"]) == (1, "anchor", {"first": 3, "last": 3})
        assert problem["text"].startswith("when the emulator that wrote record 3 started, its anchor was missing")

    assert (journals.sequences(layout), journals.breaks(layout)) == ([1, 2, 3, 4], [])
    gap = {"torn_bytes": 0, "unrecorded": 0, "anchor_lost": True}
    assert [record["gap"] for record in journals.records(layout)] == [None, None, gap, None]


async def test_a_last_record_that_was_altered_still_shows_when_the_emulator_has_gone_on(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    async with running(tmp_path, certificates, provider.port) as ssp:
        for _ in range(3):
            await ssp.ask()
    layout = Layout(ssp.plan.journal)
    lines = altered(journals.lines(layout))
    ssp.plan.journal.write_bytes(b"".join(line + b"\n" for line in lines))
    async with running(tmp_path, certificates, provider.port) as ssp:
        await ssp.ask()

    assert journals.breaks(layout) == [4]
    assert await verified(tmp_path) == 1


async def test_a_torn_end_is_told_by_the_record_behind_it(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    async with running(tmp_path, certificates, provider.port) as ssp:
        await ssp.ask()
    with ssp.plan.journal.open("ab") as file:
        file.write(b'{"sequence":2,"previous":"')
    async with running(tmp_path, certificates, provider.port) as ssp:
        await ssp.ask()
    layout = Layout(ssp.plan.journal)

    assert [record["gap"] for record in ssp.records()] == [None, {"torn_bytes": 26, "unrecorded": 0}]
    assert (journals.sequences(layout), journals.breaks(layout)) == ([1, 2], [])
