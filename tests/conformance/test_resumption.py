"""Sessions that are resumed: the verdict on the certificate is the one of the handshake that they go on from.

Source: RFC 5077 and RFC 8446, 2.2 (resumption by tickets); RFC 5246, F.1.4 (no longer than the certificate holds).
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest
import structlog.testing
from support.clocks import MovableClock
from support.resuming import asked, with_tls_1_3
from support.running import running
from support.wire import context

from ssp_emulator.pki.files import read_certificates

if TYPE_CHECKING:
    from pathlib import Path

    from support.running import Running
    from support.stub import StubProvider

    from ssp_emulator.pki.folder import CertificateFolder

VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
VERDICTS = {
    "good": (200, None),
    "revoked": (495, "SSL_CERTIFICATE_ERROR_REVOKED"),
    "expired": (495, "SSL_CERTIFICATE_ERROR_EXPIRED"),
    "not-yet-valid": (495, "SSL_CERTIFICATE_ERROR_NOT_YET_VALID"),
    "untrusted": (495, "SSL_CERTIFICATE_ERROR_UNTRUSTED_ISSUER"),
    "wrong-fqdn": (495, "SSL_CERTIFICATE_ERROR_FQDN_MISMATCH"),
    "none": (496, "SSL_CERTIFICATE_REQUIRED"),
}


@pytest.mark.parametrize("version", VERSIONS.values(), ids=VERSIONS)
@pytest.mark.parametrize(("name", "verdict"), VERDICTS.items(), ids=VERDICTS)
async def test_a_resumed_session_has_the_verdict_of_the_handshake_that_it_goes_on_from(
    tmp_path: Path,
    certificates: CertificateFolder,
    provider: StubProvider,
    name: str,
    verdict: tuple[int, str | None],
    version: ssl.TLSVersion,
) -> None:
    own = {"good": certificates.consumer, "none": None}
    shown = own[name] if name in own else certificates.invalid(name)
    using = context(certificates, shown, minimum_version=version, maximum_version=version)
    async with running(tmp_path, certificates, provider.port, proxy={"tls": with_tls_1_3(certificates)}) as ssp:
        first = await asked(ssp, using)
        second = await asked(ssp, using, first.session)
        third = await asked(ssp, using, second.session)
        records = ssp.records()

    assert [answer.reused for answer in (first, second, third)] == [False, True, True]
    assert [(answer.status, answer.diagnostics) for answer in (first, second, third)] == [verdict] * 3
    clients = [{**record["client"], "address": None, "handshake_ms": None} for record in records]
    assert (clients[0]["certificate"] is None) == (shown is None)
    assert clients == [clients[0]] * 3
    found = [(record["denial"], [check["result"] for check in record["checks"]]) for record in records]
    assert found == [found[0]] * 3


async def test_a_certificate_that_has_expired_since_is_refused_on_a_resumed_session_too(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    clock = MovableClock()
    using = context(certificates, certificates.consumer)
    async with running(tmp_path, certificates, provider.port, clock) as ssp:
        first = await asked(ssp, using)
        end = read_certificates(certificates.consumer.certificate)[0].not_valid_after_utc
        clock.elapse((end - clock.now()).total_seconds() + 1)
        second = await asked(ssp, using, first.session)

    assert (first.status, second.reused) == (200, True)
    assert (second.status, second.diagnostics) == (495, "SSL_CERTIFICATE_ERROR_EXPIRED")


async def test_a_session_whose_certificate_is_not_remembered_carries_no_request(
    ssp: Running, provider: StubProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ssp_emulator.proxy.acquaintances._MOST", 1)
    using = context(ssp.certificates, ssp.certificates.consumer)
    first = await asked(ssp, using)
    await asked(ssp, context(ssp.certificates, ssp.certificates.invalid("wrong-fqdn")))
    before = len(ssp.records())
    with structlog.testing.capture_logs() as log, pytest.raises((ConnectionError, IndexError)):
        await asked(ssp, using, first.session)

    assert [entry["reason"] for entry in log] == ["a TLS session was resumed with a certificate that is not remembered"]
    assert len(ssp.records()) == before
    assert (await asked(ssp, using)).status == 200
