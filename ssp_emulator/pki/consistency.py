"""Whether the files of one side of TLS belong together, and are of today: small rules, each about one thing.

Nothing is read here and no clock is asked: `holding` reads the files.

Source: RFC 5280, 6.1 (path validation) and 5 (revocation lists).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from ssp_emulator.pki.authority import is_issued_by

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPublicKeyTypes, PublicKeyTypes

ANEW = "put the right one back, or have a new PKI made with `ssp-emulator certs init --force`"
_MARK = 12


@dataclass(frozen=True, slots=True)
class Held:
    """What one side of TLS has, and where: a certificate with those above it, its key, whom it trusts, who is revoked.

    What could not be read wholly is empty, or None. `own_authority` says that whom it trusts should have issued
    its own certificate too, as in the emulated PKI; `sub` is that PKI's SubCA, with the public half of its key.
    """

    certificate: Path
    chain: Sequence[x509.Certificate]
    key: Path
    key_is: PublicKeyTypes | None
    trust: Path
    trusted: Sequence[x509.Certificate]
    crl: Path | None = None
    lists: Sequence[x509.CertificateRevocationList] = ()
    own_authority: bool = False
    sub: Path | None = None
    sub_is: x509.Certificate | None = None
    sub_key: Path | None = None
    sub_key_is: PublicKeyTypes | None = None


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong, at which key of a `tls` section; `stops` says that nothing should start with it."""

    key: str
    message: str
    stops: bool = True


def examine(held: Held, now: datetime) -> tuple[Flaw, ...]:
    """Return every flaw; `now` is an aware UTC time."""
    return tuple(flaw for rule in RULES for flaw in rule(held, now))


def who(certificate: x509.Certificate) -> str:
    """Name a certificate: by its name, and by the first of its fingerprint (SHA-256), as names can be alike."""
    return f"{_name(certificate.subject)!r} (SHA-256 {certificate.fingerprint(hashes.SHA256()).hex()[:_MARK]}…)"


def key_fits(held: Held, _: datetime) -> Iterator[Flaw]:
    """The key is the certificate's."""
    if held.key_is is not None and held.chain and held.key_is != held.chain[0].public_key():
        yield Flaw("key", f"{held.key} is not the key of {held.certificate}; {ANEW}")


def in_time(held: Held, now: datetime) -> Iterator[Flaw]:
    """The certificate is valid today, and so is whoever issued it. Source: RFC 5280, 4.1.2.5.

    Of others that are sent with it, such as a cross-certificate for old clients, some may have ended.
    """
    issuers = [each for each in held.chain[1:] if is_issued_by(held.chain[0], each)]
    all_of_them = all(out_of_time(each, now) is not None for each in issuers)
    for place, certificate in enumerate(held.chain):
        what = f"{held.certificate}" if place == 0 else f"{held.certificate}: the authority {who(certificate)} in it"
        stops = place == 0 or (certificate in issuers and all_of_them)
        if (why := out_of_time(certificate, now)) is not None:
            yield Flaw("certificate", f"{what} {why}; put a valid one there, or set this machine's clock right", stops)


def chain_holds(held: Held, _: datetime) -> Iterator[Flaw]:
    """Whoever issued the certificate is in its file, where others are, and each certificate was issued by the next.

    Clients find their way among certificates in another order, or more than they need: few are as strict as TLS 1.2.
    Source: RFC 5246, 7.4.2; RFC 8446, 4.4.2.
    """
    leads_on = any(is_issued_by(held.chain[0], each) for each in held.chain) if held.chain else True
    for lower, upper in zip(held.chain, held.chain[1:], strict=False):
        if is_issued_by(lower, upper):
            continue
        said = f"{held.certificate} has {who(lower)} and then {who(upper)}, which has not issued it"
        if leads_on:
            yield Flaw("certificate", f"{said}; some clients want each to be followed by its issuer", stops=False)
        else:
            yield Flaw("certificate", f"{said}; {ANEW}", stops=lower is held.chain[0])


def is_of_the_authority(held: Held, _: datetime) -> Iterator[Flaw]:
    """In the emulated PKI, the certificate leads to whom it tells others to trust."""
    if not (held.own_authority and held.chain and held.trusted):
        return
    if not any(is_issued_by(each, authority) for each in held.chain for authority in held.trusted):
        by = who(held.chain[1]) if len(held.chain) > 1 else repr(_name(held.chain[0].issuer))
        expected = " or ".join(map(who, held.trusted))
        said = f"{held.certificate} is issued by {by}, expected an authority of {held.trust}: {expected}; {ANEW}"
        yield Flaw("certificate", said)


