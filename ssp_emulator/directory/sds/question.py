"""A question: what a call of the FHIR face asks for, read out of its query.

A value is written as a token search parameter of FHIR: the system that it is from, a bar, and the value.

Source: FHIR R4 (4.0.1), "Search", 3.1.1.4.10 (token); Spine Directory Service FHIR API, `GET /Device`, `GET /Endpoint`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Mapping

ID = "https://fhir.nhs.uk/Id/"
ODS_CODE = f"{ID}ods-organization-code"
INTERACTION = f"{ID}nhsServiceInteractionId"
PARTY_KEY = f"{ID}nhsMhsPartyKey"

_LONGEST = 100  # characters of what a call says that are said back
_MOST_PARAMETERS = 20


class QuestionError(ValueError):
    """A query is not what it should be; the text says what would be right."""


class Parameter(NamedTuple):
    """A query parameter together with the system that its value is from."""

    name: str
    system: str

    def __str__(self) -> str:
        return f"{self.name}={self.system}|…"


ORGANISATION = Parameter("organization", ODS_CODE)
MANUFACTURER = Parameter("manufacturing-organization", ODS_CODE)
WITH_INTERACTION = Parameter("identifier", INTERACTION)
WITH_PARTY_KEY = Parameter("identifier", PARTY_KEY)

_OF_DEVICES = (ORGANISATION, WITH_INTERACTION, WITH_PARTY_KEY, MANUFACTURER)
_OF_ENDPOINTS = (ORGANISATION, WITH_INTERACTION, WITH_PARTY_KEY)
_LEAST_OF_ENDPOINTS = 2


@dataclass(frozen=True, slots=True)
class Question:
    """What records are looked up by: ODS codes, an interaction id and a party key; None where it is not asked for."""

    organisation: str | None = None
    interaction: str | None = None
    party_key: str | None = None
    manufacturer: str | None = None


def of_devices(query: str) -> Question:
    """Read what AS records are asked for: those of an organisation with an interaction, fewer where more is said.

    Takes a query without its question mark. Raises `QuestionError`.
    """
    values = _read(query, _OF_DEVICES)
    for needed in (ORGANISATION, WITH_INTERACTION):
        if needed not in values:
            raise QuestionError(f"The parameter {needed} is missing")
    return _question(values)


def of_endpoints(query: str) -> Question:
    """Read what MHS records are asked for: by two of organisation, interaction and party key, or by all three.

    Takes a query without its question mark. Raises `QuestionError`.
    """
    values = _read(query, _OF_ENDPOINTS)
    if len(values) < _LEAST_OF_ENDPOINTS:
        wanted = ", ".join(map(str, _OF_ENDPOINTS))
        raise QuestionError(f"Two at least of these parameters should be there: {wanted}; found {len(values)}")
    return _question(values)


def _question(values: Mapping[Parameter, str]) -> Question:
    return Question(*map(values.get, (ORGANISATION, WITH_INTERACTION, WITH_PARTY_KEY, MANUFACTURER)))


def _read(query: str, known: tuple[Parameter, ...]) -> dict[Parameter, str]:
    """Return the values of a query; each parameter is known, from one of its systems, and there once."""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS, errors="strict")
    except ValueError as error:  # UnicodeDecodeError is one of them
        raise QuestionError(
            f"The query should have at most {_MOST_PARAMETERS} parameters, in percent-encoded UTF-8"
        ) from error
    values: dict[Parameter, str] = {}
    for name, text in pairs:
        parameter, value = _value(name, text, [each for each in known if each.name == name], known)
        if parameter in values:
            raise QuestionError(f"The parameter {parameter} should be there once")
        values[parameter] = value
    return values


def _value(name: str, text: str, meant: list[Parameter], known: tuple[Parameter, ...]) -> tuple[Parameter, str]:
    """Return which parameter a pair of the query is, and its value without the system."""
    if not meant:
        names = ", ".join(dict.fromkeys(each.name for each in known))
        raise QuestionError(f"The parameter {_short(name)} is not known here; these are: {names}")
    system, bar, value = text.partition("|")
    for parameter in meant:
        if bar and system == parameter.system:
            if not value:
                raise QuestionError(f"The parameter {parameter} has no value after the bar")
            return parameter, value
    right = " or ".join(map(str, meant))
    raise QuestionError(f"The parameter {name} should be {right}; found {_short(text) or 'nothing'}")


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
