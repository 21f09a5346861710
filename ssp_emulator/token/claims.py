"""What the audit keeps of a token's claims: the same few facts, whatever the dialect and however wrong the token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ssp_emulator.token.parsing import Json

_ODS_SYSTEMS = ("https://fhir.nhs.uk/Id/ods-organization-code", "http://fhir.nhs.net/Id/ods-organization-code")
_USER_SYSTEMS = ("https://fhir.nhs.uk/Id/sds-user-id", "http://fhir.nhs.net/sds-user-id")
_ROLE_SYSTEMS = (
    "https://fhir.nhs.uk/Id/sds-role-profile-id",
    "http://fhir.nhs.net/Id/sds-role-profile-id",
    "http://fhir.nhs.net/sds-role-profile-id",
)


@dataclass(frozen=True, slots=True)
class Claims:
    """Who asks, in what role, for which organisation, from which device, why and for what; None where not said."""

    dialect: str
    user: str | None = None
    role: str | None = None
    organisation: str | None = None
    device: str | None = None
    reason: str | None = None
    scope: str | None = None


def of_gp_connect(dialect: str, claims: Json) -> Claims:
    """Take the facts out of GP Connect's claims, which hold FHIR resources."""
    practitioner = identifiers(claims.get("requesting_practitioner"))
    organisation = identifiers(claims.get("requesting_organization"))
    return Claims(
        dialect=dialect,
        user=_of(practitioner, _USER_SYSTEMS) or _text(claims.get("sub")),
        role=_of(practitioner, _ROLE_SYSTEMS),
        organisation=_of(organisation, _ODS_SYSTEMS),
        device=_device(claims.get("requesting_device")),
        reason=_text(claims.get("reason_for_request")),
        scope=_text(claims.get("requested_scope")),
    )


def of_spine_core(dialect: str, claims: Json) -> Claims:
    """Take the facts out of Spine Core's claims, which hold identifiers as `system|value`."""
    user = _text(claims.get("requesting_user"))
    return Claims(
        dialect=dialect,
        user=user or _text(claims.get("requesting_patient")),
        role=_value(user) if user is not None and user.rpartition("|")[0] in _ROLE_SYSTEMS else None,
        organisation=_value(_text(claims.get("requesting_organization"))),
        device=_text(claims.get("requesting_system")),
        reason=_text(claims.get("reason_for_request")),
        scope=_text(claims.get("scope")),
    )


def identifiers(resource: object) -> list[tuple[str, str]]:
    """Return a resource's identifiers as (system, value), leaving out what is none."""
    found = resource.get("identifier") if isinstance(resource, dict) else None
    entries = found if isinstance(found, list) else [found]
    return [
        (entry["system"], entry["value"])
        for entry in entries
        if isinstance(entry, dict) and isinstance(entry.get("system"), str) and isinstance(entry.get("value"), str)
    ]


def _of(found: list[tuple[str, str]], systems: tuple[str, ...]) -> str | None:
    return next((value for system, value in found if value and system in systems), None)


def _device(resource: object) -> str | None:
    if not isinstance(resource, dict):
        return None
    named = " ".join(filter(None, (_text(resource.get("model")), _text(resource.get("version")))))
    return named or next((value for _, value in identifiers(resource) if value), None)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _value(identifier: str | None) -> str | None:
    return identifier.rpartition("|")[2] or None if identifier is not None else None
