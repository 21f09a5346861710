"""Which flaws files of TLS have together, and which of them stop a start."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

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


def flaws(held: Held, now: datetime = NOW) -> list[tuple[str, bool]]:
    return [(flaw.key, flaw.stops) for flaw in examine(held, now)]


def test_what_belongs_together_has_no_flaw() -> None:
    assert examine(whole(), NOW) == ()


def test_what_could_not_be_read_is_for_others_to_tell() -> None:
    assert examine(replace(whole(), chain=(), key_is=None, trusted=(), lists=()), NOW) == ()


def test_a_key_of_another_certificate() -> None:
    (flaw,) = examine(replace(whole(), key_is=leaf(1).key.public_key()), NOW)
    assert (flaw.key, flaw.stops, flaw.message) == ("key", True, f"{KEY} is not the key of {CERTIFICATE}; {ANEW}")


def test_a_chain_in_the_wrong_order_or_of_others() -> None:
    root, sub = authority(0)
    stranger = authority(1)[1]
    swapped = replace(whole(), chain=(leaf(0).certificate, root.certificate, sub.certificate))
    strange = replace(whole(), chain=(leaf(0).certificate, stranger.certificate))

    assert flaws(swapped) == [("certificate", True), ("certificate", True)]
    assert flaws(strange) == [("certificate", True)]
    assert who(stranger.certificate) in examine(strange, NOW)[0].message


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
