"""Where the certificates of TLS faults come from, and what becomes of them when files change."""

from __future__ import annotations

import shutil
import ssl
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from structlog.testing import capture_logs
from support.handshakes import (
    LENIENT,
    connected,
    is_good,
    names,
    put_certificate,
    shown,
    tls,
)

from ssp_emulator.errors import SetupError
from ssp_emulator.pki.authority import Role, make_crl
from ssp_emulator.pki.files import read_authority, read_crl, write_crl
from ssp_emulator.pki.initialising import initialise
from ssp_emulator.pki.issuing import issue
from ssp_emulator.pki.names import Names

if TYPE_CHECKING:
    from support.running import Running

    from ssp_emulator.pki.folder import CertificateFolder

FAULTS = ["expired", "not-yet-valid", "wrong-host", "untrusted", "revoked"]
NEW = "ssp-2.example.nhs.uk"


async def test_an_older_revocation_list_gets_the_entry_when_the_rule_is_put_in_force(
    asked_only: Running, own_certificates: CertificateFolder
) -> None:
    sub = read_authority(own_certificates)
    write_crl(own_certificates.crl, make_crl(sub, [], number=7, now=datetime.now(UTC)))
    await put_certificate(asked_only, "revoked")
    crl = read_crl(own_certificates)

    assert crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 8
    with pytest.raises(ssl.SSLCertVerificationError) as refused:
        await connected(asked_only, tls(asked_only, crl=own_certificates.crl))
    assert refused.value.verify_code == 23


async def test_certificates_that_are_read_again_have_their_disguises(
    asked_only: Running, own_certificates: CertificateFolder
) -> None:
    await put_certificate(asked_only, "expired")
    first = await connected(asked_only, tls(asked_only, **LENIENT))
    issue(own_certificates, NEW, Role.SSP, now=datetime.now(UTC))
    made = own_certificates.issued(Role.SSP, f"{NEW}-server")
    shutil.copy(made.certificate, own_certificates.ssp_server.certificate)
    shutil.copy(made.key, own_certificates.ssp_server.key)
    await asked_only.emulator.reload()
    second = await connected(asked_only, tls(asked_only, **LENIENT))

    assert await first.is_closed()
    assert x509.DNSName(NEW) not in names(shown(first))
    assert x509.DNSName(NEW) in names(shown(second))
    assert shown(second).not_valid_after_utc < datetime.now(UTC)


async def test_a_new_pki_issues_them_from_when_it_is_in_force(
    asked_only: Running, own_certificates: CertificateFolder
) -> None:
    await put_certificate(asked_only, "revoked")
    initialise(own_certificates, Names(), now=datetime.now(UTC), force=True)
    await asked_only.emulator.reload()

    with pytest.raises(ssl.SSLCertVerificationError) as refused:
        await connected(asked_only, tls(asked_only, crl=own_certificates.crl))
    assert refused.value.verify_code == 23


async def test_a_rule_whose_certificate_cannot_be_made_anew_says_so_and_does_nothing(
    asked_only: Running, own_certificates: CertificateFolder
) -> None:
    await put_certificate(asked_only, "expired")
    own_certificates.authority_sub.key.unlink()
    with capture_logs() as logs:
        await asked_only.emulator.reload()
    wire = await connected(asked_only, tls(asked_only))
    await wire.ask(asked_only.request())

    (line,) = [entry for entry in logs if entry["log_level"] == "error"]
    assert (line["event"], line["kind"]) == ("a fault rule has no effect any more", "server-certificate")
    assert "sub.key is missing" in line["reason"]
    assert asked_only.record()["faults"][0]["did"] == "nothing: what it shakes hands with was not ready"


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_rule_without_an_emulated_pki_is_refused_and_changes_nothing(
    asked_only: Running, own_certificates: CertificateFolder, fault: str
) -> None:
    own_certificates.authority_sub.key.unlink()

    with pytest.raises(SetupError, match=r"server-certificate needs the emulated PKI in .*certs.*sub\.key is missing"):
        await put_certificate(asked_only, fault)
    assert asked_only.emulator.faults.get("server-certificate") is None
    assert await is_good(asked_only)
