"""A token read and judged: its claims for the audit, and its faults in the order of its dialect's rules."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from ssp_emulator.token.dialects import FRESH, Dialect, dialect_of
from ssp_emulator.token.parsing import Fault, Token, TokenError, parse
from ssp_emulator.token.rules import Expected
from ssp_emulator.token.signing import signature_fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssp_emulator.token.claims import Claims
    from ssp_emulator.token.objects import Recurring
    from ssp_emulator.token.parsing import Json

_REMEMBERED = 256  # claims that recur; their number is that of the users who send tokens at a time


class Reading(NamedTuple):
    """What a token says, as far as it can be read, and what is wrong with it."""

    claims: Claims | None
    faults: tuple[Fault, ...]


def read(authorization: str, expected: Expected) -> Reading:
    """Read and judge the token in an `Authorization` header.

    Of a sender with a key, a text that is no token is refused always, as an unsigned one is.
    """
    try:
        token = parse(authorization)
    except TokenError as error:
        return Reading(None, (replace(error.fault, refused_always=expected.key is not None),))
    dialect, claims = _said(token)
    return Reading(claims, (*_faults_of_form(token, expected), *_faults_of_claims(token, dialect, expected)))


def claims_of(authorization: str) -> Claims | None:
    """Return the claims in an `Authorization` header without judging them; None where it holds no token."""
    try:
        token = parse(authorization)
    except TokenError:
        return None
    return _said(token)[1]


def _said(token: Token) -> tuple[Dialect, Claims]:
    """Return a token's dialect, and what the audit keeps of it: neither has to do with its fresh claims."""
    return _told(token.claims) if token.recurring is None else _told_before(token.recurring)


def _told(claims: Json) -> tuple[Dialect, Claims]:
    dialect = dialect_of(claims)
    return dialect, dialect.claims(claims)


@lru_cache(maxsize=_REMEMBERED)
def _told_before(recurring: Recurring) -> tuple[Dialect, Claims]:
    return _told(recurring.claims)


def _faults_of_form(token: Token, expected: Expected) -> Iterator[Fault]:
    unsigned = expected.key is None
    if expected.key is not None and (fault := signature_fault(token, expected.key)) is not None:
        yield fault
    # Source: GP Connect 1.6.2, "Cross-organisation audit and provenance": the token is unsigned, and says so.
    if unsigned and token.header.get("alg") != "none":
        yield Fault("alg", "should be none: the token is not signed")
    if str(token.header.get("typ", "JWT")).upper() != "JWT":
        yield Fault("typ", "should be JWT")
    if unsigned and token.signature:
        yield Fault("JWT signature", "should be empty, with the dot before it kept")


def _faults_of_claims(token: Token, dialect: Dialect, expected: Expected) -> Iterator[Fault]:
    recurring = token.recurring
    known = recurring is not None and _is_faultless(
        recurring, expected.asid, expected.root, expected.interaction_id, expected.scope
    )
    for rule in FRESH if known else dialect.rules:
        yield from rule(token.claims, expected)


@lru_cache(maxsize=_REMEMBERED)
def _is_faultless(recurring: Recurring, asid: str, root: str, interaction_id: str, scope: str | None) -> bool:
    """Tell whether the rules find nothing in claims that recur, those of fresh claims left out."""
    expected = Expected(asid, root, interaction_id, scope, now=0.0)
    rules = (rule for rule in dialect_of(recurring.claims).rules if rule not in FRESH)
    return not any(any(rule(recurring.claims, expected)) for rule in rules)
