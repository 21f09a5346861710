"""Check 10: a bad token is refused, or where the configuration says so written down."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from ssp_emulator.checks.token import token as check
from ssp_emulator.outcome import Denial, Reason
from ssp_emulator.token.minting import unsigned
from ssp_emulator.verdict import Result, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssp_emulator.exchange import Exchange
    from ssp_emulator.spine import Spine

EXPECTED = "a fresh JSON Web Token with every claim that the audit needs"


def changed(bearer: str, **claims: Any) -> str:
    payload = bearer.split(".")[1]
    said = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return f"Bearer {unsigned({**said, **claims})}"


def test_a_good_token_leaves_its_claims_on_the_exchange(
    request_for: Callable[..., Exchange], judge: Callable[..., Verdict]
) -> None:
    exchange = request_for()
    assert judge(check, exchange) == Verdict(Result.PASSED, "gp-connect-1")
    assert exchange.claims is not None
    assert exchange.claims.organisation == "A1001"


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (None, "The header Authorization is missing"),
        ("", "The header Authorization is missing"),
        (["Bearer a", "Bearer b"], "The header Authorization came more than once"),
        ("Basic dTpw", "The token's Authorization should be: Bearer, a space, and a JSON Web Token"),
    ],
    ids=["missing", "empty", "twice", "another scheme"],
)
def test_a_bad_header_is_a_400_that_names_it(
    values: str | list[str] | None, text: str, request_for: Callable[..., Exchange], judge: Callable[..., Verdict]
) -> None:
    denial = Denial(Reason.BAD_REQUEST, text)
    exchange = request_for(headers={"Authorization": values})
    verdict = judge(check, exchange)
    assert (verdict.result, verdict.expected, verdict.denial) == (Result.FAILED, EXPECTED, denial)
    assert exchange.claims is None


@pytest.mark.parametrize(
    ("claims", "denial", "status"),
    [
        ({"iss": ""}, Denial(Reason.BAD_REQUEST, "The token's iss is empty"), 400),
        (
            {"requested_scope": "patient/*.write"},
            Denial(
                Reason.BAD_REQUEST,
                "The token's requested_scope should be patient/*.read for "
                "urn:nhs:names:services:gpconnect:documents:fhir:rest:read:binary-1",
            ),
            400,
        ),
        (
            {"requesting_device": {"resourceType": "Machine"}},
            Denial(
                Reason.INVALID_RESOURCE,
                "The token's requesting_device is not a FHIR resource: its resourceType is no FHIR type",
            ),
            422,
        ),
    ],
    ids=["a claim", "the interaction's scope", "no FHIR resource"],
)
def test_a_bad_claim_is_named(
    claims: dict[str, Any],
    denial: Denial,
    status: int,
    bearer: str,
    request_for: Callable[..., Exchange],
    judge: Callable[..., Verdict],
) -> None:
    exchange = request_for(headers={"Authorization": changed(bearer, **claims)})
    verdict = judge(check, exchange)
    assert verdict == Verdict(Result.FAILED, denial.text, EXPECTED, denial)
    assert denial.form.status == status
    assert exchange.claims is not None  # who asked is wanted all the same


def test_the_leeway_is_the_spines(
    bearer: str, request_for: Callable[..., Exchange], judge: Callable[..., Verdict], spine: Spine
) -> None:
    ended = int(spine.clock.now().timestamp())
    late = changed(bearer, iat=ended - 300, exp=ended)
    strict = judge(check, request_for(headers={"Authorization": late}))
    assert strict.denial == Denial(Reason.BAD_REQUEST, "The token's exp has passed: make a new token for each request")
    lenient = judge(check, request_for(headers={"Authorization": late}), replace(spine, token_leeway_s=1))
    assert lenient.result is Result.PASSED


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (None, "The header Authorization is missing"),
        ("Bearer x", "JWT should have three parts joined by dots, the last may be empty; it has 1"),
    ],
    ids=["no token", "no JWT"],
)
def test_where_tokens_are_only_recorded_a_bad_one_goes_on(
    values: str | None,
    found: str,
    request_for: Callable[..., Exchange],
    judge: Callable[..., Verdict],
    spine: Spine,
) -> None:
    recording = replace(spine, token_enforced=False)
    verdict = judge(check, request_for(headers={"Authorization": values}), recording)
    assert verdict == Verdict(Result.FAILED, found, EXPECTED, denial=None)


def test_where_tokens_are_only_recorded_every_fault_is(
    bearer: str, request_for: Callable[..., Exchange], judge: Callable[..., Verdict], spine: Spine
) -> None:
    bad = changed(bearer, iss="", aud="")
    exchange = request_for(headers={"Authorization": bad})
    verdict = judge(check, exchange, replace(spine, token_enforced=False))
    assert verdict == Verdict(Result.FAILED, "iss is empty; aud is empty", EXPECTED, denial=None)
    assert exchange.claims is not None
