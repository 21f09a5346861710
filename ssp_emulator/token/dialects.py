"""The three dialects: how each is told, its rules in their order, and what the audit takes out of it.

Source: GP Connect 1.6.2 and 0.7.4, "Cross-organisation audit and provenance"; Spine Core, "Security guidance: JWT";
National Record Locator, "Audit and provenance".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ssp_emulator.interactions import GP_CONNECT
from ssp_emulator.token import rules, spine_core
from ssp_emulator.token.claims import Claims, of_gp_connect, of_spine_core
from ssp_emulator.token.parsing import Fault
from ssp_emulator.token.resources import Resource, has, has_human_name, has_identifier, has_identifier_under
from ssp_emulator.token.rules import AUTHORIZE, OneOf, Required, Rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ssp_emulator.token.parsing import Json
    from ssp_emulator.token.rules import Expected

_SCOPES = ("patient/*.read", "patient/*.write", "organization/*.read", "organization/*.write")
_CONFIDENTIALITY = ("conf/N", "conf/R")

_ODS = "https://fhir.nhs.uk/Id/ods-organization-code"
_USER = "https://fhir.nhs.uk/Id/sds-user-id"
# Without requesting_system, these tell that it was meant to be there.
_SPINE_CORE_ALONE = frozenset({"requesting_user", "requesting_patient", "scope"})
_DSTU2 = "http://fhir.nhs.net/Id/"
_HTML = f"{GP_CONNECT}fhir:operation:gpc.getcarerecord"


@dataclass(frozen=True, slots=True)
class Dialect:
    """A family of APIs: the name that the audit uses, the rules in their order, and the reader of its claims."""

    name: str
    rules: tuple[Rule, ...]
    facts: Callable[[str, Json], Claims]

    def claims(self, claims: Json) -> Claims:
        """Return what the audit keeps of some claims of this dialect."""
        return self.facts(self.name, claims)


def practitioner_is_subject(claims: Json, _: Expected) -> Iterator[Fault]:
    """`sub` is the id of the practitioner who asks."""
    practitioner, subject = claims.get("requesting_practitioner"), claims.get("sub")
    if subject and isinstance(practitioner, dict) and subject != practitioner.get("id"):
        yield Fault("sub", "should be the id of requesting_practitioner")


def requested_scope(claims: Json, expected: Expected) -> Iterator[Fault]:
    """`requested_scope` is one scope, the interaction's, maybe with one for confidential documents."""
    value = claims.get("requested_scope")
    scopes = value.split(" ") if isinstance(value, str) else []
    asked = [scope for scope in scopes if scope in _SCOPES]
    beside = [scope for scope in scopes if scope not in _SCOPES]
    if "requested_scope" not in claims:
        yield Fault("requested_scope", "is missing")
    elif len(asked) != 1 or len(beside) > 1 or any(scope not in _CONFIDENTIALITY for scope in beside):
        yield Fault("requested_scope", f"should be one of {', '.join(_SCOPES)}, maybe with conf/N or conf/R")
    elif expected.scope is not None and asked != [expected.scope]:
        yield Fault("requested_scope", f"should be {expected.scope} for {expected.interaction_id}")


def requested_record_of_html(claims: Json, expected: Expected) -> Iterator[Fault]:
    """Without `requested_record` a token looks like one of 1.x; Access Record: HTML is of 0.x alone, and wants it."""
    if expected.interaction_id == _HTML and "requested_record" not in claims:
        yield Fault("requested_record", "is missing")


# The rules that look at fresh claims, or at the time; all others find the same in claims that recur.
FRESH: tuple[Rule, ...] = (rules.issued_at, rules.expiry)
_COMMON: tuple[Rule, ...] = (rules.issuer, rules.subject, *FRESH)

_DEVICE = Resource(
    "requesting_device",
    ("Device",),
    (
        ("an identifier with system and value", has_identifier()),
        ("a model", has("model")),
        ("a version", has("version")),
    ),
)

GP_CONNECT_1 = Dialect(
    "gp-connect-1",
    (
        *_COMMON,
        requested_record_of_html,
        rules.audience,
        OneOf("reason_for_request", ("directcare", "migration")),
        requested_scope,
        _DEVICE,
        Resource(
            "requesting_organization",
            ("Organization",),
            (("a name", has("name")), (f"an identifier of {_ODS}", has_identifier(_ODS))),
        ),
        Resource(
            "requesting_practitioner",
            ("Practitioner",),
            (
                ("an id", has("id")),
                ("a name with a family name and a given name", has_human_name),
                (f"an identifier of {_USER}", has_identifier(_USER)),
            ),
            optional=True,
        ),
        practitioner_is_subject,
    ),
    of_gp_connect,
)

# DSTU2's identifiers have systems of their own, most of them under one address.
GP_CONNECT_0 = Dialect(
    "gp-connect-0",
    (
        *_COMMON,
        OneOf("aud", (AUTHORIZE,)),
        OneOf("reason_for_request", ("directcare",)),
        requested_scope,
        _DEVICE,
        Resource(
            "requesting_organization",
            ("Organization",),
            (("a name", has("name")), ("an identifier with system and value", has_identifier())),
        ),
        Resource(
            "requesting_practitioner",
            ("Practitioner",),
            (
                ("an id", has("id")),
                ("a name with a family name and a given name", has_human_name),
                ("an identifier with system and value", has_identifier()),
            ),
        ),
        Resource(
            "requested_record",
            ("Patient", "Organization"),
            ((f"an identifier of a system under {_DSTU2}", has_identifier_under(_DSTU2)),),
        ),
        practitioner_is_subject,
    ),
    of_gp_connect,
)

SPINE_CORE = Dialect(
    "spine-core",
    (
        *_COMMON,
        Required("aud"),
        OneOf("reason_for_request", ("directcare", "secondaryuses", "patientaccess")),
        OneOf("scope", ("patient/*.read", "patient/*.write")),
        spine_core.requesting_system,
        spine_core.requesting_organization,
        spine_core.user_or_patient,
        spine_core.subject_is_requester,
    ),
    of_spine_core,
)


def dialect_of(claims: Json) -> Dialect:
    """Tell a token's dialect by the claims that are there; GP Connect 1.x where none of them says otherwise."""
    if "requested_record" in claims:
        return GP_CONNECT_0
    if "requesting_system" in claims or ("requesting_device" not in claims and _SPINE_CORE_ALONE & claims.keys()):
        return SPINE_CORE
    return GP_CONNECT_1
