"""Server certificates with one thing wrong: made in memory for fault rules, and never written down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Literal, assert_never

from cryptography import x509

from ssp_emulator.pki.authority import (
    CLOCK_SKEW,
    LEAF_LIFETIME,
    Identity,
    Purpose,
    is_issued_by,
    issue_leaf,
    make_root,
    make_sub,
)
from ssp_emulator.pki.errors import PkiError
from ssp_emulator.pki.files import read_authority, read_certificates
from ssp_emulator.pki.revocation import revoke_reserved

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from ssp_emulator.pki.folder import CertificateFolder

ServerFault = Literal["expired", "not-yet-valid", "wrong-host", "untrusted", "revoked"]

WRONG_HOST = "wrong-host.invalid"  # nobody's name, ever: RFC 6761, 6.4

# Longer than any emulator runs before its certificates are made anew.
_AHEAD = timedelta(days=10 * 365 + 2)


@dataclass(frozen=True)
class FaultyServer:
    """A server's certificate with its key, those above it that are sent with it, and what is wrong with it."""

    identity: Identity
    above: tuple[x509.Certificate, ...]
    words: str


def make_faulty_server(
    folder: CertificateFolder, certificate: Path, fault: ServerFault, *, now: datetime
) -> FaultyServer:
    """Make a certificate like a server's own, issued by the same SubCA, but for one fault.

    Takes the file of the server's own certificate, and `now` as an aware UTC time. One that is to be revoked may have
    to be entered into the folder's revocation list first.

    Raises `PkiError` if the folder's SubCA cannot issue, or has not issued the server's own certificate; `OSError` if
    the folder would have to be written and cannot be.
    """
    sub, names = issuer_of(folder, certificate)
    begin, end = now - CLOCK_SKEW, now + LEAF_LIFETIME
    match fault:
        case "expired":
            midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
            leaf = _leaf(sub, names, midnight - LEAF_LIFETIME, midnight)
            return FaultyServer(leaf, (sub.certificate,), f"a certificate that expired at {_written(midnight)}")
        case "not-yet-valid":
            begin = (now + _AHEAD).replace(microsecond=0)
            leaf = _leaf(sub, names, begin, begin + LEAF_LIFETIME)
            return FaultyServer(leaf, (sub.certificate,), f"a certificate that is not valid before {_written(begin)}")
        case "wrong-host":
            leaf = _leaf(sub, [x509.DNSName(WRONG_HOST)], begin, end)
            return FaultyServer(leaf, (sub.certificate,), f"a certificate of {WRONG_HOST}")
        case "untrusted":
            stranger = make_sub(make_root(now), now)
            leaf = _leaf(stranger, names, begin, end)
            return FaultyServer(leaf, (stranger.certificate,), "a certificate of an authority that nobody trusts")
        case "revoked":
            leaf = _leaf(sub, names, begin, end, revoke_reserved(folder, now=now))
            serial = f"{leaf.certificate.serial_number:x}"
            return FaultyServer(leaf, (sub.certificate,), f"a certificate that is revoked, of the serial {serial}")
        case _:
            assert_never(fault)


def issuer_of(folder: CertificateFolder, certificate: Path) -> tuple[Identity, list[x509.GeneralName]]:
    """Return the SubCA that has issued a server's certificate, and can issue more, and the names in the certificate.

    Raises `PkiError` if the folder's SubCA is not there, or has not issued it.
    """
    sub, own = read_authority(folder), read_certificates(certificate)[0]
    if not is_issued_by(own, sub.certificate):
        raise PkiError(f"{certificate} was not issued by {folder.authority_sub.certificate}")
    return sub, _names(own, certificate)


def _leaf(
    issuer: Identity, names: list[x509.GeneralName], begin: datetime, end: datetime, serial: int | None = None
) -> Identity:
    first = next(name for name in names if isinstance(name, x509.DNSName))
    also = [name for name in names if name is not first]
    return issue_leaf(issuer, first.value, Purpose.SERVER, not_before=begin, not_after=end, also=also, serial=serial)


def _names(certificate: x509.Certificate, path: Path) -> list[x509.GeneralName]:
    """Return the subject alternative names of a certificate, one of which has to be a host's."""
    try:
        names = list(certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except x509.ExtensionNotFound:
        names = []
    if not any(isinstance(name, x509.DNSName) for name in names):
        raise PkiError(f"{path} bears no host name as a subject alternative name")
    return names


def _written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
