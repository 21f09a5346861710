"""A token read and judged as a whole."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ssp_emulator.interactions import GP_CONNECT
from ssp_emulator.token.dialects import FRESH, dialect_of
from ssp_emulator.token.reading import claims_of, read
from ssp_emulator.token.signing import VerificationKey

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssp_emulator.token.rules import Expected

    Valid = Callable[[str], dict[str, Any]]

DIALECTS = ["gp-connect-1", "gp-connect-0", "spine-core"]
READ, HTML = f"{GP_CONNECT}documents:fhir:rest:read:binary-1", f"{GP_CONNECT}fhir:operation:gpc.getcarerecord"
CLAIMS = {
    "iss", "sub", "aud", "exp", "iat", "reason_for_request", "requested_scope", "scope", "requesting_device",
    "requesting_organization", "requesting_practitioner", "requested_record", "requesting_system",
    "requesting_user", "requesting_patient",
}  # fmt: skip
PARTS = {"Authorization", "JWT", "JWT header", "JWT claims", "JWT signature", "alg", "typ"}


@pytest.mark.parametrize(
    ("header", "signature", "fault"),
    [
        ({"alg": "none"}, b"", None),
        ({"alg": "none", "typ": "jwt"}, b"", None),
        ({"alg": "HS256", "typ": "JWT"}, b"", "alg should be none: the token is not signed"),
        ({"alg": "None", "typ": "JWT"}, b"", "alg should be none: the token is not signed"),
        ({"typ": "JWT"}, b"", "alg should be none: the token is not signed"),
        ({"alg": ["none"]}, b"", "alg should be none: the token is not signed"),
        ({"alg": "none", "typ": "JWE"}, b"", "typ should be JWT"),
        ({"alg": "none", "typ": None}, b"", "typ should be JWT"),
        ({"alg": "none", "typ": "JWT"}, b"x", "JWT signature should be empty, with the dot before it kept"),
    ],
)
def test_the_header_says_that_the_token_is_unsigned_and_so_it_is(
    header: dict[str, Any],
    signature: bytes,
    fault: str | None,
    valid: Valid,
    encode: Callable[..., str],
    expected: Expected,
) -> None:
    reading = read(encode(valid("gp-connect-1"), header, signature), expected)
    assert [str(found) for found in reading.faults] == ([] if fault is None else [fault])
    assert reading.claims is not None


def test_what_is_no_token_has_one_fault_and_no_claims(expected: Expected) -> None:
    reading = read("Bearer x", expected)
    assert reading.claims is None
    (fault,) = reading.faults
    assert (fault.claim, fault.unprocessable) == ("JWT", False)
    assert claims_of("Bearer x") is None


def test_a_bad_token_still_says_who_asks(valid: Valid, encode: Callable[..., str], expected: Expected) -> None:
    token = encode({**valid("gp-connect-1"), "exp": 0})
    reading = read(token, expected)
    assert reading.faults
    assert reading.claims == claims_of(token)
    assert reading.claims is not None
    assert reading.claims.organisation == "A1001"


def test_faults_stand_in_the_order_of_the_rules(valid: Valid, encode: Callable[..., str], expected: Expected) -> None:
    claims = {**valid("gp-connect-1"), "aud": "", "iss": "", "requesting_device": {}, "reason_for_request": "x"}
    reading = read(encode(claims, {"alg": "x"}, b"x"), expected)
    assert [fault.claim for fault in reading.faults] == [
        "alg", "JWT signature", "iss", "aud", "reason_for_request", "requesting_device"
    ]  # fmt: skip


def test_what_is_known_of_claims_that_recur_is_no_verdict_on_the_next_token(
    valid: Valid, encode: Callable[..., str], expected: Expected
) -> None:
    claims = valid("gp-connect-1")
    first = encode({**claims, "jti": "1"})
    assert read(first, expected).faults == ()
    late = encode({**claims, "iat": claims["iat"] - 300, "exp": claims["exp"] - 300, "jti": "2"})
    odd = encode({**claims, "exp": claims["exp"] + 1, "jti": "3"})
    for token, against, faults in (
        (late, expected, ["exp has passed: make a new token for each request"]),
        (odd, expected, ["exp should be iat + 300 seconds"]),
        (encode({**claims, "iat": "1", "jti": "4"}), expected, ["iat should be a whole number of Unix seconds"]),
        (first, expected._replace(scope="patient/*.write"), [f"requested_scope should be patient/*.write for {READ}"]),
        (first, expected._replace(root="https://x"), ["aud should be the provider's service root URL, https://x"]),
        (first, expected._replace(interaction_id=HTML), ["requested_record is missing"]),
        (first, expected, []),
    ):
        reading = read(token, against)
        assert [str(fault) for fault in reading.faults] == faults
        assert reading.claims == claims_of(first)


def test_the_system_that_sends_is_told_from_another_that_sends_the_same_claims(
    valid: Valid, encode: Callable[..., str], expected: Expected
) -> None:
    token = encode(valid("spine-core"))
    assert read(token, expected).faults == ()
    (fault,) = read(token, expected._replace(asid="200000000999")).faults
    assert fault.claim == "requesting_system"
    assert read(token, expected).faults == ()


class Looked(dict[str, Any]):
    """Claims that keep which of them were looked at."""

    def __init__(self, claims: dict[str, Any]) -> None:
        super().__init__(claims)
        self.names: set[object] = set()

    def __getitem__(self, name: str) -> Any:
        self.names.add(name)
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        self.names.add(name)
        return super().__contains__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self.names.add(name)
        return super().get(name, default)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("spoilt", [None, "", "x"])
def test_only_the_rules_of_fresh_claims_look_at_any_or_at_the_time(
    dialect: str, spoilt: str | None, valid: Valid, expected: Expected
) -> None:
    fresh = {"exp", "iat", "nbf", "jti"}
    of_system = {name: getattr(expected, name) for name in ("asid", "root", "interaction_id", "scope")}
    claims = valid(dialect)
    claims = claims if spoilt is None else dict.fromkeys(claims, spoilt)
    for rule in dialect_of(claims).rules:
        looked = Looked(claims)
        list(rule(looked, expected if rule in FRESH else cast("Expected", SimpleNamespace(**of_system))))
        assert bool(looked.names & fresh) == (rule in FRESH)


PRIVATE = ec.generate_private_key(ec.SECP256R1())
KEY = VerificationKey(PRIVATE.public_key())
UNSIGNED = "alg should be ES256: this sender's tokens are signed"


def signed(claims: dict[str, Any], **header: Any) -> str:
    return f"Bearer {jwt.encode(claims, PRIVATE, algorithm='ES256', headers=header)}"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_signed_token_of_a_sender_with_a_key_has_no_fault(dialect: str, valid: Valid, expected: Expected) -> None:
    reading = read(signed(valid(dialect)), expected._replace(key=KEY))
    assert reading.faults == ()
    assert reading.claims is not None
    assert reading.claims.dialect == dialect


def test_a_signed_token_of_a_sender_without_one_is_not_unsigned(valid: Valid, expected: Expected) -> None:
    reading = read(signed(valid("gp-connect-1")), expected)
    assert [(str(fault), fault.refused_always) for fault in reading.faults] == [
        ("alg should be none: the token is not signed", False),
        ("JWT signature should be empty, with the dot before it kept", False),
    ]


def test_of_a_sender_with_a_key_the_signature_comes_first_and_alone_is_refused_always(
    valid: Valid, encode: Callable[..., str], expected: Expected
) -> None:
    claims = {**valid("gp-connect-1"), "aud": "", "iss": ""}
    reading = read(encode(claims, {"alg": "none", "typ": "JWE"}), expected._replace(key=KEY))
    assert [(str(fault), fault.refused_always) for fault in reading.faults] == [
        (UNSIGNED, True),
        ("typ should be JWT", False),
        ("iss is empty", False),
        ("aud is empty", False),
    ]
    assert reading.claims is not None  # who asks is wanted all the same


def test_a_good_signature_makes_no_claim_right(valid: Valid, expected: Expected) -> None:
    reading = read(signed({**valid("gp-connect-1"), "iss": ""}, typ="JWE"), expected._replace(key=KEY))
    assert [(str(fault), fault.refused_always) for fault in reading.faults] == [
        ("typ should be JWT", False),
        ("iss is empty", False),
    ]


@pytest.mark.parametrize(
    "authorization", ["", "Bearer x", "Basic dTpw", "Bearer e30.e30", "Bearer e30.e30.!", "Bearer W10.e30."]
)
def test_of_a_sender_with_a_key_what_is_no_token_is_refused_always(authorization: str, expected: Expected) -> None:
    (without,), (fault,) = read(authorization, expected).faults, read(authorization, expected._replace(key=KEY)).faults
    assert (str(fault), fault.refused_always) == (str(without), True)
    assert without.refused_always is False


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "1", "UNK", "Device", "Patient", "https://[", "a|b", "|", "conf/N", "patient/*.read"])
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["resourceType", "identifier", "system", "value", "name", "family", "id", "model", ""]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
PATHS = st.lists(st.sampled_from(["identifier", "name", "resourceType", "id", "model", "value", 0]), max_size=3)


def mutated(claims: dict[str, Any], claim: str, path: list[str | int], value: object) -> None:
    at: Any = claims
    keys: list[str | int] = [claim, *path]
    for key in keys[:-1]:
        inner = at.get(key) if isinstance(at, dict) else at[0] if isinstance(at, list) and at else None
        if not isinstance(inner, dict | list):
            break
        at = inner
    if isinstance(at, dict):
        at[str(keys[-1])] = value
    elif at:
        at[0] = value


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(DIALECTS), st.sampled_from(sorted(CLAIMS)), PATHS, VALUES, st.booleans())
@example("gp-connect-1", "requesting_device", ["resourceType"], {}, False)
def test_whatever_is_changed_every_fault_names_a_claim_or_a_part(
    valid: Valid,
    encode: Callable[..., str],
    expected: Expected,
    dialect: str,
    claim: str,
    path: list[str | int],
    value: object,
    gone: bool,
) -> None:
    claims = valid(dialect)
    mutated(claims, claim, path, value)
    if gone:
        claims.pop(claim, None)
    reading = read(encode(claims), expected)
    assert reading.claims is not None
    assert {fault.claim for fault in reading.faults} <= CLAIMS
    assert all(str(fault).startswith(fault.claim) for fault in reading.faults)
    json.dumps(str(reading.faults))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(DIALECTS), st.integers(0, 3000), st.text(min_size=1, max_size=3))
def test_a_token_with_some_of_its_letters_changed_is_read_or_refused(
    valid: Valid, encode: Callable[..., str], expected: Expected, dialect: str, place: int, letters: str
) -> None:
    token = encode(valid(dialect))
    place %= len(token)
    reading = read(token[:place] + letters + token[place + len(letters) :], expected)
    assert {fault.claim for fault in reading.faults} <= CLAIMS | PARTS
