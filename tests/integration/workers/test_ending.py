"""Workers that end: one that is killed, all that lose the process that leads, and what stops for good."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
import yaml
from support import setup
from support.asking import request, token_for
from support.caller import Caller
from support.processes import PATIENCE_S, started
from support.running import running
from support.stub import OK
from support.waiting import until
from support.wire import Wire, context
from support.workers import asked, lives, pids, statuses, wires_to_all

from ssp_emulator.audit.journal import Journal
from ssp_emulator.audit.layout import Layout
from ssp_emulator.clock import SystemClock
from ssp_emulator.errors import SetupError
from ssp_emulator.plan import read_plan

if TYPE_CHECKING:
    from pathlib import Path

    from support.figures import Figures
    from support.running import Running
    from support.stub import StubProvider

    from ssp_emulator.pki.folder import CertificateFolder


async def ready(root: Caller) -> bool:
    return (await root.ask("GET", "/health/ready")).status == 200


async def replaced(root: Caller, figures: Figures, times: int) -> None:
    """Wait until so many workers were replaced, and all serve."""
    await figures.reaches(times, "worker_restarts_total")
    async with asyncio.timeout(PATIENCE_S):
        while not await ready(root):  # noqa: ASYNC110 - it tells no one
            await asyncio.sleep(0.05)


async def test_one_that_is_killed_is_replaced_and_that_is_said(
    two: Running, root: Caller, api: Caller, figures: Figures, capfd: pytest.CaptureFixture[str]
) -> None:
    await asked(two, 30)
    before = pids()
    assert await figures.value("requests_total", status="200") == 30

    os.kill(before[0], signal.SIGKILL)
    async with asyncio.timeout(PATIENCE_S):
        while (health := await root.ask("GET", "/health/ready")).status == 200:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    parts = health.json()["parts"]
    (gone,) = (name for name, part in parts.items() if name.startswith("worker") and not part["ready"])
    assert parts[gone]["reason"] in (
        "it does not answer",
        "it has ended, and another is being started",
    )
    assert parts["proxy"]["reason"] == f"{gone}: {parts[gone]['reason']}"
    await replaced(root, figures, 1)

    answers = await asked(two, 30)
    assert statuses(answers) == {200: 30}
    assert len(pids()) == 2
    assert len(set(pids()) & set(before)) == 1
    assert await figures.value("requests_total", status="200") == 60  # what the dead one had counted stays
    assert await figures.value("audit_records_total") == 60
    verified = (await api.ask("GET", "/audit/verify")).json()
    assert verified["sound"]
    assert sum(chain["records"] for chain in verified["chains"]) == 60


async def test_consumers_that_come_while_one_is_replaced_are_served(
    two: Running, root: Caller, figures: Figures
) -> None:
    os.kill(pids()[0], signal.SIGKILL)
    answers = await asked(two, 40)  # some of them come to the sockets of the one that is gone, and wait

    assert statuses(answers) == {200: 40}
    await replaced(root, figures, 1)


async def test_rules_and_their_counts_outlive_every_worker(
    two: Running, root: Caller, api: Caller, figures: Figures
) -> None:
    rule = {"name": "off", "when": {"times": 5}, "effect": {"kind": "unavailable"}}
    await api.ask("POST", "/faults", rule)
    first = await asked(two, 3)
    for pid in pids():
        os.kill(pid, signal.SIGKILL)
    await replaced(root, figures, 2)
    second = await asked(two, 20)

    assert (statuses(first), statuses(second)) == ({503: 3}, {503: 2, 200: 18})
    assert (await api.ask("GET", "/faults/off")).json()["counts"] == {"matched": 23, "fired": 5, "asked": 0}


async def test_a_change_in_the_middle_of_which_one_dies_is_in_force_in_all(
    two: Running, root: Caller, api: Caller, figures: Figures
) -> None:
    effect = {"kind": "unavailable"}
    for turn, pid in enumerate(pids(), 1):
        os.kill(pid, signal.SIGSTOP)  # it takes the change, and does not come to it
        putting = asyncio.create_task(api.ask("PUT", "/faults/off", {"effect": effect}))
        await asyncio.sleep(0)
        os.kill(pid, signal.SIGKILL)
        assert (await putting).status in (200, 201)
        assert 200 not in statuses(await asked(two, 10))
        await replaced(root, figures, turn)
        assert statuses(await asked(two, 10)) == {503: 10}


async def test_none_is_left_when_the_one_that_leads_is_killed(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    setup.write(tmp_path / "config", certificates, provider.port, workers=2)
    async with started(tmp_path, "up") as emulator:
        workers = pids(emulator.process.pid)
        emulator.process.kill()
        await until(lambda: not any(map(lives, workers)))
        await emulator.process.communicate()  # its pipes end with the last of them

    assert len(workers) == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
async def test_a_request_under_way_ends_when_all_of_the_group_are_told_to_stop(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider, number: signal.Signals
) -> None:
    under_way, answer_now = asyncio.Event(), asyncio.Event()

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        under_way.set()
        await answer_now.wait()
        writer.write(OK)
        await writer.drain()

    provider.play = play
    plan = read_plan(setup.write(tmp_path / "config", certificates, provider.port, workers=2))
    async with started(tmp_path, "up", by=("setsid",)) as emulator:
        wire = await Wire.open(emulator.port, context(certificates, certificates.consumer))
        await wire.send(request(token_for(plan), "0d3c1b0e-6b3f-4f0b-9d0a-5f5b5f4f3f2f"))
        await under_way.wait()
        os.killpg(emulator.process.pid, number)
        await until(lambda: _refuses(emulator.port))
        answer_now.set()
        answer = await wire.answer()
        ended = await emulator.end()

    assert (answer.status, answer.body) == (200, b"ok")
    assert ended.code == 0
    assert "Traceback" not in ended.err
    assert "a worker has ended" not in ended.err


def _refuses(port: int) -> bool:
    with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
        return False
    return True


async def test_each_line_of_the_log_says_which_worker_it_is_of(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    log = {"format": "json"}
    plan = read_plan(setup.write(tmp_path / "config", certificates, provider.port, workers=2, log=log))
    async with started(tmp_path, "up") as emulator:
        for place in range(20):
            wire = await Wire.open(emulator.port, context(certificates, certificates.consumer))
            await wire.ask(request(token_for(plan), f"0d3c1b0e-6b3f-4f0b-9d0a-5f5b5f4f3f{place:02}"))
            await wire.close()
        ended = await emulator.end()

    lines = [yaml.safe_load(line) for line in ended.err.splitlines() if '"request"' in line]
    assert len(lines) == 20
    assert {line["worker"] for line in lines} == {0, 1}


async def test_one_that_cannot_start_is_told_of_and_nothing_is_left_running(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    path = setup.write(tmp_path, certificates, provider.port, workers=3)
    layout = Layout(read_plan(path).journal)
    with Journal(layout, 1, clock=SystemClock()), pytest.raises(SetupError) as caught:
        async with running(tmp_path, certificates, provider.port, workers=3):
            pass

    assert caught.value.lines == (f"the journal {layout.current(1)} is in use by another emulator; name another",)
    assert pids() == []


async def test_a_port_that_others_share_is_in_use_all_the_same(
    two: Running, tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    listen = {"listen": f"127.0.0.1:{two.port}"}
    with pytest.raises(SetupError, match=r"emulator.yaml:\d+: proxy.listen: .* is in use; stop what listens there"):
        async with running(tmp_path / "other", certificates, provider.port, workers=2, proxy=listen):
            pass


async def test_chains_of_workers_that_are_no_more_are_still_verified_and_shown(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    async with running(tmp_path, certificates, provider.port, workers=2) as before:
        await wires_to_all(before)
        records = len(before.records())
    async with running(tmp_path, certificates, provider.port) as after:
        await after.ask()
        api = Caller(after.emulator.admin_address)
        verified = (await api.ask("GET", "/audit/verify")).json()
        page = (await api.ask("GET", "/exchanges?limit=100")).json()

    assert verified["sound"]
    assert [chain["worker"] for chain in verified["chains"]] == [0, 1, 2]  # the last is the directory's, and empty
    assert len(page["exchanges"]) == records + 1
