"""Certificates: every file that TLS needs, what is in it, until when, and whether they belong together."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING, Any

from ssp_emulator.errors import SetupError
from ssp_emulator.obstacles import told
from ssp_emulator.pki.authority import is_issued_by
from ssp_emulator.pki.consistency import ANEW, examine, written
from ssp_emulator.pki.holding import hold
from ssp_emulator.pki.listing import Status, certificate_names, list_leaves, written_serial
from ssp_emulator.proxy import tls

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from cryptography import x509

    from ssp_emulator.diagnosis.findings import Section
    from ssp_emulator.diagnosis.subject import Subject
    from ssp_emulator.pki.consistency import Held
    from ssp_emulator.settings import TlsSide

_SOON_DAYS = 30
_OTHERS = 0o077
_SIDES: tuple[TlsSide, ...] = ("proxy", "providers")


def certifying(subject: Subject, section: Section) -> None:
    """Look at each side of TLS, and at the emulated PKI."""
    section.facts |= {"now": subject.clock.now().isoformat(), "files": {}, "leaves": []}
    for side in _SIDES:
        _examine_side(subject, section, side)
    _examine_folder(subject, section)


def _examine_side(subject: Subject, section: Section, side: TlsSide) -> None:
    missing = subject.configuration.missing_files(side)
    if missing and _makes_certificates(subject):
        section.warn(f"{side}.tls: there are no certificates in {subject.certificates.root} yet", "`up` makes them")
        return
    for problem in missing:
        section.problem(str(problem), "put it back, or have a new PKI made with `ssp-emulator certs init --force`")
    files = subject.configuration.tls_files(side)
    paths = {key.rpartition(".")[2]: path for key, path in files.items()}
    held = hold(paths["certificate"], paths["key"], paths["trust"], paths.get("crl"), folder=subject.certificates)
    now = subject.clock.now()
    for key, path in files.items():
        section.facts["files"][key] = _facts(held, key.rpartition(".")[2], path, now)
    for flaw in examine(held, now):
        what, _, advice = flaw.message.rpartition("; ")
        (section.problem if flaw.stops else section.warn)(f"{side}.tls.{flaw.key}: {what or advice}", advice)
    if not missing:
        _make_context(subject, section, side, held)
    if held.chain:
        _tell_the_end(section, f"{side}.tls.certificate: {held.certificate}", held.chain[0], now)
    _examine_mode(section, f"{side}.tls.key", paths["key"])


def _makes_certificates(subject: Subject) -> bool:
    """Tell whether nothing of the emulated PKI is there, so that starting makes it."""
    try:
        return not any(path.exists() for path in subject.certificates.files)
    except OSError:
        return False


def _facts(held: Held, kind: str, path: Path, now: datetime) -> dict[str, Any]:
    facts: dict[str, Any] = {"path": str(path), **_mode(path)}
    match kind:
        case "certificate":
            facts["chain"] = [_described(each, now) for each in held.chain]
            facts["verifies_to_trust"] = any(is_issued_by(c, each) for c in held.chain for each in held.trusted)
        case "key":
            facts["fits_the_certificate"] = (
                held.key_is == held.chain[0].public_key() if held.key_is is not None and held.chain else None
            )
        case "trust":
            facts["authorities"] = [_described(each, now) for each in held.trusted]
        case "crl":
            facts["lists"] = [
                {
                    "issuer": each.issuer.rfc4514_string(),
                    "made": each.last_update_utc.isoformat(),
                    "age_days": (now - each.last_update_utc).days,
                    "next": each.next_update_utc.isoformat() if each.next_update_utc else None,
                    "entries": len(each),
                }
                for each in held.lists
            ]
    return facts


def _described(certificate: x509.Certificate, now: datetime) -> dict[str, Any]:
    return {
        "subject": certificate.subject.rfc4514_string(),
        "issuer": certificate.issuer.rfc4514_string(),
        "serial": written_serial(certificate.serial_number),
        "names": list(certificate_names(certificate)),
        "not_before": certificate.not_valid_before_utc.isoformat(),
        "not_after": certificate.not_valid_after_utc.isoformat(),
        "days_left": (certificate.not_valid_after_utc - now).days,
    }


def _make_context(subject: Subject, section: Section, side: TlsSide, held: Held) -> None:
    """See whether OpenSSL takes the files."""
    try:
        if side == "proxy":
            tls.for_consumers(tls.ConsumerTls(held.certificate, held.key, held.trust, held.crl), subject.clock)
        else:
            tls.for_providers(held.certificate, held.key, held.trust)
    except tls.TlsFileError as error:
        section.problem(f"{side}.tls: {error}", ANEW)
    except OSError as error:
        section.problem(f"{side}.tls: {told(held.certificate, error)}")


def _tell_the_end(section: Section, what: str, certificate: x509.Certificate, now: datetime) -> None:
    left = (certificate.not_valid_after_utc - now).days
    names, ends = ", ".join(certificate_names(certificate)) or "nobody", written(certificate.not_valid_after_utc)
    said = f"{what} is of {names}, until {ends}"
    if 0 <= left < _SOON_DAYS:
        section.warn(f"{said}: {left} days are left", "put another there in time")
    elif left >= 0:
        section.ok(f"{said}: {left} days are left")


def _mode(path: Path) -> dict[str, Any]:
    try:
        found = path.stat()
    except OSError as error:
        return {"cannot_be_seen": told(path, error)}
    return {"mode": f"{stat.S_IMODE(found.st_mode):04o}", "uid": found.st_uid, "size": found.st_size}


def _examine_mode(section: Section, key: str, path: Path) -> None:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return
    if mode & _OTHERS:
        section.warn(f"{key}: {path} has mode {mode:04o}, so others can use it", f"chmod 600 {path}")


def _examine_folder(subject: Subject, section: Section) -> None:
    """Look at what the emulated PKI has issued; the invalid ones are invalid on purpose."""
    folder, now = subject.certificates, subject.clock.now()
    if _makes_certificates(subject):
        return
    try:
        leaves = list_leaves(folder, now=now)
    except SetupError as error:
        section.warn(f"the emulated PKI: {error}", "where it is used, put it right; `ssp-emulator certs list` shows it")
        return
    except OSError as error:
        section.warn(f"the emulated PKI in {folder.root} cannot be read: {told(folder.root, error)}")
        return
    section.facts["leaves"] = [
        {"path": each.path, "names": list(each.names), "serial": each.serial, "status": each.status.value}
        for each in leaves
    ]
    for each in leaves:
        if not each.path.startswith("invalid/") and each.status is not Status.VALID:
            section.warn(f"{folder.root / each.path} is {each.status.value}", "do not use it, or issue another")
    section.ok(f"{folder.root}: {len(leaves)} certificates were issued")