def sub_is_the_issuer(held: Held, _: datetime) -> Iterator[Flaw]:
    """The SubCA that lies in the folder issued the certificate, and its key is its own: what it issues has to fit."""
    if held.sub_is is None:
        return
    if held.own_authority and held.chain and not is_issued_by(held.chain[0], held.sub_is):
        by = who(held.chain[1]) if len(held.chain) > 1 else repr(_name(held.chain[0].issuer))
        yield Flaw("certificate", f"{held.certificate} is issued by {by}, but {held.sub} is {who(held.sub_is)}; {ANEW}")
    if held.sub_key_is is not None and held.sub_key_is != held.sub_is.public_key():
        yield Flaw("certificate", f"{held.sub_key} is not the key of {held.sub}; {ANEW}")


def trust_in_time(held: Held, now: datetime) -> Iterator[Flaw]:
    """At least one authority that is trusted is valid today; of a bundle, some may have ended."""
    ended = [(each, why) for each in held.trusted if (why := out_of_time(each, now)) is not None]
    all_of_them = len(ended) == len(held.trusted)
    for certificate, why in ended:
        said = f"{held.trust}: the authority {who(certificate)} {why}; whoever has a certificate of it is refused"
        yield Flaw("trust", said, stops=all_of_them)


def lists_are_of_the_trusted(held: Held, _: datetime) -> Iterator[Flaw]:
    """A revocation list is signed by somebody who is trusted: any other may revoke nobody, and nobody would know.

    An authority below those who are trusted may have signed it, whose certificate consumers send. Others than our own
    are not known here, so that a stranger stops nothing but in the emulated PKI, or under the name of a trusted one.
    """
    if held.crl is None or not held.trusted:
        return
    ours = (*held.chain[1:], *((held.sub_is,) if held.sub_is is not None else ()))
    below = (each for each in ours if any(is_issued_by(each, authority) for authority in held.trusted))
    authorities = (*held.trusted, *below)
    strange = [each for each in held.lists if not any(_signed(each, authority) for authority in authorities)]
    for each in strange:
        expected = " or ".join(map(who, held.trusted))
        said = f"{held.crl} has a revocation list that no authority of {held.trust} has signed: it names "
        known = held.own_authority or any(each.issuer == authority.subject for authority in authorities)
        yield Flaw(
            "crl",
            f"{said}{_name(each.issuer)!r} as its issuer, expected {expected}; "
            f"{ANEW if known else 'is that an authority below, whose certificate consumers send?'}",
            stops=known and len(strange) == len(held.lists),
        )


def lists_are_current(held: Held, now: datetime) -> Iterator[Flaw]:
    """A revocation list is of today; one that is not still revokes, and turns nobody else away (decision 2)."""
    for each in held.lists:
        ends = each.next_update_utc
        if ends is not None and now > ends:
            said = (
                f"{held.crl}: the revocation list of {_name(each.issuer)!r} should have been replaced by "
                f"{written(ends)}; whom it revokes stays revoked, but later revocations are missing"
            )
            yield Flaw("crl", said, stops=False)
        if now < each.last_update_utc:
            said = f"{held.crl}: the revocation list of {_name(each.issuer)!r} is not valid before "
            yield Flaw("crl", f"{said}{written(each.last_update_utc)}; is this machine's clock right?", stops=False)


RULES: tuple[Callable[[Held, datetime], Iterable[Flaw]], ...] = (
    key_fits,
    in_time,
    chain_holds,
    is_of_the_authority,
    sub_is_the_issuer,
    trust_in_time,
    lists_are_of_the_trusted,
    lists_are_current,
)


def out_of_time(certificate: x509.Certificate, now: datetime) -> str | None:
    """Say how a certificate is not valid at `now`, an aware UTC time; None where it is."""
    if now > (ended := certificate.not_valid_after_utc):
        return f"ended on {written(ended)}"
    if now < (begins := certificate.not_valid_before_utc):
        return f"is not valid before {written(begins)}"
    return None


def written(when: datetime) -> str:
    """Write an aware UTC time for people."""
    return f"{when:%Y-%m-%d %H:%M:%S} UTC"


def _signed(revoked: x509.CertificateRevocationList, authority: x509.Certificate) -> bool:
    if revoked.issuer != authority.subject:
        return False
    key: CertificateIssuerPublicKeyTypes = authority.public_key()  # type: ignore[assignment]
    try:
        return revoked.is_signature_valid(key)
    except (TypeError, ValueError):  # a kind of key that signs no lists
        return False


def _name(name: x509.Name) -> str:
    common = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(common[0].value) if common else name.rfc4514_string()
