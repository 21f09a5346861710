"""The rules that the dialects share, each held against the fault it names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssp_emulator.token.rules import Expected

    Faults = Callable[..., list[tuple[str, bool]]]


EVERY_DIALECT = pytest.mark.parametrize("dialect", ["gp-connect-1", "gp-connect-0", "spine-core"])
URL, WHOLE = "should be the URL of the system that made the token", "should be a whole number of Unix seconds"
FIVE_MINUTES, PASSED = "exp should be iat + 300 seconds", "exp has passed: make a new token for each request"


@EVERY_DIALECT
def test_valid_claims_have_no_fault(dialect: str, valid: Callable[..., dict[str, Any]], faults: Faults) -> None:
    assert faults(valid(dialect)) == []


@EVERY_DIALECT
@pytest.mark.parametrize("claim", ["iss", "sub", "aud", "iat", "exp", "reason_for_request"])
def test_a_missing_claim_is_named_first_as_a_400(
    dialect: str, claim: str, valid: Callable[..., dict[str, Any]], faults: Faults
) -> None:
    claims = valid(dialect)
    del claims[claim]
    assert faults(claims)[0] == (f"{claim} is missing", False)


@EVERY_DIALECT
@pytest.mark.parametrize("claim", ["iss", "sub", "aud", "iat", "exp", "reason_for_request"])
@pytest.mark.parametrize("value", ["", None, [], {}], ids=["text", "null", "list", "object"])
def test_an_empty_claim_is_named_first_as_a_400(
    dialect: str, claim: str, value: object, valid: Callable[..., dict[str, Any]], faults: Faults
) -> None:
    assert faults({**valid(dialect), claim: value})[0] == (f"{claim} is empty", False)


@pytest.mark.parametrize("claim", ["iss", "sub", "aud", "iat", "exp", "reason_for_request", "requested_scope"])
def test_a_missing_claim_is_one_fault(claim: str, valid: Callable[..., dict[str, Any]], faults: Faults) -> None:
    claims = valid("gp-connect-1")
    del claims[claim]
    assert faults(claims) == [(f"{claim} is missing", False)]


@pytest.mark.parametrize(
    ("claim", "value", "fault"),
    [
        ("iss", "consumer", f"iss {URL}"),
        ("iss", "urn:consumer", f"iss {URL}"),
        ("iss", "https://", f"iss {URL}"),
        ("iss", "https://[", f"iss {URL}"),
        ("iss", "ftp://consumer.example", f"iss {URL}"),
        ("iss", "https://:443", f"iss {URL}"),
        ("iss", "https://user@", f"iss {URL}"),
        ("iss", "https://consumer.example:port", f"iss {URL}"),
        ("iss", "https://consumer.example:65536", f"iss {URL}"),
        ("iss", "https://consumer.example:0", f"iss {URL}"),
        ("iss", " https://consumer.example", f"iss {URL}"),
        ("iss", "https://consumer.exa\nmple", f"iss {URL}"),
        ("iss", "https://consumer.example/\ud800", f"iss {URL}"),
        ("iss", 7, f"iss {URL}"),
        ("sub", 1, "sub should be the id of the user"),
        ("sub", "  ", "sub should be the id of the user"),
        ("sub", "2", "sub should be the id of requesting_practitioner"),
        ("iat", "1772625600", f"iat {WHOLE}"),
        ("iat", 1_772_625_600.0, f"iat {WHOLE}"),
        ("iat", True, f"iat {WHOLE}"),
        ("exp", "1772625900", f"exp {WHOLE}"),
        ("exp", 1_772_625_900.5, f"exp {WHOLE}"),
        ("exp", True, f"exp {WHOLE}"),
        ("reason_for_request", "Directcare", "reason_for_request should be directcare or migration"),
        ("reason_for_request", "patientaccess", "reason_for_request should be directcare or migration"),
        ("reason_for_request", ["directcare"], "reason_for_request should be directcare or migration"),
    ],
)
def test_a_wrong_value_is_told_what_is_right(
    claim: str, value: object, fault: str, valid: Callable[..., dict[str, Any]], faults: Faults
) -> None:
    assert faults({**valid("gp-connect-1"), claim: value})[0] == (fault, False)


@EVERY_DIALECT
@pytest.mark.parametrize(
    ("iat_from_now", "lifetime", "found"),
    [
        (0, 300, []),
        (200, 300, []),
        (100_000, 300, []),
        (-299, 300, []),
        (-300, 300, [PASSED]),
        (-600, 300, [PASSED]),
        (0, 301, [FIVE_MINUTES]),
        (0, 299, [FIVE_MINUTES]),
        (0, 0, [FIVE_MINUTES, PASSED]),
        (0, -1, [FIVE_MINUTES, PASSED]),
        (-600, 1200, [FIVE_MINUTES]),
    ],
    ids=[
        "now", "iat 200 s ahead", "iat a day ahead", "the last second", "just passed", "iat 600 s ago", "exp +301",
        "exp +299", "exp at iat", "exp -1", "old and stretched",
    ],
)  # fmt: skip
def test_a_token_lives_five_minutes(
    dialect: str,
    iat_from_now: int,
    lifetime: int,
    found: list[str],
    valid: Callable[..., dict[str, Any]],
    faults: Faults,
) -> None:
    claims = valid(dialect)
    iat = claims["iat"] + iat_from_now
    assert faults({**claims, "iat": iat, "exp": iat + lifetime}) == [(fault, False) for fault in found]


@pytest.mark.parametrize(
    ("late_s", "leeway_s", "found"),
    [
        (-0.001, 0, []),
        (0, 0, [(PASSED, False)]),
        (0, 1, []),
        (59.9, 60, []),
        (60, 60, [(PASSED, False)]),
    ],
)
def test_the_leeway_is_to_the_second_and_on_its_end_too_late(
    late_s: float,
    leeway_s: int,
    found: list[tuple[str, bool]],
    valid: Callable[..., dict[str, Any]],
    expected: Expected,
    faults: Faults,
) -> None:
    claims = valid("gp-connect-1")
    assert faults(claims, expected._replace(now=claims["exp"] + late_s, leeway_s=leeway_s)) == found


@pytest.mark.parametrize(
    ("dialect", "aud", "found"),
    [
        ("gp-connect-1", "https://gp.example.nhs.uk/A20047/STU3/1/gpconnect/documents", None),
        ("gp-connect-1", "https://authorize.fhir.nhs.net/token", None),
        ("gp-connect-1", "https://gp.example.nhs.uk", "the root"),
        ("gp-connect-1", "https://gp.example.nhs.uk/A20047/STU3/1/gpconnect/documents/", "the root"),
        ("gp-connect-1", ["https://authorize.fhir.nhs.net/token"], "the root"),
        ("gp-connect-0", "https://authorize.fhir.nhs.net/token", None),
        ("gp-connect-0", "https://gp.example.nhs.uk/A20047/STU3/1/gpconnect/documents", "fixed"),
        ("spine-core", "anything", None),
        ("spine-core", 7, "text"),
    ],
)
def test_the_audience_of_each_dialect(
    dialect: str, aud: object, found: str | None, valid: Callable[..., dict[str, Any]], faults: Faults
) -> None:
    root = "https://gp.example.nhs.uk/A20047/STU3/1/gpconnect/documents"
    sentences = {
        "the root": f"aud should be the provider's service root URL, {root}",
        "fixed": "aud should be https://authorize.fhir.nhs.net/token",
        "text": "aud should be text",
    }
    assert faults({**valid(dialect), "aud": aud}) == ([(sentences[found], False)] if found is not None else [])
