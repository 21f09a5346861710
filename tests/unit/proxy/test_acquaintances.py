"""A certificate is judged at a full handshake, known again at the next, and no longer than it holds."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from OpenSSL import crypto
from support.clocks import MovableClock

from ssp_emulator.pki.files import read_certificates
from ssp_emulator.pki.verdict import CertificateFault
from ssp_emulator.proxy import acquaintances
from ssp_emulator.proxy.acquaintances import Acquaintances, StrangerError

if TYPE_CHECKING:
    from ssp_emulator.pki.folder import CertificateFolder, KeyPair

# X509_V_ERR_... of OpenSSL.
EXPIRED, NOT_YET_VALID, REVOKED, UNKNOWN_ISSUER = 10, 9, 23, 20
FAULTS = {
    (): None,
    (EXPIRED,): CertificateFault.EXPIRED,
    (NOT_YET_VALID,): CertificateFault.NOT_YET_VALID,
    (REVOKED,): CertificateFault.REVOKED,
    (UNKNOWN_ISSUER,): CertificateFault.UNTRUSTED_ISSUER,
}


def shown(pair: KeyPair) -> crypto.X509:
    """Return what OpenSSL hands over of a certificate, each time anew."""
    return crypto.X509.from_cryptography(read_certificates(pair.certificate)[0])


@pytest.mark.parametrize(("errors", "fault"), FAULTS.items(), ids=str)
def test_what_was_found_is_found_again(
    certificates: CertificateFolder, errors: tuple[int, ...], fault: CertificateFault | None
) -> None:
    known = Acquaintances(MovableClock().now)

    met = known.met(shown(certificates.consumer), errors)

    assert met.fault == fault
    assert met.certificate.names == ("consumer.example.nhs.uk",)
    assert known.again(shown(certificates.consumer)) == met


def test_who_was_never_met_is_a_stranger(certificates: CertificateFolder) -> None:
    known = Acquaintances(MovableClock().now)
    known.met(shown(certificates.consumer), ())

    with pytest.raises(StrangerError, match="not remembered"):
        known.again(shown(certificates.provider))


def test_what_one_has_met_the_other_does_not_know(certificates: CertificateFolder) -> None:
    """Each context has acquaintances of its own: with other revocation lists, none of the old verdicts holds."""
    clock = MovableClock()
    Acquaintances(clock.now).met(shown(certificates.consumer), ())

    with pytest.raises(StrangerError):
        Acquaintances(clock.now).again(shown(certificates.consumer))


def test_each_handshake_has_its_own_verdict_and_a_good_one_is_remembered(certificates: CertificateFolder) -> None:
    known = Acquaintances(MovableClock().now)
    remembered, found = [], []
    for errors in ((NOT_YET_VALID,), (), (EXPIRED,)):
        found.append(known.met(shown(certificates.consumer), errors))
        remembered.append(known.again(shown(certificates.consumer)).fault)

    assert [met.fault for met in found] == [CertificateFault.NOT_YET_VALID, None, CertificateFault.EXPIRED]
    assert remembered == [CertificateFault.NOT_YET_VALID, None, None]
    assert len({id(met.certificate) for met in found}) == 1  # read once


@pytest.mark.parametrize(
    ("errors", "after", "fault"),
    [
        ((), timedelta(seconds=-1), None),
        ((), timedelta(seconds=1), CertificateFault.EXPIRED),
        ((REVOKED,), timedelta(seconds=1), CertificateFault.REVOKED),
    ],
    ids=["just before its end", "since its end", "revoked, and expired since"],
)
def test_a_certificate_that_has_expired_since_is_known_as_expired(
    certificates: CertificateFolder, errors: tuple[int, ...], after: timedelta, fault: CertificateFault | None
) -> None:
    clock = MovableClock()
    known = Acquaintances(clock.now)
    known.met(shown(certificates.consumer), errors)
    end = read_certificates(certificates.consumer.certificate)[0].not_valid_after_utc
    clock.elapse((end + after - clock.now()).total_seconds())

    assert known.again(shown(certificates.consumer)).fault == fault


def test_no_more_are_remembered_than_there_is_room_for_and_who_came_last_stays(
    certificates: CertificateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acquaintances, "_MOST", 2)
    known = Acquaintances(MovableClock().now)
    consumer, provider, other = certificates.consumer, certificates.provider, certificates.invalid("revoked")
    for pair in (consumer, provider, consumer, other):
        known.met(shown(pair), ())

    assert known.again(shown(consumer)).fault is None
    assert known.again(shown(other)).fault is None
    with pytest.raises(StrangerError):
        known.again(shown(provider))


def test_one_that_cannot_be_read_is_of_no_trusted_issuer_whatever_is_said_of_it(
    certificates: CertificateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Odd(crypto.X509):
        def to_cryptography(self) -> None:  # type: ignore[override]
            raise ValueError("its version is one that no standard has")

    clock = MovableClock()
    known = Acquaintances(clock.now)
    odd = shown(certificates.consumer)
    odd.__class__ = Odd
    met = known.met(odd, ())
    clock.elapse(timedelta(days=36_500).total_seconds())

    assert (met.fault, met.certificate.subject) == (CertificateFault.UNTRUSTED_ISSUER, "unreadable")
    assert known.met(odd, ()) == known.again(odd) == met


def test_no_number_of_bad_ones_has_a_good_one_forgotten(
    certificates: CertificateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acquaintances, "_MOST", 1)
    known = Acquaintances(MovableClock().now)
    known.met(shown(certificates.consumer), ())
    for bad in (certificates.provider, certificates.ssp_client):
        known.met(shown(bad), (EXPIRED,))

    assert known.again(shown(certificates.consumer)).fault is None
    with pytest.raises(StrangerError):
        known.again(shown(certificates.provider))
