"""Every leaf in the folder, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.x509.oid import NameOID

from ssp_emulator.pki.authority import Purpose, is_issued_by
from ssp_emulator.pki.files import read_certificates, read_crl, require_pki

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from ssp_emulator.pki.folder import CertificateFolder


class Status(StrEnum):
    """What becomes of a certificate at a time; where several hold, the one that stands first here is said."""

    UNTRUSTED = "untrusted"
    REVOKED = "revoked"
    EXPIRED = "expired"
    NOT_YET_VALID = "not yet valid"
    VALID = "valid"


@dataclass(frozen=True)
class Leaf:
    """One leaf: its path relative to the folder, and what a reader wants to know of it. Times are aware UTC."""

    path: str
    common_name: str | None
    names: tuple[str, ...]
    purposes: tuple[str, ...]
    serial: str
    not_before: datetime
    not_after: datetime
    status: Status


def list_leaves(folder: CertificateFolder, *, now: datetime) -> tuple[Leaf, ...]:
    """Read every leaf in the folder, with its status at `now`, an aware UTC time.

    Raises `PkiError` if there is no PKI or a file of it cannot be understood, `OSError` if one cannot be read.
    """
    require_pki(folder)
    authorities = read_certificates(folder.chain)
    crl = read_crl(folder)
    return tuple(_leaf(folder, path, authorities, crl, now) for path in leaf_files(folder))


def leaf_files(folder: CertificateFolder) -> tuple[Path, ...]:
    """Find the certificate files of the leaves, folder by folder and sorted by name."""
    return tuple(path for place in folder.leaf_folders for path in sorted(place.glob("*.crt")))


def written_serial(serial: int) -> str:
    """Write a serial number as `openssl x509 -serial` does: capital hexadecimal digits, an even number of them."""
    digits = f"{serial:X}"
    return digits.zfill(len(digits) + len(digits) % 2)


def _leaf(
    folder: CertificateFolder,
    path: Path,
    authorities: Sequence[x509.Certificate],
    crl: x509.CertificateRevocationList,
    now: datetime,
) -> Leaf:
    certificate = read_certificates(path)[0]
    common_names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return Leaf(
        path=path.relative_to(folder.root).as_posix(),
        common_name=str(common_names[0].value) if common_names else None,
        names=certificate_names(certificate),
        purposes=_purposes(certificate),
        serial=written_serial(certificate.serial_number),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        status=_status(certificate, authorities, crl, now),
    )


def _status(
    certificate: x509.Certificate,
    authorities: Sequence[x509.Certificate],
    crl: x509.CertificateRevocationList,
    now: datetime,
) -> Status:
    if not any(is_issued_by(certificate, authority) for authority in authorities):
        return Status.UNTRUSTED
    if crl.get_revoked_certificate_by_serial_number(certificate.serial_number) is not None:
        return Status.REVOKED
    if now > certificate.not_valid_after_utc:
        return Status.EXPIRED
    if now < certificate.not_valid_before_utc:
        return Status.NOT_YET_VALID
    return Status.VALID


def certificate_names(certificate: x509.Certificate) -> tuple[str, ...]:
    """Return the host names and addresses that a certificate is for."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    dns_names = names.get_values_for_type(x509.DNSName)
    return (*dns_names, *map(str, names.get_values_for_type(x509.IPAddress)))


def _purposes(certificate: x509.Certificate) -> tuple[str, ...]:
    words = {Purpose.CLIENT.value: "client", Purpose.SERVER.value: "server"}
    try:
        usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(words.get(usage, usage.dotted_string) for usage in usages)
