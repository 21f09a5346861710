"""The verdict on a client's certificate: the facts that the audit keeps, and what is wrong with it if anything.

OpenSSL judges the chain while it shakes hands; here its numbers become the six reasons that a 495 can give.

Source: Spine Core SSP implementation guide, "SSL client certificate errors"; RFC 5280, 6 (path validation); RFC 6125,
6.4 (names); OpenSSL, X509_STORE_CTX_get_error(3).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Iterable


class CertificateFault(StrEnum):
    """What is wrong with a client's certificate; the value stands in the 495's text."""

    UNTRUSTED_ISSUER = "UNTRUSTED_ISSUER"
    REVOKED = "REVOKED"
    EXPIRED = "EXPIRED"
    NOT_YET_VALID = "NOT_YET_VALID"
    NOT_A_CLIENT_CERTIFICATE = "NOT_A_CLIENT_CERTIFICATE"
    FQDN_MISMATCH = "FQDN_MISMATCH"


# OpenSSL goes on after each error that we wave through, and so can name several. The first in this order is the
# reason: a certificate that no authority here vouches for says nothing true about its dates.
_EXPIRED, _NOT_YET_VALID, _REVOKED, _PURPOSE = 10, 9, 23, 26
_FAULTS = {
    _REVOKED: CertificateFault.REVOKED,
    _EXPIRED: CertificateFault.EXPIRED,
    _NOT_YET_VALID: CertificateFault.NOT_YET_VALID,
    _PURPOSE: CertificateFault.NOT_A_CLIENT_CERTIFICATE,
}
# No list from that issuer (3), a list not yet (11) or no longer (12) current: they speak of the list, not of the
# certificate, and an emulator that runs for years must not turn all consumers away for it.
ABOUT_THE_LIST = frozenset({3, 11, 12})


def fault_of(errors: Iterable[int]) -> CertificateFault | None:
    """Turn the errors that OpenSSL named into one fault; None where there is none.

    Takes X509_V_ERR numbers. One that is not known here (a bad signature, a chain too long …) means that no path
    leads to an authority that we trust.
    """
    found = {_FAULTS.get(error, CertificateFault.UNTRUSTED_ISSUER) for error in errors if error not in ABOUT_THE_LIST}
    return next((fault for fault in CertificateFault if fault in found), None)


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """What the audit keeps of a certificate: names, serial and SHA-256 fingerprint (lower-case hex)."""

    subject: str
    issuer: str
    serial: str
    fingerprint: str
    names: tuple[str, ...]

    @classmethod
    def unreadable(cls) -> ClientCertificate:
        """Stand for a certificate that was shown, and that nothing can be read of."""
        return cls("unreadable", "unreadable", "", "", ())

    @classmethod
    def of(cls, certificate: x509.Certificate) -> ClientCertificate:
        """Take the facts out of a certificate. Raises `ValueError` where it cannot be read."""
        try:
            names = _names(certificate)
        except (x509.UnsupportedGeneralNameType, x509.DuplicateExtension) as error:
            raise ValueError(str(error)) from error
        return cls(
            subject=certificate.subject.rfc4514_string(),
            issuer=certificate.issuer.rfc4514_string(),
            serial=f"{certificate.serial_number:x}",
            fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
            names=names,
        )

    def bears(self, fqdn: str) -> bool:
        """Tell whether this is the certificate of a host; names compare without case. Source: RFC 4343."""
        return fqdn.lower() in self.names


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    """The FQDNs: dNSName subject alternative names, and only where there is none, the CN."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        names = extension.value.get_values_for_type(x509.DNSName)
    except x509.ExtensionNotFound:
        names = []
    if not names:
        names = [str(name.value) for name in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    return tuple(name.lower() for name in names if name.isascii())  # some other letters fold to ASCII ones
