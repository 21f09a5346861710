"""A token read and judged: its claims for the audit, and its faults in the order of its dialect's rules."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ssp_emulator.token.dialects import dialect_of
from ssp_emulator.token.parsing import Fault, Token, TokenError, parse
from ssp_emulator.token.signing import signature_fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssp_emulator.token.claims import Claims
    from ssp_emulator.token.rules import Expected


@dataclass(frozen=True, slots=True)
class Reading:
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
    return Reading(dialect_of(token.claims).claims(token.claims), tuple(_faults(token, expected)))


def claims_of(authorization: str) -> Claims | None:
    """Return the claims in an `Authorization` header without judging them; None where it holds no token."""
    try:
        token = parse(authorization)
    except TokenError:
        return None
    return dialect_of(token.claims).claims(token.claims)


def _faults(token: Token, expected: Expected) -> Iterator[Fault]:
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
    for rule in dialect_of(token.claims).rules:
        yield from rule(token.claims, expected)
