"""The metrics of a running emulator, as requests, connections and faults move them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from support import setup
from support.caller import Caller
from support.figures import Figures
from support.handshakes import put, put_certificate
from support.running import running

if TYPE_CHECKING:
    from pathlib import Path

    from support.running import Running
    from support.stub import StubProvider

    from ssp_emulator.pki.folder import CertificateFolder

KNOWN = {"sender": setup.CONSUMER, "receiver": setup.PROVIDER, "interaction": setup.READ_BINARY}
NHS_NUMBER = "9434765919"
TOKEN = "0123456789-abcdef"


async def test_a_request_moves_its_figures(ssp: Running, figures: Figures, provider: StubProvider) -> None:
    answer = await ssp.ask()

    assert answer.status == 200
    assert await figures.value("requests_total") == 1
    assert await figures.value("requests_total", **KNOWN, status="200", reason="none") == 1
    for name in ("request", "own", "provider"):
        assert await figures.value(f"{name}_duration_seconds_count", interaction=setup.READ_BINARY) == 1
        assert 0 < await figures.value(f"{name}_duration_seconds_sum") < 10
    assert await figures.value("consumer_body_bytes_total", direction="sent") == len(answer.body) == 2
    assert await figures.value("provider_bytes_total", direction="received") == len(provider.answer)
    assert await figures.value("connections_total") == 1
    assert await figures.value("audit_records_total") == 1
    assert await figures.value("registry_systems") == 4
    assert await figures.value("audit_journal_ok") == 1
    assert await figures.value("ready") == 4


async def test_a_refusal_is_counted_by_its_reason(ssp: Running, figures: Figures) -> None:
    await ssp.ask(Ssp_From=setup.OTHER_CONSUMER)

    of = {**KNOWN, "sender": setup.OTHER_CONSUMER, "status": "403", "reason": "fot-check-failed"}
    assert await figures.value("requests_total", **of) == 1
    assert await figures.value("provider_duration_seconds_count") == 0


async def test_nothing_that_a_caller_sends_is_among_the_figures(ssp: Running, figures: Figures) -> None:
    token = ssp.token()
    said = {"Ssp_TraceID": "a-trace", "Ssp_From": "999999999991", "Ssp_To": "999999999992"}
    await ssp.ask(target=f"/{setup.ROOT}/Patient?identifier={NHS_NUMBER}", Authorization=f"Bearer {token}")
    await ssp.ask(**said, Ssp_InteractionID="urn:of:a:caller", Authorization=f"Bearer {token}")
    await ssp.ask(method="POST", body=b"the body", fields=(("Content-Length", "8"),), X_Test="a-header")
    wire = await ssp.wire()
    await wire.ask(b"BAD LINE a-line\r\n\r\n")

    text = await figures.text()
    secrets = (
        token,
        token[:20],
        NHS_NUMBER,
        "a-trace",
        *said.values(),
        "of:a:caller",
        "the body",
        "a-header",
        "a-line",
    )
    assert [secret for secret in secrets if secret in text] == []
    assert await figures.value("requests_total") == 4


async def test_what_fired_is_counted_once_for_each_time(ssp: Running, figures: Figures) -> None:
    await put(ssp, {"kind": "latency", "delay_ms": 1})
    await put_certificate(ssp, "expired")
    wire = await ssp.wire(check_hostname=False, verify_mode=0)
    for _ in range(3):
        await wire.ask(ssp.request())

    assert await figures.value("faults_fired_total", kind="latency", rule="latency") == 3
    assert await figures.value("faults_fired_total", kind="server-certificate", rule="server-certificate") == 1


async def test_connections_are_counted_while_they_are_open(ssp: Running, figures: Figures) -> None:
    wires = [await ssp.wire() for _ in range(3)]
    plain = await ssp.wire(tls=False)
    await figures.reaches(4, "connections_open")
    for wire in (*wires, plain):
        await wire.close()
    await figures.reaches(0, "connections_open")

    assert await figures.value("connections_total") == 4


async def test_records_that_cannot_be_written_are_counted(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path, certificates, provider.port, audit={"on_failure": "continue"}) as ssp:
        figures = Figures(ssp)
        wire = await ssp.wire()

        def full(*_: object) -> int:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("ssp_emulator.audit.journal.os.write", full)
        status = (await wire.ask(ssp.request())).status
        failures, ok = await figures.value("audit_failures_total"), await figures.value("audit_journal_ok")
        monkeypatch.undo()

    assert (status, failures, ok) == (200, 1, 0)


async def test_a_reload_is_counted(asked_only: Running) -> None:
    figures = Figures(asked_only)
    configuration = asked_only.plan.configuration
    configuration.path(configuration.settings.registry).write_text("organisations: 7\n")
    await asked_only.emulator.reload()

    assert await figures.value("reloads_total", part="registry", result="refused") == 1
    assert await figures.value("reload_refused", part="registry") == 1
    assert await figures.value("reload_refused") == 1


async def test_two_emulators_in_one_process_count_for_themselves(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    async with (
        running(tmp_path / "a", certificates, provider.port) as first,
        running(tmp_path / "b", certificates, provider.port) as second,
    ):
        await asyncio.gather(first.ask(), first.ask(), second.ask())
        counted = [await Figures(each).value("requests_total") for each in (first, second)]

    assert counted == [2, 1]


@pytest.mark.parametrize(
    ("path", "without"), [("/metrics", 401), ("/openapi.json", 401), ("/health/live", 200), ("/health/ready", 200)]
)
async def test_with_a_token_only_health_is_open(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider, path: str, without: int
) -> None:
    (tmp_path / "token").write_text(TOKEN)
    async with running(tmp_path, certificates, provider.port, admin={"token": "token"}) as ssp:
        root = Caller(ssp.emulator.admin_address, "")
        stranger = await root.ask("GET", path)
        known = await root.ask("GET", path, Authorization=f"Bearer {TOKEN}")
        foreign = await root.ask("GET", path, Host="evil.example")

    assert (stranger.status, known.status, foreign.status) == (without, 200, 421)
