from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from ssp_emulator.pki.errors import PkiError
from ssp_emulator.pki.files import read_certificates
from ssp_emulator.pki.listing import list_leaves, written_serial
from ssp_emulator.pki.revocation import revoke

if TYPE_CHECKING:
    from datetime import datetime

    from ssp_emulator.pki.folder import CertificateFolder


def status(folder: CertificateFolder, path: str, at: datetime) -> str:
    return {leaf.path: leaf.status.value for leaf in list_leaves(folder, now=at)}[path]


@pytest.mark.parametrize(
    ("path", "days", "expected"),
    [
        ("consumer/consumer.crt", 0, "valid"),
        ("consumer/consumer.crt", -2, "not yet valid"),
        ("consumer/consumer.crt", 6 * 365, "expired"),
        ("invalid/expired.crt", 0, "expired"),
        ("invalid/expired.crt", -2, "valid"),
        ("invalid/not-yet-valid.crt", 0, "not yet valid"),
        ("invalid/not-yet-valid.crt", 11 * 365, "valid"),
        ("invalid/not-yet-valid.crt", 16 * 365, "expired"),
        ("invalid/revoked.crt", 0, "revoked"),
        ("invalid/revoked.crt", 6 * 365, "revoked"),
        ("invalid/untrusted.crt", 0, "untrusted"),
        ("invalid/untrusted.crt", 6 * 365, "untrusted"),
        ("invalid/wrong-fqdn.crt", 0, "valid"),
    ],
)
def test_a_status_holds_at_a_time(
    path: str, days: int, expected: str, shared: CertificateFolder, now: datetime
) -> None:
    assert status(shared, path, now + timedelta(days=days)) == expected


def test_every_leaf_is_listed_in_order_and_no_authority(shared: CertificateFolder, now: datetime) -> None:
    assert [(leaf.path, leaf.purposes) for leaf in list_leaves(shared, now=now)] == [
        ("ssp/client.crt", ("client",)),
        ("ssp/server.crt", ("server",)),
        ("consumer/consumer.crt", ("client",)),
        ("provider/provider.crt", ("server",)),
        ("invalid/expired.crt", ("client",)),
        ("invalid/not-yet-valid.crt", ("client",)),
        ("invalid/revoked.crt", ("client",)),
        ("invalid/untrusted.crt", ("client",)),
        ("invalid/wrong-fqdn.crt", ("client",)),
    ]


def test_a_revocation_shows_at_once(own: CertificateFolder, now: datetime) -> None:
    serial = next(leaf.serial for leaf in list_leaves(own, now=now) if leaf.path == "ssp/server.crt")
    revoke(own, serial, now=now)
    assert status(own, "ssp/server.crt", now) == "revoked"


def test_a_leaf_says_what_its_certificate_says(shared: CertificateFolder, now: datetime) -> None:
    certificate = read_certificates(shared.ssp_server.certificate)[0]
    leaf = next(leaf for leaf in list_leaves(shared, now=now) if leaf.path == "ssp/server.crt")
    assert leaf.common_name == "ssp.example.nhs.uk"
    assert leaf.names == ("ssp.example.nhs.uk", "localhost", "127.0.0.1", "::1")
    assert int(leaf.serial, 16) == certificate.serial_number
    assert (leaf.not_before, leaf.not_after) == (
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
    )


@pytest.mark.parametrize(("serial", "text"), [(0xAB, "AB"), (0xABC, "0ABC"), (1, "01")])
def test_a_serial_is_written_in_whole_octets(serial: int, text: str) -> None:
    assert written_serial(serial) == text


def test_a_stray_file_is_named(own: CertificateFolder, now: datetime) -> None:
    (own.root / "consumer" / "stray.crt").write_text("stray")
    with pytest.raises(PkiError, match=r"consumer/stray\.crt holds no certificate"):
        list_leaves(own, now=now)
