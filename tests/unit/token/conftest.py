"""Valid claims of each dialect, and what they are held against; tests change one thing of them."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from ssp_emulator.interactions import GP_CONNECT
from ssp_emulator.token.reading import Reading, read
from ssp_emulator.token.rules import Expected

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = 1_772_625_600
ROOT = "https://gp.example.nhs.uk/A20047/STU3/1/gpconnect/documents"
UK, NET = "https://fhir.nhs.uk/Id", "http://fhir.nhs.net/Id"


def practitioner(system: str) -> dict[str, Any]:
    return {
        "resourceType": "Practitioner",
        "id": "1",
        "identifier": [
            {"system": f"{system}/sds-user-id", "value": "111111111111"},
            {"system": f"{system}/sds-role-profile-id", "value": "22222222222222"},
            {"system": "https://consumer.example.nhs.uk/Id/user", "value": "1"},
        ],
        "name": [{"family": "Lovelace", "given": ["Ada"], "prefix": ["Dr"]}],
    }


def gp_connect(**claims: Any) -> dict[str, Any]:
    return {
        "iss": "https://consumer.example.nhs.uk",
        "sub": "1",
        "aud": ROOT,
        "exp": NOW + 300,
        "iat": NOW,
        "reason_for_request": "directcare",
        "requested_scope": "patient/*.read",
        "requesting_device": {
            "resourceType": "Device",
            "identifier": [{"system": "https://consumer.example.nhs.uk/Id/device", "value": "d1"}],
            "model": "Consumer",
            "version": "1.0",
        },
        "requesting_organization": {
            "resourceType": "Organization",
            "identifier": [{"system": f"{UK}/ods-organization-code", "value": "A1001"}],
            "name": "Example Hospital",
        },
        "requesting_practitioner": practitioner(UK),
        **claims,
    }


VALID: dict[str, dict[str, Any]] = {
    "gp-connect-1": gp_connect(),
    "gp-connect-0": gp_connect(
        aud="https://authorize.fhir.nhs.net/token",
        requesting_organization={
            "resourceType": "Organization",
            "identifier": [{"system": f"{NET}/ods-organization-code", "value": "A1001"}],
            "name": "Example Hospital",
        },
        requesting_practitioner={
            **practitioner("http://fhir.nhs.net"),
            "name": {"family": ["Lovelace"], "given": ["Ada"]},
        },
        requested_record={
            "resourceType": "Patient",
            "identifier": [{"system": f"{NET}/nhs-number", "value": "9000000009"}],
        },
    ),
    "spine-core": {
        "iss": "https://consumer.example.nhs.uk",
        "sub": f"{UK}/sds-role-profile-id|22222222222222",
        "aud": "https://gp.example.nhs.uk",
        "exp": NOW + 300,
        "iat": NOW,
        "reason_for_request": "directcare",
        "scope": "patient/*.read",
        "requesting_system": f"{UK}/accredited-system|200000000115",
        "requesting_organization": f"{UK}/ods-organization-code|A1001",
        "requesting_user": f"{UK}/sds-role-profile-id|22222222222222",
    },
}


@pytest.fixture
def expected() -> Expected:
    return Expected(
        asid="200000000115",
        root=ROOT,
        interaction_id=f"{GP_CONNECT}documents:fhir:rest:read:binary-1",
        scope="patient/*.read",
        now=NOW + 0.5,
    )


@pytest.fixture
def valid() -> Callable[[str], dict[str, Any]]:
    """Valid claims of a dialect, to change at will."""
    return lambda dialect: json.loads(json.dumps(VALID[dialect]))


@pytest.fixture
def encode() -> Callable[..., str]:
    """Write an Authorization header of our own making, so that it can be wrong in any way."""

    def part(value: Any) -> str:
        raw = value if isinstance(value, bytes) else json.dumps(value).encode()
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    def encode(claims: Any, header: Any = {"alg": "none", "typ": "JWT"}, signature: bytes = b"") -> str:  # noqa: B006
        return f"Bearer {part(header)}.{part(claims)}.{part(signature)}"

    return encode


@pytest.fixture
def faults(encode: Callable[..., str], expected: Expected) -> Callable[..., list[tuple[str, bool]]]:
    """The faults of some claims, as (text, whether it is a 422)."""

    def faults(claims: dict[str, Any], against: Expected = expected) -> list[tuple[str, bool]]:
        reading: Reading = read(encode(claims), against)
        return [(str(fault), fault.unprocessable) for fault in reading.faults]

    return faults
