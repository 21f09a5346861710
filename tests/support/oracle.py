"""Whether a token is good, by the specification alone: it knows nothing of the package, and shares nothing with it.

Source: GP Connect 1.6.2, "Cross-organisation audit and provenance" and "Error handling"; Spine Core, "Security
guidance: JWT".
"""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any

from support import setup
from support.tokens import AUTHORIZE, NET, SYSTEM, UK, NoTokenError, decoded

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.tokens import Claims, Way

# Which other claims an error may name where this one was changed: those that are held against it, and where it tells
# the dialect, the first that another dialect wants otherwise.
DEPENDENTS = {
    "iat": {"exp"},
    "requesting_practitioner": {"sub"},
    "requesting_user": {"sub"},
    "requesting_patient": {"sub", "reason_for_request"},
    "requesting_system": {"sub", "scope"},
    "requested_record": {"aud"},
}
# Those that can come about here; FHIR's own lists are longer.
_EVERY = {"resourceType", "id", "text", "identifier"}
_NAMED = {*_EVERY, "name", "telecom"}
RESOURCES = {"requested_record", "requesting_device", "requesting_organization", "requesting_practitioner"}
ELEMENTS = {
    "Device": {*_EVERY, "model", "version"}, "Organization": _NAMED, "Practitioner": _NAMED, "Patient": _NAMED,
}  # fmt: skip
# A URL that is surely none, and one that surely is: between the two the oracle has no opinion.
NO_URL, URL = re.compile(r"(?!https?://)|.*\s", re.DOTALL), re.compile(r"https?://[a-z0-9][a-z0-9.]*(/[A-Za-z0-9/]*)?")


def is_text(value: Any) -> bool:
    return isinstance(value, str) and value.strip() != ""


def is_whole(value: Any) -> bool:
    return type(value) is int


def has_identifier(resource: Any, is_system: Callable[[str], bool]) -> bool:
    entries = resource.get("identifier")
    return any(
        isinstance(entry, dict) and is_text(entry.get("value")) and is_text(entry.get("system"))
        and is_system(entry["system"])
        for entry in (entries if isinstance(entries, list) else [entries])
    )  # fmt: skip


def has_name(resource: Any) -> bool:
    names = resource.get("name")
    return any(
        isinstance(name, dict)
        and all(
            any(map(is_text, found if isinstance(found := name.get(which), list) else [found]))
            for which in ("family", "given")
        )
        for name in (names if isinstance(names, list) else [names])
    )


def is_resource(value: Any, *kinds: str) -> bool:
    kind = value.get("resourceType") if isinstance(value, dict) else None
    return kind in kinds and {name.removeprefix("_") for name in value} <= ELEMENTS[kind]


def is_good_gp_connect(claims: Claims, *, older: bool) -> bool:
    device, organisation = claims.get("requesting_device"), claims.get("requesting_organization")
    practitioner, record = claims.get("requesting_practitioner"), claims.get("requested_record")
    scopes = str(claims.get("requested_scope")).split(" ")
    any_system, reasons = (lambda _: True), ["directcare"] if older else ["directcare", "migration"]
    return (
        is_resource(device, "Device") and has_identifier(device, any_system)
        and is_text(device.get("model")) and is_text(device.get("version"))
        and is_resource(organisation, "Organization") and is_text(organisation.get("name"))
        and has_identifier(organisation, any_system if older else f"{UK}/ods-organization-code".__eq__)
        and is_resource(practitioner, "Practitioner") and has_name(practitioner)
        and has_identifier(practitioner, any_system if older else f"{UK}/sds-user-id".__eq__)
        and is_text(practitioner.get("id")) and claims["sub"] == practitioner["id"]
        and claims.get("aud") in ([AUTHORIZE] if older else [AUTHORIZE, setup.ROOT])
        and claims.get("reason_for_request") in reasons and isinstance(claims.get("requested_scope"), str)
        and sorted(scopes) in [["patient/*.read"], ["conf/N", "patient/*.read"], ["conf/R", "patient/*.read"]]
        and (not older or (
            is_resource(record, "Patient", "Organization")
            and has_identifier(record, lambda system: system.startswith(f"{NET}/") and system != f"{NET}/")
        ))
    )  # fmt: skip


def is_good_spine_core(claims: Claims) -> bool:
    def holds(name: str, *systems: str) -> bool:
        value = claims.get(name)
        return isinstance(value, str) and any(value.startswith(it) and is_text(value[len(it) :]) for it in systems)

    system, _, user = str(claims.get("requesting_user")).partition("|")
    by_user, by_patient = "requesting_user" in claims, "requesting_patient" in claims
    requesters = [
        claims[name] for name in ("requesting_user", "requesting_patient", "requesting_system") if name in claims
    ]
    return (
        claims.get("requesting_system") == SYSTEM and holds("requesting_organization", f"{UK}/ods-organization-code|")
        and (not by_user or (isinstance(claims["requesting_user"], str) and is_text(system) and is_text(user)))
        and (not by_patient or holds("requesting_patient", f"{UK}/nhs-number|", f"{NET}/nhs-number|"))
        and not (by_user and by_patient) and claims["sub"] in requesters and is_text(claims.get("aud"))
        and claims.get("reason_for_request") in (["patientaccess"] if by_patient else ["directcare", "secondaryuses"])
        and claims.get("scope") in ["patient/*.read", "patient/*.write"]
    )  # fmt: skip


def is_good(claims: Claims, way: Way) -> bool | None:
    """Tell whether claims are good, by the specification alone; None where it leaves open what a URL is."""
    iss, iat, exp = claims.get("iss"), claims.get("iat"), claims.get("exp")
    if not isinstance(iss, str) or NO_URL.match(iss) or not is_text(claims.get("sub")):
        return False
    if not (is_whole(iat) and is_whole(exp) and exp == iat + 300 and exp > time.time()):
        return False
    if "requested_record" in claims or way.interaction == setup.GET_HTML:
        good = is_good_gp_connect(claims, older=True)
    elif "requesting_system" in claims:
        good = is_good_spine_core(claims)
    else:
        good = is_good_gp_connect(claims, older=False)
    return None if good and not URL.fullmatch(iss) else good


def foretold(value: str, valid: Claims, way: Way) -> tuple[bool | None, set[str]]:
    """Return whether a token should pass, and the names that an error of it may have."""
    try:
        header, claims, signature = decoded(value)
    except NoTokenError as error:
        return False, {str(error)}
    if header.get("alg") != "none":
        return False, {"alg"}
    if str(header.get("typ", "JWT")).upper() != "JWT":
        return False, {"typ"}
    if signature:
        return False, {"JWT signature"}
    written = [{name: json.dumps(each) for name, each in some.items()} for some in (valid, claims)]
    touched = {name for name, _ in set(written[0].items()) ^ set(written[1].items())}
    return is_good(claims, way), touched.union(*(DEPENDENTS.get(name, set()) for name in touched))
