"""Check 10: a bad token is refused, or where the configuration says so written down."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from ssp_emulator.checks.token import token as check
from ssp_emulator.outcome import Denial, Reason
from ssp_emulator.token.minting import unsigned
from ssp_emulator.token.signing import VerificationKey
from ssp_emulator.verdict import Result, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssp_emulator.exchange import Exchange
    from ssp_emulator.spine import Spine

EXPECTED = "a fresh JSON Web Token with every claim that the audit needs"
PRIVATE, ANOTHER = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))


def claims_in(bearer: str) -> dict[str, Any]:
    payload = bearer.split(".")[1]
    said: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return said


def changed(bearer: str, **claims: Any) -> str:
    return f"Bearer {unsigned({**claims_in(bearer), **claims})}"


def signed(bearer: str, key: ec.EllipticCurvePrivateKey = PRIVATE, **claims: Any) -> str:
    return f"Bearer {jwt.encode({**claims_in(bearer), **claims}, key, algorithm='ES256')}"


@pytest.fixture
def with_key(spine: Spine) -> Spine:
    """A Spine at which the sender is registered with a key."""
    directory = spine.directory
    key = VerificationKey(PRIVATE.public_key())
    sender, receiver = directory.systems
    agreements = [directory.agreement(sender.asid, receiver.asid, sent) for sent in sender.sends]
    systems = [replace(sender, token_key=key), receiver]
    return replace(spine, directory=type(directory)(systems, [agreed for agreed in agreements if agreed is not None]))


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
        ("", "The header Authorization is empty"),
        (["Bearer a", "Bearer b"], "The header Authorization came more than once"),
        ("Basic dTpw", "The header Authorization should be: Bearer, a space, and a JSON Web Token"),
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


# Senders with a key


@pytest.mark.parametrize("enforced", [True, False], ids=["enforce", "record"])
def test_a_sender_with_a_key_signs(
    enforced: bool, bearer: str, request_for: Callable[..., Exchange], judge: Callable[..., Verdict], with_key: Spine
) -> None:
    exchange = request_for(headers={"Authorization": signed(bearer)})
    verdict = judge(check, exchange, replace(with_key, token_enforced=enforced))
    assert verdict == Verdict(Result.PASSED, "gp-connect-1")


@pytest.mark.parametrize("enforced", [True, False], ids=["enforce", "record"])
@pytest.mark.parametrize(
    ("authorization", "text"),
    [
        (lambda _: None, "The header Authorization is missing"),
        (lambda _: "", "The header Authorization is empty"),
        (lambda bearer: [signed(bearer)] * 2, "The header Authorization came more than once"),
        (lambda _: "Basic dTpw", "The header Authorization should be: Bearer, a space, and a JSON Web Token"),
        (
            lambda _: "Bearer x",
            "The token's JWT should have three parts joined by dots, the last may be empty; it has 1",
        ),
        (lambda bearer: bearer, "The token's alg should be ES256: this sender's tokens are signed"),
        (
            lambda bearer: signed(bearer).rpartition(".")[0] + ".",
            "The token's JWT signature is empty: this sender's tokens are signed",
        ),
        (
            lambda bearer: signed(bearer, ANOTHER),
            "The token's JWT signature should be made over this token with the key that is registered for the sender",
        ),
        (
            lambda bearer: signed(bearer, ANOTHER, iss="", requesting_device={}),
            "The token's JWT signature should be made over this token with the key that is registered for the sender",
        ),
    ],
    ids=["missing", "empty", "twice", "another scheme", "no JWT", "unsigned", "cut off", "another key", "more wrong"],
)
def test_without_its_signature_a_token_is_refused_whatever_the_mode(
    enforced: bool,
    authorization: Callable[[str], str | list[str] | None],
    text: str,
    bearer: str,
    request_for: Callable[..., Exchange],
    judge: Callable[..., Verdict],
    with_key: Spine,
) -> None:
    exchange = request_for(headers={"Authorization": authorization(bearer)})
    verdict = judge(check, exchange, replace(with_key, token_enforced=enforced))
    denial = Denial(Reason.BAD_REQUEST, text)
    assert verdict == Verdict(Result.FAILED, text, EXPECTED, denial)
    assert denial.form.status == 400


@pytest.mark.parametrize(
    ("enforced", "denial"),
    [(True, Denial(Reason.BAD_REQUEST, "The token's iss is empty")), (False, None)],
    ids=["enforce", "record"],
)
def test_what_else_is_wrong_with_a_signed_token_is_a_matter_of_the_mode(
    enforced: bool,
    denial: Denial | None,
    bearer: str,
    request_for: Callable[..., Exchange],
    judge: Callable[..., Verdict],
    with_key: Spine,
) -> None:
    exchange = request_for(headers={"Authorization": signed(bearer, iss="", aud="")})
    verdict = judge(check, exchange, replace(with_key, token_enforced=enforced))
    found = denial.text if denial is not None else "iss is empty; aud is empty"
    assert verdict == Verdict(Result.FAILED, found, EXPECTED, denial)


def test_a_sender_without_a_key_signs_nothing(
    bearer: str, request_for: Callable[..., Exchange], judge: Callable[..., Verdict]
) -> None:
    verdict = judge(check, request_for(headers={"Authorization": signed(bearer)}))
    assert verdict.denial == Denial(Reason.BAD_REQUEST, "The token's alg should be none: the token is not signed")


def test_another_organisation_than_the_senders_is_no_failure(
    bearer: str, request_for: Callable[..., Exchange], judge: Callable[..., Verdict]
) -> None:
    another = {
        "resourceType": "Organization",
        "name": "Example",
        "identifier": [{"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "A9"}],
    }
    exchange = request_for(headers={"Authorization": changed(bearer, requesting_organization=another)})

    assert judge(check, exchange) == Verdict(Result.PASSED, "gp-connect-1")
    assert exchange.claims is not None
    assert (exchange.claims.organisation, exchange.notes) == ("A9", [])
