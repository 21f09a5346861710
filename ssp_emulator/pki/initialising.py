"""Making the whole PKI at once, whole or not at all, however many processes start together."""

from __future__ import annotations

import shutil
from datetime import timedelta
from typing import TYPE_CHECKING

from ssp_emulator.pki.authority import (
    CLOCK_SKEW,
    LEAF_LIFETIME,
    LOCAL_NAMES,
    Identity,
    Purpose,
    issue_leaf,
    make_crl,
    make_root,
    make_sub,
    reserved_serial,
    revocation_entry,
)
from ssp_emulator.pki.errors import PkiError
from ssp_emulator.pki.files import (
    exclusively,
    move_into_place,
    write_certificates,
    write_crl,
    write_identity,
    write_keystore,
)

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from ssp_emulator.pki.folder import CertificateFolder
    from ssp_emulator.pki.names import Names

WRONG_FQDN = "other.example.nhs.uk"

_TEN_YEARS = timedelta(days=10 * 365 + 2)


def initialise(folder: CertificateFolder, names: Names, *, now: datetime, force: bool = False) -> tuple[Path, ...]:
    """Make every file of the PKI, and give their paths.

    Takes `now` as an aware UTC time. With `force` it replaces what is there; files that are not its own stay in any
    case. A process that dies half-way leaves either nothing or what the next one finishes.

    Raises `PkiError` if a file is there and `force` is not set, `OSError` if the folder cannot be written.
    """
    with exclusively(folder, create=True):
        there = [path for path in folder.files if path.exists()]
        if there and not force:
            more = f" and {len(there) - 1} more" if len(there) > 1 else ""
            raise PkiError(f"{there[0]}{more} would be overwritten, `certs init --force` replaces the whole PKI")
        _make(folder, names, now)
    return folder.files


def ensure(folder: CertificateFolder, names: Names, *, now: datetime) -> bool:
    """Make the PKI where there is none, and tell whether it was made.

    Takes `now` as an aware UTC time. A whole PKI is only looked at, so it may lie in a read-only folder.

    Raises `PkiError` if some of its files are there and others are not, `OSError` if the folder cannot be written.
    """
    if not _missing(folder) and not folder.made.root.exists():
        return False
    with exclusively(folder, create=True):
        missing = _missing(folder)
        if not missing:
            return False
        if len(missing) < len(folder.files):
            raise PkiError(
                f"{missing[0]} is missing though other files of the PKI are there, "
                "put it back, or `certs init --force` replaces the whole PKI"
            )
        _make(folder, names, now)
        return True


def _missing(folder: CertificateFolder) -> list[Path]:
    return [path for path in folder.files if not path.exists()]


def _make(folder: CertificateFolder, names: Names, now: datetime) -> None:
    """Make a new PKI aside and move it into place; the renaming is the moment from which on it counts."""
    making = folder.making
    try:
        # What a process that died has left: we hold the lock, so nobody is writing there.
        shutil.rmtree(making.root, ignore_errors=True)
        _fill(making, names, now.replace(microsecond=0))
        making.root.rename(folder.made.root)
    finally:
        shutil.rmtree(making.root, ignore_errors=True)
    move_into_place(folder)


def _fill(folder: CertificateFolder, names: Names, now: datetime) -> None:
    root = make_root(now)
    sub = make_sub(root, now)
    begin, end = now - CLOCK_SKEW, now + LEAF_LIFETIME
    server = issue_leaf(sub, names.ssp, Purpose.SERVER, not_before=begin, not_after=end, also=LOCAL_NAMES)
    client = issue_leaf(sub, names.ssp, Purpose.CLIENT, not_before=begin, not_after=end)
    consumer = issue_leaf(sub, names.consumer, Purpose.CLIENT, not_before=begin, not_after=end)
    provider = issue_leaf(sub, names.provider, Purpose.SERVER, not_before=begin, not_after=end)

    above = (sub.certificate,)
    write_identity(folder.ssp_server, server, above)
    write_identity(folder.ssp_client, client, above)
    write_identity(folder.consumer, consumer, above)
    write_keystore(folder.consumer.keystore, consumer, (sub.certificate, root.certificate))
    write_identity(folder.provider, provider, above)
    revoked = _fill_invalid(folder, names.consumer, sub, now)

    write_identity(folder.authority_root, root)
    write_identity(folder.authority_sub, sub)
    write_certificates(folder.chain, (sub.certificate, root.certificate))
    entries = [revocation_entry(serial, now) for serial in (revoked, reserved_serial(sub.certificate))]
    write_crl(folder.crl, make_crl(sub, entries, number=1, now=now))


def _fill_invalid(folder: CertificateFolder, fqdn: str, sub: Identity, now: datetime) -> int:
    """Write the certificates for negative tests, each with one fault alone, and give the revoked one's serial."""
    begin, end = now - CLOCK_SKEW, now + LEAF_LIFETIME
    above = (sub.certificate,)

    ended = now - timedelta(days=1)
    expired = issue_leaf(sub, fqdn, Purpose.CLIENT, not_before=ended - LEAF_LIFETIME, not_after=ended)
    write_identity(folder.invalid("expired"), expired, above)

    starts = now + _TEN_YEARS
    early = issue_leaf(sub, fqdn, Purpose.CLIENT, not_before=starts, not_after=starts + LEAF_LIFETIME)
    write_identity(folder.invalid("not-yet-valid"), early, above)

    stranger = make_sub(make_root(now), now)
    untrusted = issue_leaf(stranger, fqdn, Purpose.CLIENT, not_before=begin, not_after=end)
    write_identity(folder.invalid("untrusted"), untrusted, (stranger.certificate,))

    revoked = issue_leaf(sub, fqdn, Purpose.CLIENT, not_before=begin, not_after=end)
    write_identity(folder.invalid("revoked"), revoked, above)

    misnamed = issue_leaf(sub, WRONG_FQDN, Purpose.CLIENT, not_before=begin, not_after=end)
    write_identity(folder.invalid("wrong-fqdn"), misnamed, above)
    return revoked.certificate.serial_number
