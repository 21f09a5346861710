"""Acquaintances: clients whose certificates OpenSSL has judged, for when one of them resumes a session.

A resumed session brings the certificate along, and no verdict on it. What was found at the full handshake holds as long
as trust and revocation lists are what they were, and that is as long as the context lives whose tickets are resumed:
each context has acquaintances of its own. Only the day on which it ends is looked at again.

Source: RFC 5077 (tickets); RFC 5246, F.1.4 (resuming: no longer than the certificate holds).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ssp_emulator.pki.verdict import CertificateFault, ClientCertificate, fault_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from OpenSSL import crypto

_MOST = 10_000


class StrangerError(ConnectionError):
    """A session was resumed with a certificate that nobody here has judged, or no longer remembers."""


class Judged(NamedTuple):
    """A client's certificate, and what is wrong with it, if anything."""

    certificate: ClientCertificate
    fault: CertificateFault | None


class _Known(NamedTuple):
    judged: Judged
    until: datetime | None

    def judged_anew(self, fault: CertificateFault | None) -> _Known:
        """Return the same certificate with what is found of it now."""
        return self if self.until is None else self._replace(judged=self.judged._replace(fault=fault))


class Acquaintances:
    """Remembers ten thousand good certificates, and as many bad ones, by their digests; `now` tells the time, in UTC.

    Those that were met last are remembered longest, and no number of bad ones has a good one forgotten.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._good: dict[bytes, _Known] = {}
        self._bad: dict[bytes, _Known] = {}

    def met(self, shown: crypto.X509, errors: Iterable[int]) -> Judged:
        """Return what is found of a certificate that OpenSSL has just judged, and remember it.

        One that was good before stays so: that it comes without its chain another time takes nothing from it.
        """
        digest, fault = shown.digest("sha256"), fault_of(errors)
        known = self._good.get(digest) or self._bad.get(digest)
        known = _read(shown, fault) if known is None else known.judged_anew(fault)
        self._remember(digest, known)
        return known.judged

    def again(self, shown: crypto.X509) -> Judged:
        """Return what is remembered of a certificate. Raises `StrangerError` where that is nothing."""
        digest = shown.digest("sha256")
        known = self._good.get(digest) or self._bad.get(digest)
        if known is None:
            raise StrangerError("a TLS session was resumed with a certificate that is not remembered")
        self._remember(digest, known)
        if known.judged.fault is None and known.until is not None and self._now() > known.until:
            return known.judged._replace(fault=CertificateFault.EXPIRED)
        return known.judged

    def _remember(self, digest: bytes, known: _Known) -> None:
        among = self._good if known.judged.fault is None else self._bad
        among.pop(digest, None)
        while len(among) >= _MOST:
            del among[next(iter(among))]
        among[digest] = known


def _read(shown: crypto.X509, fault: CertificateFault | None) -> _Known:
    """Read a certificate; `until` is None of one that cannot be read, which nothing makes better."""
    try:
        certificate = shown.to_cryptography()
        return _Known(Judged(ClientCertificate.of(certificate), fault), certificate.not_valid_after_utc)
    except Exception:  # noqa: BLE001 - it has many classes for DER that makes no sense; OpenSSL is more forgiving
        return _Known(Judged(ClientCertificate.unreadable(), CertificateFault.UNTRUSTED_ISSUER), None)
