"""`ssp-emulator audit verify`, over trails that no emulator wrote."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import re
import sys
from typing import TYPE_CHECKING

import pytest
from support import trails
from support.processes import ours

from ssp_emulator.audit.anchor import Anchor
from ssp_emulator.audit.layout import Layout
from ssp_emulator.audit.verifying import verify

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A trail of 1,200 records in three files, and the configuration that leads to it."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "emulator.yaml").write_text("audit:\n  journal: ../audit/journal.jsonl\n")
    made = Layout(tmp_path / "audit" / "journal.jsonl")
    trails.write(made, map(trails.facts, range(1, 1201)), segment=500)
    return made


async def test_a_sound_chain_takes_one_line_and_its_head(tmp_path: Path, layout: Layout) -> None:
    ended = await ours(tmp_path, "audit", "verify")

    (chain,) = verify(layout).chains
    assert chain.verdict.head is not None
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == (f"records 1 to 1,200: sound\n  head: {chain.verdict.head.digest} (SHA-256 of record 1,200)\n")


async def test_what_is_wrong_is_named_with_file_and_line_and_what_still_holds(tmp_path: Path, layout: Layout) -> None:
    path = layout.folder / "journal.000000000501.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:7], *lines[8:]]))

    ended = await ours(tmp_path, "audit", "verify")

    assert (ended.code, ended.err) == (1, "")
    assert ended.out.splitlines()[0] == "records 1 to 1,200: NOT sound: 1 problem"
    assert ended.out.splitlines()[2:] == [
        "  journal.000000000501.jsonl:8: record 508 is missing, and so nothing vouches for record 507",
        "  still sound: records 1 to 506, records 509 to 1,200",
    ]


async def test_for_programs_it_is_the_report(tmp_path: Path, layout: Layout) -> None:
    sound = await ours(tmp_path, "audit", "verify", "--json")
    layout.current(0).unlink()
    cut = await ours(tmp_path, "audit", "verify", "--json")

    assert (sound.code, sound.err, cut.code, cut.err) == (0, "", 1, "")
    assert json.loads(sound.out)["sound"] is True
    assert json.loads(cut.out) == verify(layout).json()


async def test_removed_gaps_and_a_torn_end_are_told_and_are_nothing_wrong(tmp_path: Path, layout: Layout) -> None:
    gap = {"torn_bytes": 31, "unrecorded": 2}
    links = trails.write(layout, [trails.facts(n, gap=gap if n == 600 else None) for n in range(1, 1201)], segment=500)
    with layout.anchor(0).open("r+b") as file:
        Anchor(file.fileno()).set_base(links[499])
    (layout.folder / "journal.000000000001.jsonl").unlink()
    with layout.current(0).open("ab") as journal:
        journal.write(b'{"sequence":1201,')

    ended = await ours(tmp_path, "audit", "verify")

    assert ended.code == 0
    assert ended.out.splitlines()[0] == "records 501 to 1,200: sound"
    assert ended.out.splitlines()[2:] == [
        "  removed by retention: 500",
        "  not recorded, as the records themselves say: 2 requests, and 31 bytes that crashes had torn",
        "  journal.jsonl:201: record 1,201 is torn after 17 bytes: a crash came between, and its answer did not end",
    ]


async def test_several_workers_chains_are_each_named(tmp_path: Path, layout: Layout) -> None:
    trails.write(layout, [trails.facts(1)], worker=1)

    ended = await ours(tmp_path, "audit", "verify")

    assert re.findall(r"^worker.*", ended.out, re.MULTILINE) == [
        "worker 0: records 1 to 1,200: sound",
        "worker 1: record 1: sound",
    ]


async def test_no_journal_is_a_failure_in_one_line(tmp_path: Path, layout: Layout) -> None:
    for each in layout.folder.iterdir():
        each.unlink()

    ended = await ours(tmp_path, "audit", "verify", "--json")

    assert (ended.code, ended.out) == (1, "")
    assert ended.err == "error: there is no journal to verify at audit/journal.jsonl yet\n"


async def test_a_configuration_that_is_not_good_is_bad_usage(tmp_path: Path, layout: Layout) -> None:
    (tmp_path / "config" / "emulator.yaml").write_text("audit:\n  journals: x\n")

    ended = await ours(tmp_path, "audit", "verify")

    assert (ended.code, ended.out) == (2, "")
    assert "audit.journals" in ended.err


async def test_a_terminal_is_shown_how_far_it_is(tmp_path: Path, layout: Layout) -> None:
    terminal, its_end = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ssp_emulator", "audit", "verify"),
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=its_end,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "120"},
    )
    out, _ = await process.communicate()
    os.close(its_end)
    shown = await asyncio.to_thread(os.read, terminal, 65536)
    os.close(terminal)

    assert process.returncode == 0
    assert out.startswith(b"records 1 to 1,200: sound")
    assert b"verifying" in shown
    assert b"%" in shown
