"""Registry and certificates are read again while the emulator serves, over real sockets and real TLS."""

from __future__ import annotations

import asyncio
import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from cryptography import x509
from structlog.testing import capture_logs
from support import setup
from support.resuming import asked
from support.running import Running, running
from support.stub import OK, StubProvider
from support.waiting import until
from support.wire import context

from ssp_emulator.pki.authority import Role
from ssp_emulator.pki.issuing import issue
from ssp_emulator.pki.revocation import revoke

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, MutableMapping
    from pathlib import Path

    from ssp_emulator.pki.folder import CertificateFolder, KeyPair

QUICKLY, ONLY_WHEN_ASKED = {"every_s": 0.02}, {"every_s": None}
NEW = "ssp-2.example.nhs.uk"
PARTS = ["registry", "certificates for consumers", "certificates for providers"]


@pytest.fixture
async def ssp(own_certificates: CertificateFolder, provider: StubProvider, tmp_path: Path) -> AsyncIterator[Running]:
    """An emulator that looks at its files often."""
    async with running(tmp_path, own_certificates, provider.port, reload=QUICKLY) as made:
        yield made


def registry(ssp: Running) -> Path:
    configuration = ssp.plan.configuration
    return configuration.path(configuration.settings.registry)


def without_agreements() -> str:
    return yaml.safe_dump({**setup.registry(0), "agreements": []})


def reported(logs: list[MutableMapping[str, Any]], event: str) -> list[str]:
    return [entry["part"] for entry in logs if entry["event"].startswith(event)]


async def test_a_registry_that_changes_is_in_force_without_a_restart(ssp: Running) -> None:
    before = await ssp.ask()
    with capture_logs() as logs:
        registry(ssp).write_text(without_agreements())
        await until(lambda: reported(logs, "reloaded"))
    after = await ssp.ask()

    assert (before.status, after.status) == (200, 403)
    assert after.json()["issue"][0]["diagnostics"].startswith("FOT_CHECK_FAILED_")
    assert reported(logs, "reloaded") == ["registry"]


async def test_a_bad_registry_is_reported_with_its_line_and_the_old_one_stays_in_force(ssp: Running) -> None:
    good = registry(ssp).read_text()
    with capture_logs() as logs:
        registry(ssp).write_text(good.replace("asid: '200000000119'", "asid: '200000000116'"))
        await until(lambda: reported(logs, "not reloaded"))
        meanwhile = await ssp.ask()
        registry(ssp).write_text(without_agreements())
        await until(lambda: reported(logs, "reloaded"))
    after = await ssp.ask()

    first, *_ = [entry for entry in logs if entry["event"].startswith("not reloaded")]
    assert first["log_level"] == "error"
    assert first["problem"].startswith(f"{registry(ssp)}:")
    assert "systems[3].asid: 200000000116 is already used at line" in first["problem"]
    assert (meanwhile.status, after.status) == (200, 403)


async def test_nothing_is_read_again_before_it_is_asked_for_where_no_look_is_configured(asked_only: Running) -> None:
    registry(asked_only).write_text(without_agreements())
    before = await asked_only.ask()
    with capture_logs() as logs:
        await asked_only.emulator.reload()
    after = await asked_only.ask()

    assert (before.status, after.status) == (200, 403)
    assert reported(logs, "reloaded") == PARTS


async def test_a_certificate_that_is_revoked_is_refused_also_on_connections_from_before(
    ssp: Running, own_certificates: CertificateFolder
) -> None:
    wire = await ssp.wire()
    before = await wire.ask(ssp.request())
    with capture_logs() as logs:
        revoke(own_certificates, str(own_certificates.consumer.certificate), now=datetime.now(UTC))
        await until(lambda: reported(logs, "reloaded"))

    assert await wire.is_closed()
    after = await ssp.ask()
    assert (before.status, after.status) == (200, 495)
    assert after.json()["issue"][0]["diagnostics"] == "SSL_CERTIFICATE_ERROR_REVOKED"
    assert reported(logs, "reloaded") == ["certificates for consumers"]


@pytest.mark.parametrize("revokes", [True, False], ids=["revoked since", "as good as before"])
async def test_a_session_from_before_is_not_resumed_and_so_its_certificate_is_judged_anew(
    asked_only: Running, own_certificates: CertificateFolder, revokes: bool
) -> None:
    using = context(own_certificates, own_certificates.consumer)
    first = await asked(asked_only, using)
    resumed = await asked(asked_only, using, first.session)
    if revokes:
        revoke(own_certificates, str(own_certificates.consumer.certificate), now=datetime.now(UTC))
    else:
        own_certificates.crl.write_text(own_certificates.crl.read_text() + "\n")
    await asked_only.emulator.reload()
    after = await asked(asked_only, using, resumed.session)
    again = await asked(asked_only, using, after.session)

    assert [answer.reused for answer in (first, resumed, after, again)] == [False, True, False, True]
    assert [first.status, resumed.status] == [200, 200]
    verdict = (495, "SSL_CERTIFICATE_ERROR_REVOKED") if revokes else (200, None)
    assert [(answer.status, answer.diagnostics) for answer in (after, again)] == [verdict] * 2


