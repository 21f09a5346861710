"""Rows that several processes share: what they count together, and what becomes of one whose holder is killed."""

from __future__ import annotations

import fcntl
import gc
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from ssp_emulator.tallies import PlainTallies
from ssp_emulator.workers import tally
from ssp_emulator.workers.tally import UNNAMED, SharedRow, SharedTallies

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssp_emulator.tallies import Row, Tallies

PATIENCE_S = 30.0

# Each adds to a row so often, after it was told to: by reading, adding one and writing, which is only right alone.
ADDING = """
import sys
from ssp_emulator.workers.tally import SharedTallies
tallies = SharedTallies(int(sys.argv[1]))
rows = [tallies.numbered(0), tallies.named("a name")]
print("ready", flush=True)
sys.stdin.readline()
for _ in range(int(sys.argv[2])):
    for row in rows:
        with row as numbers:
            numbers.first += 1
            numbers.moment += 0.5
"""

# It goes into a row, changes what it has seen there, and never leaves.
HOLDING = """
import sys
from ssp_emulator.workers.tally import SharedTallies
with SharedTallies(int(sys.argv[1])).numbered(0) as numbers:
    numbers.first = 99
    print("ready", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def shared() -> Iterator[SharedTallies]:
    with closing(SharedTallies.make(100)) as tallies:
        yield tallies


def numbers(row: Row) -> tuple[int, int, int, float]:
    with row as found:
        return found.first, found.second, found.third, found.moment


def started(program: str, tallies: SharedTallies, *arguments: str) -> subprocess.Popen[str]:
    """Run a program that has the tallies, up to where it says that it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(tallies.fd), *arguments],
        pass_fds=(tallies.fd,),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_processes_that_hammer_one_row_count_every_time(shared: SharedTallies) -> None:
    row, named, times = shared.fresh(), shared.named("a name"), 2000
    processes = [started(ADDING, shared, str(times)) for _ in range(3)]
    for process in processes:
        process.communicate("go\n", timeout=PATIENCE_S)

    assert [process.returncode for process in processes] == [0, 0, 0]
    assert numbers(row) == numbers(named) == (3 * times, 0, 0, 1.5 * times)


def test_who_is_killed_within_a_row_blocks_nobody_and_has_counted_nothing(shared: SharedTallies) -> None:
    row = shared.fresh()
    with row as found:
        found.first = 7
    process = started(HOLDING, shared)
    with pytest.raises(BlockingIOError):  # it is in there: whoever would not wait is turned away
        fcntl.lockf(shared.fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 0)
    process.kill()
    process.communicate(timeout=PATIENCE_S)

    with row as found:
        found.first += 1
    assert numbers(row) == (8, 0, 0, 0.0)


@pytest.mark.parametrize("make", [PlainTallies, lambda: SharedTallies.make(8)], ids=["plain", "shared"])
def test_what_is_set_stays_and_each_row_is_for_itself(make: type[PlainTallies]) -> None:
    tallies: Tallies = make()
    rows = [tallies.fresh(), tallies.fresh(), tallies.named("a"), tallies.named("b")]
    for place, row in enumerate(rows):
        with row as found:
            found.first, found.second, found.third, found.moment = place, -place, 2**62 + place, place / 3

    assert [numbers(row) for row in rows] == [(n, -n, 2**62 + n, n / 3) for n in range(4)]
    assert numbers(tallies.named("a")) == numbers(rows[2])
    assert numbers(tallies.named("c")) == numbers(tallies.fresh()) == (0, 0, 0, 0.0)


def test_a_row_is_left_as_it_is_set_also_where_an_error_leaves_it(shared: SharedTallies) -> None:
    row = shared.fresh()

    def fail() -> None:
        with row as found:
            found.first = 1
            found.second = 1 // 0

    with pytest.raises(ZeroDivisionError):
        fail()
    assert numbers(row) == (1, 0, 0, 0.0)


def test_a_row_without_a_name_is_given_out_again_as_zeros_and_as_late_as_can_be(shared: SharedTallies) -> None:
    kept = shared.fresh()
    assert isinstance(kept, SharedRow)
    given = []
    for _ in range(2 * UNNAMED):
        row = shared.fresh()
        assert isinstance(row, SharedRow)
        assert numbers(row) == (0, 0, 0, 0.0)
        with row as found:
            found.first = 1
        given.append(row.number)
        del row
    gc.collect()

    assert kept.number not in given
    assert len(set(given)) == UNNAMED - 1
    assert len(set(given[: UNNAMED - 1])) == UNNAMED - 1


@given(st.lists(st.text(max_size=8), unique=True, max_size=tally._LEAST))
def test_every_name_has_a_row_and_others_find_it_by_its_name(names: list[str]) -> None:
    with closing(SharedTallies.make(0)) as tallies:
        for place, name in enumerate(names, 1):
            with tallies.named(name) as found:
                found.first = place
        other = SharedTallies(tallies.fd)  # as another process has it: it knows of no name yet

        assert [numbers(other.named(name))[0] for name in names] == list(range(1, len(names) + 1))
        other._memory.close()


def test_names_beyond_the_room_are_counted_in_each_process_and_that_is_said_once() -> None:
    with closing(SharedTallies.make(0)) as tallies, capture_logs() as logged:
        other = SharedTallies(tallies.fd)
        names = [str(number) for number in range(tally._LEAST * 2 + 3)]
        for name in names:
            with tallies.named(name) as found:
                found.first += 1
        seen_by_all = [name for name in names if numbers(other.named(name))[0] == 1]
        own = [numbers(tallies.named(name))[0] for name in names]
        other._memory.close()

    assert seen_by_all == names[:-3]
    assert own == [1] * len(names)
    assert [line["event"] for line in logged] == [
        "there is no room to count further limits for all workers: each counts them for itself"
    ] * 2  # once in each of the two
