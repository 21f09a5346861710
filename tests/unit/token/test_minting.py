"""Tokens as we make them are tokens as we read them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import jwt
import pytest

from ssp_emulator.directory.model import Organisation
from ssp_emulator.token.minting import Purpose, claims_for, unsigned
from ssp_emulator.token.reading import read

if TYPE_CHECKING:
    from ssp_emulator.token.rules import Expected

HOSPITAL = Organisation("A1001", "Example Hospital")


def moment(expected: Expected) -> datetime:
    return datetime.fromtimestamp(expected.now, UTC)


@pytest.mark.parametrize("reason", ["directcare", "migration"])
def test_a_minted_token_has_no_fault(reason: str, expected: Expected) -> None:
    purpose = Purpose(expected.root, "patient/*.read", reason)
    token = unsigned(claims_for(purpose, HOSPITAL, "https://consumer.example.nhs.uk", moment(expected)))
    reading = read(f"Bearer {token}", expected)
    assert reading.faults == ()
    assert reading.claims is not None
    assert (reading.claims.organisation, reading.claims.reason) == ("A1001", reason)


def test_a_minted_token_is_read_by_others_too_and_ends_with_its_dot(expected: Expected) -> None:
    claims = claims_for(Purpose(expected.root, "patient/*.read"), HOSPITAL, "https://c", moment(expected))
    token = unsigned(claims)
    assert token.endswith(".")
    assert token.count(".") == 2
    assert jwt.get_unverified_header(token) == {"alg": "none", "typ": "JWT"}
    assert jwt.decode(token, options={"verify_signature": False}) == claims


def test_its_times_are_whole_seconds_whatever_the_time_zone(expected: Expected) -> None:
    elsewhere = moment(expected).astimezone(timezone(timedelta(hours=5, minutes=30)))
    claims = claims_for(Purpose(expected.root, "patient/*.read"), HOSPITAL, "https://c", elsewhere)
    assert (claims["iat"], claims["exp"]) == (int(expected.now), int(expected.now) + 300)


def test_for_another_purpose_it_is_refused(expected: Expected) -> None:
    purpose = Purpose("https://other.example.nhs.uk", "patient/*.write")
    token = unsigned(claims_for(purpose, HOSPITAL, "https://c", moment(expected)))
    faults = read(f"Bearer {token}", replace(expected, now=expected.now + 300)).faults
    assert [fault.claim for fault in faults] == ["exp", "aud", "requested_scope"]
