"""Making tokens, as a consumer does: GP Connect 1.x, good for five minutes, unsigned or signed.

Source: GP Connect 1.6.2, "Cross-organisation audit and provenance" (claims and example payload); RFC 7515, 5.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from ssp_emulator.token.rules import LIFETIME_S
from ssp_emulator.token.signing import algorithms_of

if TYPE_CHECKING:
    from datetime import datetime

    from jwt.algorithms import AllowedPrivateKeys

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


def signed(claims: dict[str, Any], key_pem: bytes, algorithm: str | None = None) -> str:
    """Return claims as a token that is signed with a private key.

    Takes the key's PEM, unencrypted; and the algorithm, else the most usual one for the key's type: RS256, ES256,
    ES384, ES512 or EdDSA. Raises `ValueError`, a sentence on the key that holds nothing of it, where it cannot be used.

    Source: RFC 7515, 5.1 and 7.1.
    """
    try:
        key = load_pem_private_key(key_pem, password=None)
    except TypeError as error:
        raise ValueError("should have no password: `openssl pkey -in FILE` prints it without") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError("should be a private key (PEM), such as `openssl genpkey` makes") from error
    permitted = algorithms_of(key.public_key())
    chosen = permitted[0] if algorithm is None else algorithm
    if chosen not in permitted:
        raise ValueError(f"should be a key for {chosen}, found one for {', '.join(permitted)}")
    return jwt.encode(claims, cast("AllowedPrivateKeys", key), algorithm=chosen)  # algorithms_of let no other pass
