"""Making tokens, as a consumer does: GP Connect 1.x, unsigned, good for five minutes.

Source: GP Connect 1.6.2, "Cross-organisation audit and provenance" (claims and example payload).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jwt

from ssp_emulator.token.rules import LIFETIME_S

if TYPE_CHECKING:
    from datetime import datetime

    from ssp_emulator.directory.model import Organisation


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a token is for: the provider's service root URL, and the scope that the interaction asks for."""

    audience: str
    scope: str
    reason: str = "directcare"


def claims_for(purpose: Purpose, organisation: Organisation, issuer: str, now: datetime) -> dict[str, Any]:
    """Return the claims of a made-up clinician at an organisation, issued now.

    `issuer` is the URL of the consumer's own system; `now` is aware.
    """
    issued = int(now.timestamp())
    return {
        "iss": issuer,
        "sub": "1",
        "aud": purpose.audience,
        "exp": issued + LIFETIME_S,
        "iat": issued,
        "reason_for_request": purpose.reason,
        "requested_scope": purpose.scope,
        "requesting_device": {
            "resourceType": "Device",
            "identifier": [{"system": f"{issuer}/Id/device", "value": "ssp-emulator"}],
            "model": "SSP emulator consumer",
            "version": "1",
        },
        "requesting_organization": {
            "resourceType": "Organization",
            "identifier": [{"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": organisation.ods}],
            "name": organisation.name,
        },
        "requesting_practitioner": {
            "resourceType": "Practitioner",
            "id": "1",
            "identifier": [
                {"system": "https://fhir.nhs.uk/Id/sds-user-id", "value": "111111111111"},
                {"system": "https://fhir.nhs.uk/Id/sds-role-profile-id", "value": "22222222222222"},
                {"system": f"{issuer}/Id/user", "value": "1"},
            ],
            "name": [{"family": "Emulated", "given": ["Ada"], "prefix": ["Dr"]}],
        },
    }


def unsigned(claims: dict[str, Any]) -> str:
    """Return claims as a token with `alg` none and an empty signature; the dot before that stays."""
    return jwt.encode(claims, "", algorithm="none")
