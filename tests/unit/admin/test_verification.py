"""The verification at the admin API, over trails that no emulator wrote."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support import trails
from support.api import is_problem
from support.caller import Caller
from support.waiting import until

from ssp_emulator import sockets
from ssp_emulator.address import Address
from ssp_emulator.admin.app import compose
from ssp_emulator.admin.guard import Guard
from ssp_emulator.admin.server import Server
from ssp_emulator.admin.verification import Verification
from ssp_emulator.audit.layout import Layout
from ssp_emulator.audit.verifying import verify

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A trail of three records."""
    made = Layout(tmp_path / "audit" / "journal.jsonl")
    trails.write(made, [trails.facts(n) for n in (1, 2, 3)])
    return made


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[asyncio.subprocess.Process]:
    """The processes that were started."""
    processes: list[asyncio.subprocess.Process] = []
    start = asyncio.create_subprocess_exec

    async def starting(*command: Any, **settings: Any) -> asyncio.subprocess.Process:
        processes.append(await start(*command, **settings))
        return processes[-1]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", starting)
    return processes


@asynccontextmanager
async def serving(layout: Layout) -> AsyncIterator[Caller]:
    """Serve the route alone."""
    listening = sockets.bind("127.0.0.1", 0)
    address = Address("127.0.0.1", listening[0].getsockname()[1])
    guard = Guard(None, on_loopback=True)
    async with Verification(layout) as verification, Server(compose(verification.routes, guard), listening):
        yield Caller(address)


async def test_a_sound_trail_is_reported_as_it_is(layout: Layout) -> None:
    async with serving(layout) as api:
        answer = await api.ask("GET", "/audit/verify")

    assert (answer.status, answer.one("Content-Type")) == (200, "application/json; charset=utf-8")
    assert answer.json() == verify(layout).json()
    assert answer.json()["sound"] is True


async def test_a_trail_that_is_not_sound_is_an_answer_too(layout: Layout) -> None:
    path = layout.current(0)
    path.write_bytes(path.read_bytes().replace(b'"status":200', b'"status":201', 1))

    async with serving(layout) as api:
        answer = await api.ask("GET", "/audit/verify")

    assert (answer.status, answer.json()["sound"]) == (200, False)
    (problem,) = answer.json()["chains"][0]["problems"]
    assert (problem["kind"], problem["records"], problem["line"]) == ("altered", {"first": 1, "last": 1}, 1)


async def test_where_there_is_no_journal_there_is_nothing_to_verify(tmp_path: Path) -> None:
    async with serving(Layout(tmp_path / "journal.jsonl")) as api:
        answer = await api.ask("GET", "/audit/verify")

    is_problem(answer, 404, "Not Found", "there is no journal to verify yet")


async def test_a_verification_that_fails_is_said_to_have_failed(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "false")  # which ends with 1, and says nothing

    async with serving(layout) as api:
        answer = await api.ask("GET", "/audit/verify")

    said = "the trail could not be verified; the emulator's log says why"
    is_problem(answer, 500, "Internal Server Error", said)


async def test_a_parameter_that_would_not_be_heeded_is_refused(layout: Layout) -> None:
    async with serving(layout) as api:
        answer = await api.ask("GET", "/audit/verify?worker=0")

    errors = [{"key": "worker", "message": "is not known here"}]
    is_problem(answer, 400, "Bad Request", "these query parameters are known here: none; found worker", errors=errors)


async def test_whoever_asks_meanwhile_is_told_what_comes_of_the_one_that_is_under_way(
    layout: Layout, begun: list[asyncio.subprocess.Process]
) -> None:
    path = layout.current(0)
    whole = path.read_bytes()
    path.unlink()
    os.mkfifo(path)  # whoever opens it waits for who writes

    async with serving(layout) as api:
        asking = [asyncio.create_task(api.ask("GET", "/audit/verify")) for _ in range(3)]
        await until(lambda: len(begun) == 1)
        assert (await api.ask("GET", "/nothing")).status == 404  # it answers meanwhile
        await asyncio.to_thread(path.write_bytes, whole)
        answers = await asyncio.gather(*asking)
        again = asyncio.create_task(api.ask("GET", "/audit/verify"))
        await until(lambda: len(begun) == 2)
        await asyncio.to_thread(path.write_bytes, whole)
        await again

    assert [answer.json()["sound"] for answer in answers] == [True] * 3
    assert len(begun) == 2


async def test_one_under_way_ends_with_the_emulator(layout: Layout, begun: list[asyncio.subprocess.Process]) -> None:
    path = layout.current(0)
    path.unlink()
    os.mkfifo(path)

    async with serving(layout) as api:
        asking = asyncio.create_task(api.ask("GET", "/audit/verify"))
        await until(lambda: len(begun) == 1)
        assert begun[0].returncode is None

    await asyncio.gather(asking, return_exceptions=True)
    assert begun[0].returncode == -9
    assert not Path(f"/proc/{begun[0].pid}").exists()
