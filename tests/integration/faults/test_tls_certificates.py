"""Server certificates with one thing wrong, as consumers see them: shown, refused, and written down."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from structlog.testing import capture_logs
from support.handshakes import (
    LENIENT,
    connected,
    is_good,
    names,
    put_certificate,
    raw,
    recorded,
    said_hello,
    shake_hands,
    shown,
    tls,
)
from support.running import Running, running

from ssp_emulator.pki.authority import is_issued_by
from ssp_emulator.pki.files import read_certificates

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.stub import StubProvider

    from ssp_emulator.pki.folder import CertificateFolder


def _expired(certificate: x509.Certificate, own: x509.Certificate) -> None:
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    assert certificate.not_valid_after_utc in (midnight, midnight - timedelta(days=1))  # the test may pass midnight
    assert names(certificate) == names(own)


def _early(certificate: x509.Certificate, own: x509.Certificate) -> None:
    assert certificate.not_valid_before_utc > datetime.now(UTC) + timedelta(days=3650)
    assert names(certificate) == names(own)


def _of_another_host(certificate: x509.Certificate, _: x509.Certificate) -> None:
    assert names(certificate) == [x509.DNSName("wrong-host.invalid")]


def _of_another_authority(certificate: x509.Certificate, own: x509.Certificate) -> None:
    assert certificate.issuer == own.issuer
    assert names(certificate) == names(own)


def _revoked(certificate: x509.Certificate, own: x509.Certificate) -> None:
    assert names(certificate) == names(own)
    assert certificate.not_valid_before_utc < datetime.now(UTC) < certificate.not_valid_after_utc


@pytest.mark.parametrize(
    ("fault", "facts", "did"),
    [
        ("expired", _expired, "showed a certificate that expired at {after}"),
        ("not-yet-valid", _early, "showed a certificate that is not valid before {before}"),
        ("wrong-host", _of_another_host, "showed a certificate of wrong-host.invalid"),
        ("untrusted", _of_another_authority, "showed a certificate of an authority that nobody trusts"),
        ("revoked", _revoked, "showed a certificate that is revoked, of the serial {serial:x}"),
    ],
)
async def test_a_lenient_consumer_is_shown_the_certificate_and_served_and_the_record_says_so(
    ssp: Running, fault: str, facts: Callable[[x509.Certificate, x509.Certificate], None], did: str
) -> None:
    await put_certificate(ssp, fault)
    wire = await connected(ssp, tls(ssp, **LENIENT))
    certificate, own = shown(wire), read_certificates(ssp.certificates.ssp_server.certificate)[0]
    statuses = [(await wire.ask(ssp.request())).status for _ in range(2)]

    facts(certificate, own)
    sub = read_certificates(ssp.certificates.authority_sub.certificate)[0]
    assert is_issued_by(certificate, sub) is (fault != "untrusted")
    assert (certificate.public_key() == own.public_key(), statuses) == (False, [200, 200])
    told = {
        "after": certificate.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "before": certificate.not_valid_before_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "serial": certificate.serial_number,
    }
    fired = {"rule": "server-certificate", "kind": "server-certificate", "count": 1, "asked": False}
    assert [record["faults"] for record in ssp.records()] == [[{**fired, "did": did.format(**told)}]] * 2
    assert ssp.record()["client"]["certificate"]["names"] == ["consumer.example.nhs.uk"]  # it was asked for as ever


@pytest.mark.parametrize(
    ("fault", "code", "alert"),
    [
        ("expired", 10, "certificate expired"),
        ("not-yet-valid", 9, "bad certificate"),
        ("wrong-host", 62, "bad certificate"),
        ("untrusted", 20, "unknown ca"),
        ("revoked", 23, "certificate revoked"),
    ],
)
async def test_a_verifying_consumer_refuses_it_for_that_one_reason_and_the_refusal_is_written_down(
    ssp: Running, fault: str, code: int, alert: str
) -> None:
    await put_certificate(ssp, fault, when={"times": 1})
    with capture_logs() as logs:
        with pytest.raises(ssl.SSLCertVerificationError) as refused:
            await asyncio.to_thread(shake_hands, ssp.port, tls(ssp, crl=ssp.certificates.crl))
        record = await recorded(ssp)

    assert refused.value.verify_code == code
    assert (record["method"], record["target"], record["status"], record["broken_off"]) == ("-", "", None, True)
    (fired,) = record["faults"]
    assert (fired["rule"], fired["count"], fired["did"].split()[:3]) == (
        "server-certificate",
        1,
        ["showed", "a", "certificate"],
    )
    (note,) = record["notes"]
    assert note.startswith("the TLS handshake failed: ")
    assert note.endswith(f"alert {alert}")
    assert record["client"]["address"].startswith("127.0.0.1:")
    (line,) = [entry for entry in logs if entry["event"] == "the TLS handshake failed"]
    assert line["reason"].endswith(f"alert {alert}")
    assert await is_good(ssp)


@pytest.mark.parametrize(
    ("leaves", "note"),
    [(True, "the consumer closed the connection"), (False, "it took longer than 0.2 s")],
    ids=["leaves", "falls silent"],
)
async def test_a_consumer_that_does_not_go_on_is_written_down_too(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider, leaves: bool, note: str
) -> None:
    patience = {"handshake_timeout_s": 10 if leaves else 0.2}
    async with running(tmp_path, certificates, provider.port, proxy=patience) as ssp:
        await put_certificate(ssp, "expired")
        wire = await raw(ssp, said_hello())
        await wire.reader.readexactly(100)
        if leaves:
            await wire.close()
        record = await recorded(ssp)

    assert record["notes"][0].startswith(f"the TLS handshake failed: {note}")
    assert record["faults"][0]["did"].startswith("showed a certificate that expired at ")


async def test_what_is_no_request_leaves_one_record(ssp: Running) -> None:
    await put_certificate(ssp, "wrong-host")
    wire = await connected(ssp, tls(ssp, **LENIENT))
    await wire.send(b"GARBAGE\r\n\r\n")
    answer = await wire.answer()
    assert await wire.is_closed()
    await wire.close()

    assert answer.status == 400
    assert [(record["status"], len(record["faults"])) for record in ssp.records()] == [(400, 1)]


async def test_a_consumer_that_shakes_hands_and_asks_nothing_is_written_down_too(ssp: Running) -> None:
    await put_certificate(ssp, "wrong-host")
    wire = await connected(ssp, tls(ssp, **LENIENT))
    await wire.close()
    record = await recorded(ssp)

    assert (record["method"], record["status"], record["broken_off"]) == ("-", None, True)
    assert record["notes"] == ["the consumer left before it sent a request"]
    assert record["faults"][0]["did"] == "showed a certificate of wrong-host.invalid"


async def test_one_that_is_revoked_is_good_to_a_consumer_that_does_not_look_at_the_list(ssp: Running) -> None:
    before = ssp.certificates.crl.read_bytes()
    await put_certificate(ssp, "revoked")
    trusting = ssl.create_default_context(cafile=str(ssp.certificates.authority_root.certificate))
    pair = ssp.certificates.consumer
    trusting.load_cert_chain(pair.certificate, pair.key)
    wire = await connected(ssp, trusting)  # the SubCA's certificate comes with it

    assert (await wire.ask(ssp.request())).status == 200
    assert ssp.certificates.crl.read_bytes() == before  # `certs init` has put it there already


async def test_tls_1_3_has_them_too_where_it_is_switched_on(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    async with running(tmp_path, certificates, provider.port, proxy=_with_tls_1_3(certificates)) as ssp:
        await put_certificate(ssp, "expired")
        with pytest.raises(ssl.SSLCertVerificationError) as refused:
            await connected(ssp, tls(ssp, minimum_version=ssl.TLSVersion.TLSv1_3))
        (fired,) = (await recorded(ssp))["faults"]

    assert refused.value.verify_code == 10
    assert fired["did"].startswith("showed a certificate that expired at ")


def _with_tls_1_3(folder: CertificateFolder) -> dict[str, Any]:
    pair = folder.ssp_server
    files = {"certificate": pair.certificate, "key": pair.key, "trust": folder.chain, "crl": folder.crl}
    return {"tls": {**{key: str(path) for key, path in files.items()}, "tls_1_3": True}}
