"""Which flaws files of TLS have together, and which of them stop a start."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ssp_emulator.pki.authority import Identity, Purpose, issue_leaf, make_crl, make_root, make_sub
from ssp_emulator.pki.consistency import ANEW, Held, examine, who

NOW, DAY = datetime(2026, 11, 23, tzinfo=UTC), timedelta(days=1)
CERTIFICATE, KEY, TRUST, CRL = Path("server.crt"), Path("server.key"), Path("chain.pem"), Path("crl.pem")


@cache
def authority(which: int, began: datetime = NOW) -> tuple[Identity, Identity]:
    root = make_root(began)
    return root, make_sub(root, began)


@cache
def leaf(which: int) -> Identity:
    sub = authority(which)[1]
    return issue_leaf(sub, "a.example", Purpose.SERVER, not_before=NOW - DAY, not_after=NOW + 9 * DAY)


def whole() -> Held:
    root, sub = authority(0)
    return Held(
        certificate=CERTIFICATE,
        chain=(leaf(0).certificate, sub.certificate),
        key=KEY,
        key_is=leaf(0).key.public_key(),
        trust=TRUST,
        trusted=(sub.certificate, root.certificate),
        crl=CRL,
        lists=(make_crl(sub, [], number=1, now=NOW),),
        own_authority=True,
    )


def leaf_alone() -> tuple[x509.Certificate, ...]:
    return (leaf(0).certificate,)


def issued_again(authority: Identity, by: Identity, not_after: datetime = NOW + DAY) -> x509.Certificate:
    """Cross-certify: the same name and key, by another issuer."""
    builder = x509.CertificateBuilder(by.certificate.subject, authority.certificate.subject)
    builder = builder.public_key(authority.key.public_key()).serial_number(7)
    return builder.not_valid_before(NOW - 9 * DAY).not_valid_after(not_after).sign(by.key, hashes.SHA256())


def flaws(held: Held, now: datetime = NOW) -> list[tuple[str, bool]]:
    return [(flaw.key, flaw.stops) for flaw in examine(held, now)]


def test_what_belongs_together_has_no_flaw() -> None:
    assert examine(whole(), NOW) == ()


def test_what_could_not_be_read_is_for_others_to_tell() -> None:
    assert examine(replace(whole(), chain=(), key_is=None, trusted=(), lists=()), NOW) == ()


def test_a_key_of_another_certificate() -> None:
    (flaw,) = examine(replace(whole(), key_is=leaf(1).key.public_key()), NOW)
    assert (flaw.key, flaw.stops, flaw.message) == ("key", True, f"{KEY} is not the key of {CERTIFICATE}; {ANEW}")


def test_a_chain_of_others() -> None:
    stranger = authority(1)[1]
    strange = replace(whole(), chain=(leaf(0).certificate, stranger.certificate))

    assert flaws(strange) == [("certificate", True)]
    assert who(stranger.certificate) in examine(strange, NOW)[0].message


@pytest.mark.parametrize(
    ("above", "said"),
    [
        ("sub root", 0),
        ("root sub", 2),
        ("sub cross", 1),
        ("leaf sub", 1),
        ("sub cross root", 2),
        ("sub root stranger", 1),
    ],
)
def test_a_chain_with_more_than_it_needs_or_in_another_order_stops_nothing(above: str, said: int) -> None:
    root, sub = authority(0)
    stranger = make_root(NOW)
    cross = issued_again(sub, stranger)
    pieces = {"leaf": leaf(0), "root": root, "sub": sub, "stranger": stranger}
    named = {**{name: each.certificate for name, each in pieces.items()}, "cross": cross}
    held = replace(whole(), chain=(leaf(0).certificate, *(named[name] for name in above.split())))

    assert flaws(held) == [("certificate", False)] * said


def test_a_self_signed_certificate_with_others_after_it() -> None:
    root = authority(0)[0].certificate
    held = replace(whole(), chain=(root, authority(1)[0].certificate), key_is=root.public_key(), own_authority=False)

    assert flaws(held) == [("certificate", False)]


def test_of_authorities_that_are_sent_the_issuer_is_of_today() -> None:
    sub = authority(0)[1]
    ended = issued_again(sub, make_root(NOW), not_after=NOW - DAY)
    certificate = leaf(0).certificate

    assert flaws(replace(whole(), chain=(certificate, sub.certificate, ended))) == [
        ("certificate", False),
        ("certificate", False),
    ]
    assert flaws(replace(whole(), chain=(certificate, ended), own_authority=False)) == [("certificate", True)]


def test_a_certificate_of_ones_own_need_not_be_of_those_who_are_trusted() -> None:
    others = tuple(each.certificate for each in authority(1))
    held = replace(whole(), trusted=others, crl=None, lists=())

    assert flaws(held) == [("certificate", True)]
    assert flaws(replace(held, own_authority=False)) == []


def test_of_a_bundle_some_may_have_ended_and_not_all() -> None:
    long_ago = authority(2, NOW - timedelta(days=21 * 365))[0].certificate
    held = replace(whole(), crl=None, lists=())

    assert flaws(replace(held, trusted=(*held.trusted, long_ago))) == [("trust", False)]
    assert flaws(replace(held, trusted=(long_ago,), own_authority=False)) == [("trust", True)]


def test_of_revocation_lists_some_may_be_strange_and_not_all() -> None:
    strange = make_crl(authority(1)[1], [], number=1, now=NOW)

    assert flaws(replace(whole(), lists=(*whole().lists, strange))) == [("crl", False)]
    assert flaws(replace(whole(), lists=(strange,))) == [("crl", True)]


def test_a_list_of_an_authority_below_the_trusted_stops_nothing() -> None:
    root, sub = authority(0)
    lists = (make_crl(sub, [], number=1, now=NOW),)
    held = replace(whole(), trusted=(root.certificate,), lists=lists)
    another_pki = replace(held, chain=leaf_alone(), own_authority=False)

    assert flaws(held) == []
    assert flaws(replace(held, chain=leaf_alone(), sub_is=sub.certificate, own_authority=False)) == []
    assert flaws(another_pki) == [("crl", False)]
    assert "whose certificate consumers send" in examine(another_pki, NOW)[0].message


def test_a_revocation_list_names_its_signer_as_its_issuer() -> None:
    root, sub = authority(0)
    builder = x509.CertificateRevocationListBuilder().issuer_name(root.certificate.subject)
    renamed = builder.last_update(NOW - DAY).next_update(NOW + DAY).sign(sub.key, hashes.SHA256())

    assert flaws(replace(whole(), lists=(renamed,))) == [("crl", True)]


def test_the_sub_that_lies_in_the_folder_is_the_issuer_and_has_its_own_key() -> None:
    held = replace(whole(), sub=Path("sub.crt"), sub_key=Path("sub.key"))
    own, stranger = (authority(which)[1] for which in (0, 1))

    assert flaws(replace(held, sub_is=own.certificate, sub_key_is=own.key.public_key())) == []
    assert flaws(replace(held, sub_is=own.certificate)) == []
    (flaw,) = examine(replace(held, sub_is=own.certificate, sub_key_is=stranger.key.public_key()), NOW)
    assert (flaw.stops, flaw.message) == (True, f"sub.key is not the key of sub.crt; {ANEW}")
    (flaw,) = examine(replace(held, sub_is=stranger.certificate), NOW)
    assert (flaw.stops, flaw.message.endswith(f"but sub.crt is {who(stranger.certificate)}; {ANEW}")) == (True, True)
    assert flaws(replace(held, sub_is=stranger.certificate, own_authority=False)) == []


def test_a_list_that_is_not_of_today_stops_nothing() -> None:
    sub = authority(0)[1]
    old, early = (make_crl(sub, [], number=1, now=NOW + by * DAY) for by in (-6 * 365, 9))

    assert flaws(replace(whole(), lists=(old,))) == [("crl", False)]
    assert flaws(replace(whole(), lists=(early,))) == [("crl", False)]


def test_the_moments_at_which_a_certificate_begins_and_ends_are_good() -> None:
    held = replace(whole(), crl=None, lists=())
    begins, ends = NOW - DAY, NOW + 9 * DAY

    assert flaws(held, begins) == flaws(held, ends) == []
    assert flaws(held, ends + timedelta(seconds=1)) == [("certificate", True)]
    assert ("certificate", True) in flaws(held, begins - timedelta(seconds=1))
