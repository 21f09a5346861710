"""Revoking a leaf: its serial enters the SubCA's revocation list, and a new list replaces the old one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509

from ssp_emulator.pki.authority import is_issued_by, make_crl, reserved_serial, revocation_entry
from ssp_emulator.pki.errors import PkiError
from ssp_emulator.pki.files import exclusively, read_authority, read_certificates, read_crl, write_crl
from ssp_emulator.pki.listing import leaf_files, written_serial

if TYPE_CHECKING:
    from datetime import datetime

    from ssp_emulator.pki.authority import Identity
    from ssp_emulator.pki.folder import CertificateFolder

_HEXADECIMAL = re.compile(r"(0x)?[0-9a-f]+|[0-9a-f]{1,2}(:[0-9a-f]{1,2})+", re.ASCII)
# Twenty octets, the most that RFC 5280, 4.1.2.2 allows; and Python refuses to convert very long decimals.
_MOST_DECIMALS = 49


@dataclass(frozen=True)
class Revocation:
    """What became of a revocation; `serial` is written as `certs list` does."""

    serial: str
    was_revoked: bool
    crl_number: int


def revoke(folder: CertificateFolder, what: str, *, now: datetime) -> Revocation:
    """Revoke a leaf, and replace the revocation list by one with a higher number.

    Takes the path of a PEM file whose first certificate is meant, or else a serial number as `serials` reads it;
    and `now` as an aware UTC time. Revoking again changes nothing and says so.

    Raises `PkiError` if the SubCA did not issue the certificate or none in the folder has the serial, `OSError`
    if the folder cannot be written.

    Source: RFC 5280, 5.2.3 (CRLNumber).
    """
    with exclusively(folder):
        sub = read_authority(folder)
        crl = read_crl(folder)
        serial = _serial_of(folder, what, sub.certificate, crl)
        if crl.get_revoked_certificate_by_serial_number(serial) is not None:
            return Revocation(written_serial(serial), was_revoked=True, crl_number=_number(crl))
        return Revocation(written_serial(serial), was_revoked=False, crl_number=_enter(folder, sub, crl, serial, now))


def revoke_reserved(folder: CertificateFolder, *, now: datetime) -> int:
    """Return the serial number that the SubCA keeps for revoked server certificates, and see to it that it is revoked.

    A folder whose list has it, as `certs init` makes them, is only looked at, so it may be read-only. Takes `now` as
    an aware UTC time.

    Raises `PkiError` if a file is missing or broken, `OSError` if the folder cannot be written.
    """
    serial = reserved_serial(read_certificates(folder.authority_sub.certificate)[0])
    if read_crl(folder).get_revoked_certificate_by_serial_number(serial) is not None:
        return serial
    with exclusively(folder):
        sub, crl = read_authority(folder), read_crl(folder)
        serial = reserved_serial(sub.certificate)
        if crl.get_revoked_certificate_by_serial_number(serial) is None:
            _enter(folder, sub, crl, serial, now)
        return serial


def serials(text: str) -> tuple[int, ...]:
    """Read a serial number, and give its readings in the order in which they are to be tried; none if it is none.

    Takes hexadecimal digits as `certs list` and OpenSSL print them, in either case, with or without colons or 0x.
    Decimal digits alone can be either: they are tried as hexadecimal first, and then as decimal.
    """
    digits = text.strip().lower()
    if not _HEXADECIMAL.fullmatch(digits):
        return ()
    as_hexadecimal = int("".join(part.zfill(2) for part in digits.split(":")), 16)
    if digits.isdecimal() and len(digits) <= _MOST_DECIMALS:
        return (as_hexadecimal, int(digits))
    return (as_hexadecimal,)


def _enter(
    folder: CertificateFolder, sub: Identity, crl: x509.CertificateRevocationList, serial: int, now: datetime
) -> int:
    """Write a list with one more entry, and give its number."""
    now, number = now.replace(microsecond=0), _number(crl) + 1
    entries = [*crl, revocation_entry(serial, now)]
    write_crl(folder.crl, make_crl(sub, entries, number=number, now=now))
    return number


def _serial_of(folder: CertificateFolder, what: str, sub: x509.Certificate, crl: x509.CertificateRevocationList) -> int:
    path = Path(what)
    if path.is_file():
        certificate = read_certificates(path)[0]
        if not is_issued_by(certificate, sub):
            raise PkiError(f"{path} was not issued by {folder.authority_sub.certificate}, which cannot revoke it")
        return certificate.serial_number
    readings = serials(what)
    if not readings:
        raise PkiError(f"{what!r} is neither a certificate's file nor a serial number")
    issued = {leaf.serial_number for leaf in map(_first, leaf_files(folder)) if is_issued_by(leaf, sub)}
    issued |= {entry.serial_number for entry in crl}
    for serial in readings:
        if serial in issued:
            return serial
    raise PkiError(
        f"no certificate in {folder.root} that the SubCA issued has the serial {what}, name the certificate's file"
    )


def _first(path: Path) -> x509.Certificate:
    return read_certificates(path)[0]


def _number(crl: x509.CertificateRevocationList) -> int:
    try:
        return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    except x509.ExtensionNotFound:  # a list that somebody has brought along
        return 0
