"""Readiness of a running emulator: true only when it really serves."""

from __future__ import annotations

import asyncio
import errno
import os
from typing import TYPE_CHECKING

import pytest
from support.caller import Caller
from support.clocks import MovableClock
from support.running import running
from support.waiting import PATIENCE_S

if TYPE_CHECKING:
    from pathlib import Path

    from support.running import Running
    from support.stub import StubProvider

    from ssp_emulator.pki.folder import CertificateFolder

PARTS = ("proxy", "registry", "certificates", "journal")
WELL = {name: {"ready": True} for name in PARTS}


async def test_an_emulator_that_serves_is_ready(root: Caller) -> None:
    live, ready = await root.ask("GET", "/health/live"), await root.ask("GET", "/health/ready")

    assert (live.status, live.json()) == (200, {"status": "alive"})
    assert (ready.status, ready.json()) == (200, {"status": "ready", "parts": WELL})


async def test_it_is_not_ready_once_its_certificate_has_ended(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    clock = MovableClock()
    async with running(tmp_path, certificates, provider.port, clock) as ssp:
        root = Caller(ssp.emulator.admin_address, "")
        before = await root.ask("GET", "/health/ready")
        clock.elapse(50 * 365 * 86_400)
        after = await root.ask("GET", "/health/ready")

    part = after.json()["parts"].pop("certificates")
    assert (before.status, after.status, after.json()["status"]) == (200, 503, "not ready")
    assert part["ready"] is False
    assert part["reason"].startswith("the certificate that consumers are shown ended on ")


async def test_a_reload_that_was_refused_is_a_warning_until_one_goes_well(asked_only: Running) -> None:
    root = Caller(asked_only.emulator.admin_address, "")
    configuration = asked_only.plan.configuration
    registry = configuration.path(configuration.settings.registry)
    good = registry.read_text()

    registry.write_text("organisations: 7\n")
    await asked_only.emulator.reload()
    bad = await root.ask("GET", "/health/ready")
    registry.write_text(good)
    await asked_only.emulator.reload()
    again = await root.ask("GET", "/health/ready")

    said = "the files as they are now are not good (the log says why); what was there before is in force"
    assert (bad.status, bad.json()["parts"]["registry"]) == (200, {"ready": True, "warning": said})
    assert again.json()["parts"] == WELL
    assert (await asked_only.ask()).status == 200


def full(*_: object) -> int:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize(("on_failure", "status"), [("refuse", 503), ("continue", 200)])
async def test_a_journal_that_takes_nothing_is_said_until_it_does_again(
    tmp_path: Path,
    certificates: CertificateFolder,
    provider: StubProvider,
    monkeypatch: pytest.MonkeyPatch,
    on_failure: str,
    status: int,
) -> None:
    audit = {"on_failure": on_failure, "sync_interval_s": 0.05}
    async with running(tmp_path, certificates, provider.port, audit=audit) as ssp:
        root = Caller(ssp.emulator.admin_address, "")
        wire = await ssp.wire()
        monkeypatch.setattr("ssp_emulator.audit.journal.os.write", full)
        await wire.ask(ssp.request())
        failing = await root.ask("GET", "/health/ready")
        monkeypatch.undo()
        async with asyncio.timeout(PATIENCE_S):
            while (again := await root.ask("GET", "/health/ready")).json()["parts"] != WELL:  # noqa: ASYNC110 - it tells no one
                await asyncio.sleep(0.01)

    part = failing.json()["parts"]["journal"]
    assert (failing.status, part["ready"]) == (status, status == 200)
    assert "no space left on device" in (part["warning"] if status == 200 else part["reason"])
    assert again.status == 200
