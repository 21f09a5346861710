"""The token of a consumer at an example hospital (GP Connect 1.6.2, "Cross-organisation audit and provenance")."""

from __future__ import annotations

import time
from dataclasses import dataclass

import jwt

_ISSUER = "https://consumer.example.nhs.uk"


@dataclass(frozen=True)
class User:
    """Who is asking."""

    sds_user_id: str = "555021935107"
    sds_role_profile_id: str = "200102407104"
    family: str = "Okafor"
    given: str = "Ngozi"


def token_for(audience: str, scope: str, user: User) -> str:
    """Return an unsigned token for a provider's service root URL and a scope, good for five minutes."""
    now = int(time.time())
    return jwt.encode(
        {
            "iss": _ISSUER,
            "sub": user.sds_user_id,
            "aud": audience,
            "exp": now + 300,
            "iat": now,
            "reason_for_request": "directcare",
            "requested_scope": scope,
            "requesting_device": {
                "resourceType": "Device",
                "identifier": [{"system": f"{_ISSUER}/Id/device", "value": "clinic-1"}],
                "model": "Example viewer",
                "version": "2.4",
            },
            "requesting_organization": {
                "resourceType": "Organization",
                "identifier": [{"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "A1001"}],
                "name": "Example Hospital",
            },
            "requesting_practitioner": {
                "resourceType": "Practitioner",
                "id": user.sds_user_id,
                "identifier": [
                    {"system": "https://fhir.nhs.uk/Id/sds-user-id", "value": user.sds_user_id},
                    {"system": "https://fhir.nhs.uk/Id/sds-role-profile-id", "value": user.sds_role_profile_id},
                    {"system": f"{_ISSUER}/Id/user", "value": user.sds_user_id},
                ],
                "name": [{"family": user.family, "given": [user.given]}],
            },
        },
        "",
        algorithm="none",
    )
