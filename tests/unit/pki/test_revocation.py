from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography.x509 import CRLNumber

from ssp_emulator.pki.authority import make_crl, reserved_serial
from ssp_emulator.pki.errors import PkiError
from ssp_emulator.pki.files import read_authority, read_certificates, read_crl, write_crl
from ssp_emulator.pki.listing import written_serial
from ssp_emulator.pki.revocation import Revocation, revoke, revoke_reserved, serials

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ssp_emulator.pki.folder import CertificateFolder


def with_colons(serial: int) -> str:
    digits = written_serial(serial)
    return ":".join(digits[i : i + 2] for i in range(0, len(digits), 2))


@pytest.mark.parametrize(
    "spelling",
    [written_serial, lambda n: written_serial(n).lower(), with_colons, hex, str],
    ids=["as listed", "lower case", "colons", "0x", "decimal"],
)
def test_a_serial_is_revoked_however_it_is_spelt(
    spelling: Callable[[int], str],
    own: CertificateFolder,
    now: datetime,
    refusal: Callable[..., str | None],
) -> None:
    serial = read_certificates(own.consumer.certificate)[0].serial_number
    assert refusal(own, own.consumer) is None
    assert revoke(own, spelling(serial), now=now) == Revocation(written_serial(serial), False, 2)
    assert refusal(own, own.consumer) == "certificate revoked"
    assert refusal(own, own.invalid("revoked")) == "certificate revoked"
    assert refusal(own, own.ssp_client) is None


def test_a_file_is_revoked_wherever_it_lies(
    own: CertificateFolder, now: datetime, refusal: Callable[..., str | None]
) -> None:
    elsewhere = own.root.parent / "elsewhere.pem"
    own.provider.certificate.rename(elsewhere)
    serial = read_certificates(elsewhere)[0].serial_number
    assert revoke(own, str(elsewhere), now=now).serial == written_serial(serial)
    elsewhere.rename(own.provider.certificate)
    assert refusal(own, own.provider) == "certificate revoked"


def test_the_list_grows_and_so_does_its_number(own: CertificateFolder, now: datetime) -> None:
    first = revoke(own, str(own.consumer.certificate), now=now)
    second = revoke(own, str(own.provider.certificate), now=now)
    crl = read_crl(own)
    assert (first.crl_number, second.crl_number) == (2, 3)
    assert crl.extensions.get_extension_for_class(CRLNumber).value.crl_number == 3
    assert len(crl) == 4
    assert crl.get_revoked_certificate_by_serial_number(int(first.serial, 16)) is not None
    assert list(own.crl.parent.glob(".*")) == []


def test_revoking_again_changes_nothing_and_says_so(own: CertificateFolder, now: datetime) -> None:
    what = str(own.consumer.certificate)
    revoke(own, what, now=now)
    before = own.crl.read_bytes()
    again = revoke(own, what, now=now)
    assert again.was_revoked
    assert own.crl.read_bytes() == before


def test_a_revoked_serial_is_known_even_without_its_file(own: CertificateFolder, now: datetime) -> None:
    serial = revoke(own, str(own.consumer.certificate), now=now).serial
    own.consumer.certificate.unlink()
    assert revoke(own, serial, now=now).was_revoked


def test_the_serial_kept_for_servers_is_on_a_new_list_which_is_only_looked_at(
    own: CertificateFolder, now: datetime
) -> None:
    own.lock.unlink()
    own.authority_sub.key.unlink()
    before = own.crl.read_bytes()
    serial = revoke_reserved(own, now=now)
    assert serial == reserved_serial(read_certificates(own.authority_sub.certificate)[0])
    assert read_crl(own).get_revoked_certificate_by_serial_number(serial) is not None
    assert (own.crl.read_bytes(), own.lock.exists()) == (before, False)


def test_the_serial_kept_for_servers_is_added_to_an_older_list_once(own: CertificateFolder, now: datetime) -> None:
    sub, (revoked, *_) = read_authority(own), read_crl(own)
    write_crl(own.crl, make_crl(sub, [revoked], number=5, now=now))
    serial = revoke_reserved(own, now=now)
    after = own.crl.read_bytes()
    crl = read_crl(own)
    assert [entry.serial_number for entry in crl] == [revoked.serial_number, serial]
    assert crl.extensions.get_extension_for_class(CRLNumber).value.crl_number == 6
    assert (revoke_reserved(own, now=now), own.crl.read_bytes()) == (serial, after)


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        (lambda f: "AB12", "that the SubCA issued has the serial AB12, name the certificate's file"),
        (lambda f: "1" * 200, "that the SubCA issued has the serial 111"),
        (lambda f: "", "'' is neither a certificate's file nor a serial number"),
        (lambda f: "-5", "'-5' is neither"),
        (lambda f: "consumer.crt", "'consumer.crt' is neither"),
        (lambda f: str(f.root), "is neither"),
        (lambda f: str(f.invalid("untrusted").certificate), r"untrusted\.crt was not issued by .*sub\.crt"),
        (
            lambda f: written_serial(read_certificates(f.invalid("untrusted").certificate)[0].serial_number),
            "that the SubCA issued has the serial",
        ),
        (lambda f: str(f.authority_sub.certificate), r"sub\.crt was not issued by"),
        (lambda f: str(f.consumer.key), r"consumer\.key holds no certificate"),
    ],
)
def test_what_the_subca_did_not_issue_is_refused(
    what: Callable[[CertificateFolder], str], reason: str, own: CertificateFolder, now: datetime
) -> None:
    before = own.crl.read_bytes()
    with pytest.raises(PkiError, match=reason):
        revoke(own, what(own), now=now)
    assert own.crl.read_bytes() == before


@pytest.mark.parametrize(
    ("text", "readings"),
    [
        ("0a:ff", (0x0AFF,)),
        ("A:FF", (0x0AFF,)),
        ("0AFF", (0x0AFF,)),
        ("0x10", (0x10,)),
        ("10", (0x10, 10)),
        ("1" * 49, (int("1" * 49, 16), int("1" * 49))),
        ("1" * 50, (int("1" * 50, 16),)),
        ("10:", ()),
        ("100:10", ()),
        ("0x", ()),
        ("xyz", ()),
        ("١٢", ()),
        ("1 2", ()),
    ],
)
def test_decimal_digits_are_read_as_hexadecimal_first(text: str, readings: tuple[int, ...]) -> None:
    assert serials(text) == readings
