"""The FHIR resources that a token's claims hold, and what makes each the resource it should be.

What is no FHIR resource is answered 422; a real one in the wrong place, or without what the audit needs, 400.

Source: GP Connect 1.6.2, "Cross-organisation audit and provenance"; FHIR STU3 and DSTU2, "Device", "Organization",
"Practitioner", "Patient" (their elements).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssp_emulator.token.claims import identifiers
from ssp_emulator.token.fhir_types import RESOURCE_TYPES
from ssp_emulator.token.parsing import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ssp_emulator.token.parsing import Json
    from ssp_emulator.token.rules import Expected

_EVERY = "resourceType id meta implicitRules language text contained extension modifierExtension"
# STU3's elements and DSTU2's together: a consumer of either is told of a slip, and not of its FHIR version.
_ELEMENTS = {
    "Device": "identifier udi udiCarrier status type lotNumber manufacturer manufactureDate expirationDate expiry "
    "model version patient owner contact location url note safety",
    "Organization": "identifier active type name alias telecom address partOf contact endpoint",
    "Practitioner": "identifier active name telecom address gender birthDate photo qualification communication "
    "practitionerRole",
    "Patient": "identifier active name telecom gender birthDate deceasedBoolean deceasedDateTime address maritalStatus "
    "multipleBirthBoolean multipleBirthInteger photo contact animal communication generalPractitioner careProvider "
    "managingOrganization link",
}
_KNOWN = {name: frozenset(f"{_EVERY} {elements}".split()) for name, elements in _ELEMENTS.items()}

Needs = tuple[tuple[str, "Callable[[Json], bool]"], ...]


class Resource:
    """A claim that holds a FHIR resource of one of some types, with what is needed in it."""

    def __init__(self, claim: str, types: tuple[str, ...], needs: Needs = (), *, optional: bool = False) -> None:
        self.claim = claim
        self.types = types
        self.needs = needs
        self.optional = optional

    def __call__(self, claims: Json, expected: Expected) -> Iterator[Fault]:
        """Yield the faults of the resource: that it is none, is another, or lacks something."""
        if self.claim not in claims:
            if not self._may_be_left_out(expected):
                yield Fault(self.claim, "is missing")
            return
        value = claims[self.claim]
        if (problem := _not_a_resource(value)) is not None:
            yield Fault(self.claim, problem, unprocessable=True)
        elif value["resourceType"] not in self.types:
            kinds = " or ".join(self.types)
            yield Fault(self.claim, f"should be of the type {kinds}, and is of the type {value['resourceType']}")
        elif (strange := _strange_element(value)) is not None:
            yield Fault(self.claim, f"has an element that no such resource has: {strange[:64]!r}", unprocessable=True)
        else:
            yield from (Fault(self.claim, f"should have {what}") for what, there in self.needs if not there(value))

    def _may_be_left_out(self, expected: Expected) -> bool:
        return self.optional and expected.interaction_id.endswith(":gpc.migratestructuredrecord-1")


def _not_a_resource(value: object) -> str | None:
    if not isinstance(value, dict):
        return "is not a FHIR resource"
    kind = value.get("resourceType")
    if kind is None:
        return "is not a FHIR resource: it has no resourceType"
    if not isinstance(kind, str) or kind not in RESOURCE_TYPES:
        return "is not a FHIR resource: its resourceType is no FHIR type"
    return None


def _strange_element(resource: Json) -> str | None:
    known = _KNOWN[resource["resourceType"]]
    if resource.keys() <= known:
        return None
    return next((name for name in resource if name.removeprefix("_") not in known), None)


def has(element: str) -> Callable[[Json], bool]:
    """Make a test for an element that is some text."""
    return lambda resource: isinstance(resource.get(element), str) and bool(resource[element].strip())


def has_identifier(*systems: str) -> Callable[[Json], bool]:
    """Make a test for an identifier with a value, of one of some systems; of any system where none is named."""
    return lambda resource: any(
        value.strip() and (system in systems if systems else system.strip()) for system, value in identifiers(resource)
    )


def has_identifier_under(address: str) -> Callable[[Json], bool]:
    """Make a test for an identifier with a value, of a system that begins with an address."""
    return lambda resource: any(
        value.strip() and system.startswith(address) and system != address for system, value in identifiers(resource)
    )


def has_human_name(resource: Json) -> bool:
    """Tell whether a practitioner has a name with a family and a given name; in DSTU2 each may be a list."""
    names = resource.get("name")
    return any(
        isinstance(name, dict) and _has_text(name.get("family")) and _has_text(name.get("given"))
        for name in (names if isinstance(names, list) else [names])
    )


def _has_text(value: object) -> bool:
    texts = value if isinstance(value, list) else [value]
    return any(isinstance(text, str) and text.strip() for text in texts)
