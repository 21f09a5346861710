"""FHIR resources as bytes: the two formats, how a request asks for one, and how each is written.

A resource is a plain `dict` whose keys stand in the order of the FHIR definition, because FHIR's XML form is
a sequence and its JSON form does not mind.

Source: FHIR STU3 (3.0.1), "RESTful API" (content types and encodings), "JSON representation" and
"XML representation".
"""

from __future__ import annotations

import json
import re
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Resource = dict[str, Any]

_NAMESPACE = "http://hl7.org/fhir"


class Format(StrEnum):
    """One of FHIR's two formats; the value is the media type that is sent."""

    JSON = "application/fhir+json;charset=utf-8"
    XML = "application/fhir+xml;charset=utf-8"


_NAMES = {
    "application/fhir+json": Format.JSON,
    "application/json+fhir": Format.JSON,
    "application/json": Format.JSON,
    "text/json": Format.JSON,
    "json": Format.JSON,
    "application/fhir+xml": Format.XML,
    "application/xml+fhir": Format.XML,
    "application/xml": Format.XML,
    "text/xml": Format.XML,
    "xml": Format.XML,
}
# What no XML document may hold, escaped or not. Source: XML 1.0, 2.2.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_WILDCARDS = frozenset({"*/*", "application/*"})


def named(media_type: str) -> Format | None:
    """Tell which format a media type, or a short name as `_format` takes it, stands for.

    Takes `application/fhir+json`, DSTU2's `application/json+fhir`, `application/json`, `json` and their XML
    likes, with or without parameters; a `+` that URL decoding has turned into a space is read as `+`.
    Returns None for anything else.
    """
    bare = media_type.partition(";")[0].strip().lower().replace(" ", "+")
    return _NAMES.get(bare)


def preferred(accept: str, *, default: Format) -> Format | None:
    """Choose a format from the value of an `Accept` field, by quality and then by place.

    A wildcard stands for the default, or for the other where the field speaks of the default itself. Returns None
    where neither format is acceptable.

    Source: RFC 9110, 12.5.1 (the most specific range has precedence; a quality of 0 means not acceptable).
    """
    ranges = list(_ranges(accept))
    spoken_of = {named(media_range) for media_range, _ in ranges}
    others = [default, *(form for form in Format if form is not default)]
    best, best_quality = None, 0.0
    for media_range, quality in ranges:
        meant = named(media_range)
        if media_range in _WILDCARDS:
            meant = next((form for form in others if form not in spoken_of), None)
        if meant is not None and quality > best_quality:
            best, best_quality = meant, quality
    return best


def accepts(accept: str, media_type: str) -> bool:
    """Tell whether the value of an `Accept` field allows a media type, by the most specific range that speaks of it.

    Takes a media type without parameters, in lower case; those of ranges are left out of account, but for the quality.

    Source: RFC 9110, 12.5.1.
    """
    kind = media_type.partition("/")[0]
    qualities = dict(_ranges(accept))
    for media_range in (media_type, f"{kind}/*", "*/*"):
        if media_range in qualities:
            return qualities[media_range] > 0
    return False


def write(resource: Mapping[str, Any], form: Format) -> bytes:
    """Write a resource in the format asked for, in UTF-8."""
    return write_json(resource) if form is Format.JSON else write_xml(resource)


def write_json(resource: Mapping[str, Any]) -> bytes:
    """Write a resource as FHIR JSON; what is no character (half a surrogate pair) becomes a question mark."""
    return json.dumps(resource, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def write_xml(resource: Mapping[str, Any]) -> bytes:
    """Write a resource as FHIR XML: one element a property, in the order in which the keys stand."""
    root = ET.Element(resource["resourceType"], {"xmlns": _NAMESPACE})
    _fill(root, resource)
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _ranges(accept: str) -> Iterator[tuple[str, float]]:
    for part in accept.split(","):
        media_range, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name.strip() == "q":
                quality = _quality(value)
        yield media_range, quality


def _quality(value: str) -> float:
    try:
        return min(max(float(value), 0.0), 1.0)
    except ValueError:
        return 0.0


def _fill(element: ET.Element, properties: Mapping[str, Any]) -> None:
    is_resource = "resourceType" in properties
    for name, value in properties.items():
        if name == "resourceType":
            continue
        # A resource's id is an element, an element's id is an attribute; so is an extension's url.
        if (name == "id" and not is_resource) or (name == "url" and element.tag == "extension"):
            element.set(name, value)
            continue
        for item in value if isinstance(value, list) else [value]:
            _append(element, name, item)


def _append(parent: ET.Element, name: str, value: Any) -> None:
    child = ET.SubElement(parent, name)
    if not isinstance(value, dict):
        child.set("value", _primitive(value))
    elif "resourceType" in value:  # a contained or bundled resource is wrapped in an element of its own type
        _fill(ET.SubElement(child, value["resourceType"]), value)
    else:
        _fill(child, value)


def _primitive(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", str(value))
