"""Issuing one more leaf: another consumer, another provider, another SSP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssp_emulator.pki.authority import (
    CLOCK_SKEW,
    LEAF_LIFETIME,
    LOCAL_NAMES,
    Purpose,
    Role,
    issue_leaf,
)
from ssp_emulator.pki.errors import PkiError
from ssp_emulator.pki.files import (
    exclusively,
    read_authority,
    read_certificates,
    write_identity,
    write_keystore,
)
from ssp_emulator.pki.names import valid_fqdn

if TYPE_CHECKING:
    from datetime import datetime, timedelta
    from pathlib import Path

    from ssp_emulator.pki.folder import CertificateFolder, KeyPair


def issue(
    folder: CertificateFolder,
    fqdn: str,
    role: Role,
    *,
    now: datetime,
    lifetime: timedelta = LEAF_LIFETIME,
    force: bool = False,
) -> tuple[Path, ...]:
    """Issue the certificates of a role to an FQDN, and give the files written.

    They are `<role>/<fqdn>.crt` and `.key`, for a consumer `.p12` as well; for the SSP `<fqdn>-server` and
    `<fqdn>-client`. Takes an FQDN as `valid_fqdn` does, and `now` as an aware UTC time; `lifetime` counts from then.

    Raises `PkiError` if the FQDN is none, there is no PKI to issue from, the certificate would outlive the SubCA,
    or a file is there already and `force` is not set; `OSError` if the folder cannot be written.
    """
    name = valid_fqdn(fqdn)
    begin, end = now - CLOCK_SKEW, now + lifetime
    with exclusively(folder):
        sub = read_authority(folder)
        root = read_certificates(folder.authority_root.certificate)[0]
        if end > sub.certificate.not_valid_after_utc:
            last = f"{sub.certificate.not_valid_after_utc:%Y-%m-%d}"
            raise PkiError(f"the certificate would outlive the SubCA, which ends on {last}; ask for fewer --days")
        leaves = _leaves(folder, name, role)
        files = [path for pair, _ in leaves for path in (pair.certificate, pair.key)]
        if role is Role.CONSUMER:
            files += [pair.keystore for pair, _ in leaves]
        there = [path for path in files if path.exists()]
        if there and not force:
            raise PkiError(f"{there[0]} is there already, --force replaces it")
        for pair, purpose in leaves:
            also = LOCAL_NAMES if role is Role.SSP and purpose is Purpose.SERVER else ()
            leaf = issue_leaf(sub, name, purpose, not_before=begin, not_after=end, also=also)
            write_identity(pair, leaf, (sub.certificate,))
            if pair.keystore in files:
                write_keystore(pair.keystore, leaf, (sub.certificate, root))
    return tuple(files)


def _leaves(folder: CertificateFolder, name: str, role: Role) -> tuple[tuple[KeyPair, Purpose], ...]:
    match role:
        case Role.CONSUMER:
            return ((folder.issued(role, name), Purpose.CLIENT),)
        case Role.PROVIDER:
            return ((folder.issued(role, name), Purpose.SERVER),)
        case Role.SSP:
            return (
                (folder.issued(role, f"{name}-server"), Purpose.SERVER),
                (folder.issued(role, f"{name}-client"), Purpose.CLIENT),
            )