async def test_a_request_under_way_ends_by_what_was_in_force_when_it_began(
    asked_only: Running, provider: StubProvider, own_certificates: CertificateFolder
) -> None:
    asked, answer_now = asyncio.Event(), asyncio.Event()

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await answer_now.wait()
        writer.write(OK)
        await writer.drain()
        await reader.read()

    provider.play = play
    wire = await asked_only.wire()
    await wire.send(asked_only.request())
    await asked.wait()
    revoke(own_certificates, str(own_certificates.consumer.certificate), now=datetime.now(UTC))
    registry(asked_only).write_text(without_agreements())
    await asked_only.emulator.reload()
    answer_now.set()
    answer = await wire.answer()

    assert (answer.status, answer.body) == (200, b"ok")
    assert await wire.is_closed()
    assert (await asked_only.ask()).status == 495


async def test_a_new_server_certificate_is_shown_from_the_next_handshake_on(
    asked_only: Running, own_certificates: CertificateFolder
) -> None:
    before = await shown(asked_only)
    issue(own_certificates, NEW, Role.SSP, now=datetime.now(UTC))
    made = own_certificates.issued(Role.SSP, f"{NEW}-server")
    replace(own_certificates.ssp_server, made)
    await asked_only.emulator.reload()
    after = await shown(asked_only)

    assert before != after == serial(made.certificate)


def replace(old: KeyPair, new: KeyPair) -> None:
    shutil.copy(new.certificate, old.certificate)
    shutil.copy(new.key, old.key)


async def shown(ssp: Running) -> int:
    """Return the serial number of the certificate that the proxy shows."""
    wire = await ssp.wire()
    der = wire.writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    return x509.load_der_x509_certificate(der).serial_number


def serial(path: Path) -> int:
    return x509.load_pem_x509_certificate(path.read_bytes()).serial_number


async def test_a_new_certificate_for_providers_is_shown_on_new_connections_and_old_ones_are_not_used_again(
    asked_only: Running, provider: StubProvider, own_certificates: CertificateFolder
) -> None:
    old = serial(own_certificates.ssp_client.certificate)
    issue(own_certificates, NEW, Role.SSP, now=datetime.now(UTC))
    made = own_certificates.issued(Role.SSP, f"{NEW}-client")
    await asked_only.ask()
    await asked_only.ask()
    replace(own_certificates.ssp_client, made)
    await asked_only.emulator.reload()
    await asked_only.ask()

    assert provider.shown == [old, serial(made.certificate)]


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda folder: folder.crl.write_text("nonsense"), "does not hold certificate revocation lists in PEM"),
        (lambda folder: folder.ssp_server.key.unlink(), "cannot read"),
        (
            lambda folder: shutil.copy(folder.provider.key, folder.ssp_server.key),
            "is not the key of",
        ),
    ],
    ids=["a list that is none", "a key that is gone", "another's key"],
)
async def test_a_bad_certificate_file_is_reported_and_the_old_one_stays_in_force(
    asked_only: Running,
    own_certificates: CertificateFolder,
    spoil: Callable[[CertificateFolder], object],
    problem: str,
) -> None:
    spoil(own_certificates)
    with capture_logs() as logs:
        await asked_only.emulator.reload()

    (report,) = [entry for entry in logs if entry["event"].startswith("not reloaded")]
    assert report["part"] == "certificates for consumers"
    assert "emulator.yaml:" in report["problem"]
    assert problem in report["problem"]
    assert (await asked_only.ask()).status == 200


async def test_counts_of_limits_outlive_a_new_registry(
    tmp_path: Path, own_certificates: CertificateFolder, provider: StubProvider
) -> None:
    limits = {"window_s": 3600, "sender": {"requests": 2}}
    async with running(tmp_path, own_certificates, provider.port, reload=ONLY_WHEN_ASKED, limits=limits) as ssp:
        statuses = [(await ssp.ask()).status, (await ssp.ask()).status]
        await ssp.emulator.reload()
        statuses.append((await ssp.ask()).status)

    assert statuses == [200, 200, 429]
