"""An emulator that is killed with SIGKILL while it answers as fast as it can: what was answered is in the journal."""

from __future__ import annotations

import asyncio
import json
import random
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import uuid4

from support import journals, setup, wire
from support.asking import request, token_for
from support.processes import Process, ours, started

from ssp_emulator.audit.layout import Layout
from ssp_emulator.audit.verifying import verify
from ssp_emulator.plan import read_plan

if TYPE_CHECKING:
    from pathlib import Path

    from support.stub import StubProvider

    from ssp_emulator.pki.folder import CertificateFolder

KILLS = 20
CONNECTIONS = 6
GONE = (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError)


@dataclass
class Load:
    """Consumers that send one request after another, each on a connection of its own, until the emulator is killed."""

    certificates: CertificateFolder
    token: str
    answered: set[str] = field(default_factory=set)
    sent: int = 0
    _left: int = 0

    async def until_killed(self, emulator: Process, answers: int) -> None:
        """Send requests, and kill the emulator when so many have been answered."""
        self._left = answers
        await asyncio.gather(*(self._consume(emulator) for _ in range(CONNECTIONS)))
        await emulator.process.wait()

    async def one(self, emulator: Process) -> str:
        """Send one request, and return its trace ID when it has been answered."""
        connection = await self._connect(emulator)
        trace_id = await self._ask(connection)
        await connection.close()
        return trace_id

    async def _consume(self, emulator: Process) -> None:
        with suppress(*GONE):
            connection = await self._connect(emulator)
            try:
                while True:
                    await self._ask(connection)
                    self._left -= 1
                    if self._left == 0:
                        emulator.process.kill()
            finally:
                await connection.close()

    async def _connect(self, emulator: Process) -> wire.Wire:
        return await wire.Wire.open(emulator.port, wire.context(self.certificates, self.certificates.consumer))

    async def _ask(self, connection: wire.Wire) -> str:
        trace_id = str(uuid4())
        self.sent += 1
        answer = await connection.ask(request(self.token, trace_id))
        assert (answer.status, answer.body) == (200, b"ok")
        self.answered.add(trace_id)
        return trace_id


def load_of(folder: Path, certificates: CertificateFolder, provider: StubProvider) -> tuple[Load, Layout]:
    """Write a configuration whose journal is rotated often, and return a load for it and where the journal is."""
    path = setup.write(
        folder / "config",
        certificates,
        provider.port,
        audit={"rotate": {"size_mib": 0.25}, "sync": "os"},  # SIGKILL takes nothing that the system was handed
        log={"level": "error"},  # nobody reads the pipe
    )
    plan = read_plan(path)
    return Load(certificates, token_for(plan)), Layout(plan.journal)


async def test_killed_twenty_times_under_load_it_has_every_answered_request_in_one_sound_chain(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    load, layout = load_of(tmp_path, certificates, provider)
    chance = random.Random(5)
    torn = 0
    for kill in range(KILLS):
        async with started(tmp_path, "up") as emulator:
            await load.until_killed(emulator, chance.randint(1, 150))

        report = await asyncio.to_thread(verify, layout)
        (chain,) = report.chains
        assert report.sound, (kill, report.json())
        assert load.answered <= recorded(layout), kill
        if chain.verdict.torn is not None:
            torn += 1
            assert chain.verdict.torn.place == last_place(layout), kill
        # A request under way may have been recorded, and its answer not have come.
        assert len(load.answered) <= chain.records <= load.sent

    verified = await ours(tmp_path, "audit", "verify", "--json")
    told = json.loads(verified.out)

    assert verified.code == 0
    assert told["chains"][0]["holds"] == [{"first": 1, "last": told["records"]["kept"]}]
    assert len(layout.segments(0)) > 2
    assert told["chains"][0]["gaps"]["unrecorded"] == 0
    assert told["chains"][0]["gaps"]["records"] in (torn, torn - 1)  # the last one has not been followed yet


async def test_a_torn_last_line_is_named_and_the_next_start_goes_on_with_the_chain(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    load, layout = load_of(tmp_path, certificates, provider)
    async with started(tmp_path, "up") as emulator:
        await load.until_killed(emulator, 5)
    before = len(journals.lines(layout))
    fragment = journals.lines(layout)[-1][:777]
    with layout.current(0).open("ab") as journal:
        journal.write(fragment)

    torn = await ours(tmp_path, "audit", "verify")
    async with started(tmp_path, "up") as emulator:
        trace_id = await load.one(emulator)
    healed = await ours(tmp_path, "audit", "verify")

    assert torn.code == 0, torn.err
    assert f"journal.jsonl:{before + 1}: record {before + 1} is torn after 777 bytes" in torn.out
    record = journals.records(layout)[-1]
    assert (record["sequence"], record["trace_id"]) == (before + 1, trace_id)
    assert record["gap"] == {"torn_bytes": 777, "unrecorded": 0}
    assert healed.code == 0, healed.out
    assert "is torn" not in healed.out


async def test_a_tail_that_is_cut_while_the_emulator_is_stopped_stays_visible_for_ever(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    load, layout = load_of(tmp_path, certificates, provider)
    async with started(tmp_path, "up") as emulator:
        for _ in range(3):
            await load.one(emulator)
    path = layout.current(0)
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:2]))

    cut = await ours(tmp_path, "audit", "verify")
    async with started(tmp_path, "up") as emulator:
        await load.one(emulator)
    later = await ours(tmp_path, "audit", "verify")

    assert cut.code == later.code == 1
    assert "record 3 is missing at the end" in cut.out
    assert "journal.jsonl:3: record 3 is missing" in later.out


def recorded(layout: Layout) -> set[str]:
    """Return the trace IDs of a chain's records; a torn last line is left out."""
    lines = b"".join(segment.path.read_bytes() for segment in layout.segments(0)).split(b"\n")[:-1]
    return {json.loads(line)["trace_id"] for line in lines}


def last_place(layout: Layout) -> tuple[str, int]:
    """Return the file and the number of a chain's last line, which has no end."""
    segment = layout.segments(0)[-1]
    return segment.path.name, segment.path.read_bytes().count(b"\n") + 1
