"""Reloading with several workers: a part is in force in all of them, or in none."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
import yaml
from structlog.testing import capture_logs
from support import setup
from support.running import Running, running
from support.workers import asked, pids, statuses, wires_to_all

from ssp_emulator.pki.revocation import revoke

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from support.caller import Caller
    from support.figures import Figures
    from support.stub import StubProvider

    from ssp_emulator.pki.folder import CertificateFolder


@pytest.fixture
async def two(own_certificates: CertificateFolder, provider: StubProvider, tmp_path: Path) -> AsyncIterator[Running]:
    """Two workers, that read their files again when they are asked to."""
    async with running(tmp_path, own_certificates, provider.port, workers=2, reload={"every_s": None}) as made:
        yield made


def registry(ssp: Running) -> Path:
    configuration = ssp.plan.configuration
    return configuration.path(configuration.settings.registry)


def without_agreements() -> str:
    return yaml.safe_dump({**setup.registry(0), "agreements": []})


async def test_a_registry_is_in_force_in_every_worker_when_it_is_reloaded(two: Running, api: Caller) -> None:
    registry(two).write_text(without_agreements())
    with capture_logs() as logs:
        await two.emulator.reload()
    after = await asked(two, 20)

    assert next(line["part"] for line in logs if line["event"] == "reloaded") == "registry"
    assert statuses(after) == {403: 20}
    assert {record["worker"] for record in two.records()} == {0, 1}
    assert (await api.ask("GET", "/registry")).json()["agreements"] == []


async def test_one_that_is_started_later_has_what_is_in_force_and_not_a_file_that_is_bad(
    two: Running, root: Caller, figures: Figures
) -> None:
    registry(two).write_text(without_agreements())
    await two.emulator.reload()
    registry(two).write_text("organisations: 7")
    await two.emulator.reload()
    for pid in pids():
        os.kill(pid, signal.SIGKILL)
    await figures.reaches(2, "worker_restarts_total")
    answers = await asked(two, 20)  # they wait for the new ones

    health = (await root.ask("GET", "/health/ready")).json()
    assert statuses(answers) == {403: 20}
    assert {record["worker"] for record in two.records()} == {0, 1}
    assert health["status"] == "ready"
    assert health["parts"]["registry"]["warning"].startswith("the files as they are now are not good")


async def test_a_certificate_that_is_revoked_is_refused_by_every_worker(
    two: Running, own_certificates: CertificateFolder, figures: Figures
) -> None:
    wires = await wires_to_all(two)
    revoke(own_certificates, str(own_certificates.consumer.certificate), now=datetime.now(UTC))
    await two.emulator.reload()

    assert all([await wire.is_closed() for wire in wires])
    assert statuses(await asked(two, 20)) == {495: 20}
    assert await figures.value("reloads_total", part="certificates for consumers", result="done") == 1


async def test_a_key_that_is_bad_changes_nothing(two: Running, own_certificates: CertificateFolder) -> None:
    own_certificates.ssp_server.key.write_text("no key")
    with capture_logs() as logs:
        await two.emulator.reload()

    refused = [line["part"] for line in logs if line["event"].startswith("not reloaded")]
    assert refused == ["certificates for consumers"]
    assert statuses(await asked(two, 20)) == {200: 20}
