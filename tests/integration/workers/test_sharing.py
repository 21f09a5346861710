"""What workers share: the port, the trail that is read, limits, and what the admin API answers."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from support import setup
from support.running import running
from support.workers import asked, pids, statuses, wires_to_all

if TYPE_CHECKING:
    from pathlib import Path

    from support.caller import Caller
    from support.figures import Figures
    from support.running import Running
    from support.stub import StubProvider

    from ssp_emulator.pki.folder import CertificateFolder


async def test_both_workers_serve_the_port_and_the_api_answers_for_both(
    two: Running, api: Caller, root: Caller, figures: Figures
) -> None:
    answers = await asked(two, 40)
    by_worker = Counter(record["worker"] for record in two.records())

    assert statuses(answers) == {200: 40}
    assert sorted(by_worker) == [0, 1]
    assert sum(by_worker.values()) == 40

    page = (await api.ask("GET", "/exchanges?limit=100")).json()
    verified = (await api.ask("GET", "/audit/verify")).json()
    assert Counter(record["worker"] for record in page["exchanges"]) == by_worker
    of_the_directory = {2: 0}
    assert {chain["worker"]: chain["records"] for chain in verified["chains"]} == {**by_worker, **of_the_directory}
    assert verified["sound"]

    health = await root.ask("GET", "/health/ready")
    ready = {"ready": True}
    parts = ("proxy", "registry", "certificates", "journal", "worker 0", "worker 1", "directory")
    assert (health.status, health.json()) == (200, {"status": "ready", "parts": dict.fromkeys(parts, ready)})

    registry = (await api.ask("GET", "/registry")).json()
    assert setup.CONSUMER in {system["asid"] for system in registry["systems"]}


async def test_metrics_are_those_of_all_processes_together(two: Running, figures: Figures) -> None:
    await asked(two, 30)
    await asked(two, 10, Ssp_To=setup.OTHER_CONSUMER)

    assert await figures.value("requests_total", status="200") == 30
    assert await figures.value("requests_total", status="403") == 10
    assert await figures.value("request_duration_seconds_count") == 40
    assert await figures.value("request_duration_seconds_bucket", le="+Inf") == 40
    assert await figures.value("audit_records_total") == 40
    assert await figures.value("connections_total") == 40
    assert await figures.value("registry_systems") == 4
    assert await figures.value("workers") == 2
    assert await figures.value("worker_restarts_total") == 0
    text = await figures.text()
    for family in ("process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds"):
        assert [line.split(" ")[0] for line in text.splitlines() if line.startswith(family)] == [
            f'{family}{{worker="{worker}"}}' for worker in ("leader", "0", "1")
        ]
    assert [line for line in text.splitlines() if line.startswith("ssp_emulator_info")] == [
        line for line in text.splitlines() if line.startswith("ssp_emulator_info{version=") and line.endswith(" 1.0")
    ]


@pytest.mark.parametrize(
    ("limits", "refused"),
    [
        ({"sender": {"requests": 10}}, 429),
        ({"receiver": {"asids": {setup.PROVIDER: 10}}}, 503),
        ({"sender": {"requests": 25}, "receiver": {"requests": 10}}, 503),
    ],
    ids=["the sender's", "the receiver's", "the receiver's, which takes nothing of the sender's"],
)
async def test_a_limit_holds_for_all_workers_together(
    tmp_path: Path,
    certificates: CertificateFolder,
    provider: StubProvider,
    limits: dict[str, object],
    refused: int,
) -> None:
    settings = {"window_s": 3600, **limits}
    async with running(tmp_path, certificates, provider.port, workers=2, limits=settings) as ssp:
        answers = await asked(ssp, 60)
        by_worker = {record["worker"] for record in ssp.records()}

    assert statuses(answers) == {200: 10, refused: 50}
    assert by_worker == {0, 1}
    assert len(provider.received) == 10


async def test_each_worker_is_a_process_and_all_end_with_the_emulator(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    before = set(pids())
    async with running(tmp_path, certificates, provider.port, workers=3) as ssp:
        assert len(set(pids()) - before) == 3
        await asyncio.gather(*(wire.close() for wire in await wires_to_all(ssp, 3)))

    assert set(pids()) == before


async def test_one_worker_is_this_process(ssp: Running) -> None:
    before = pids()
    await ssp.ask()

    assert (before, pids()) == ([], [])
    assert ssp.record()["worker"] == 0
