"""FHIR's two formats: their names, the choice between them, and how resources are written."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssp_emulator import fhir
from ssp_emulator.fhir import Format

JSON, XML = Format.JSON, Format.XML


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("application/fhir+json", JSON),
        ("application/json+fhir", JSON),
        ("application/json", JSON),
        ("text/json", JSON),
        ("json", JSON),
        ("application/fhir json", JSON),  # a plus that URL decoding has read as a space
        (" Application/FHIR+XML ; charset=utf-8", XML),
        ("application/xml+fhir;q=1", XML),
        ("application/xml", XML),
        ("text/xml", XML),
        ("xml", XML),
        ("text/html", None),
        ("application/fhir", None),
        ("", None),
        ("*/*", None),
    ],
)
def test_names_of_the_formats(text: str, form: Format | None) -> None:
    assert fhir.named(text) is form


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("application/fhir+xml", XML),
        ("application/fhir+json, application/fhir+xml", JSON),
        ("application/fhir+xml, application/fhir+json", XML),
        ("application/fhir+json;q=0.1, application/fhir+xml;q=0.2", XML),
        ("application/fhir+xml; q=0.1 , application/fhir+json;charset=utf-8;q=0.2", JSON),
        ("text/html, application/fhir+json;q=0.1", JSON),
        ("application/fhir+xml;q=0, application/fhir+json", JSON),
        ("application/fhir+xml;q=high, application/fhir+json;q=0.1", JSON),
        ("application/fhir+xml;q=nan, application/fhir+json;q=0.1", JSON),
        ("*/*", XML),
        ("application/*", XML),
        ("application/fhir+json, */*", JSON),
        ("application/fhir+json;q=0.5, */*;q=0.1", JSON),
        ("application/fhir+xml;q=0, */*", JSON),  # the more specific range goes before the wildcard
        ("text/html", None),
        ("application/fhir+json;q=0", None),
        ("*/*;q=0", None),
        ("", None),
        (",;,", None),
    ],
)
def test_the_choice_by_accept_where_xml_is_the_default(accept: str, form: Format | None) -> None:
    assert fhir.preferred(accept, default=XML) is form


ACCEPT_PIECES = ["*/*", "application/*", "application/fhir+json", "json", "text/html", ",", ";", "q=", "0.5", "9"]
ACCEPT = st.one_of(st.text(), st.lists(st.sampled_from(ACCEPT_PIECES)).map("".join))


@settings(max_examples=200, deadline=None)
@given(ACCEPT, st.sampled_from(Format))
def test_any_accept_is_read(accept: str, default: Format) -> None:
    assert fhir.preferred(accept, default=default) in {JSON, XML, None}


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["application/fhir+json", "application/fhir+xml"]), st.integers(1, 1000))))
def test_the_highest_quality_is_chosen_and_of_equals_the_first(ranges: list[tuple[str, int]]) -> None:
    accept = ", ".join(f"{name};q={quality / 1000}" for name, quality in ranges)
    best = max(ranges, key=lambda entry: entry[1])[0] if ranges else None  # max keeps the first of equals
    assert fhir.preferred(accept, default=JSON) is (None if best is None else fhir.named(best))


RESOURCE = {
    "resourceType": "Bundle",
    "id": "b1",
    "type": "searchset",
    "total": 1,
    "entry": [
        {
            "id": "e1",
            "fullUrl": "https://a/b?c&d",
            "resource": {
                "resourceType": "Patient",
                "id": "p1",
                "extension": [{"url": "https://x", "valueBoolean": True}],
                "active": False,
                "name": [{"family": "O'Brien <é>", "given": ["A", "B"]}],
            },
        }
    ],
}


def test_json_is_compact_utf_8() -> None:
    written = fhir.write(RESOURCE, JSON)
    assert json.loads(written) == RESOURCE
    assert "O'Brien <é>".encode() in written
    assert b'"id":"b1","type"' in written


def test_xml_has_values_as_attributes_and_resources_in_elements_of_their_type() -> None:
    root = ET.fromstring(fhir.write(RESOURCE, XML))
    ns = "{http://hl7.org/fhir}"
    assert root.tag == f"{ns}Bundle"
    assert [child.tag.removeprefix(ns) for child in root] == ["id", "type", "total", "entry"]
    assert root.find(f"{ns}total").get("value") == "1"  # type: ignore[union-attr]
    entry = root.find(f"{ns}entry")
    assert entry is not None
    assert entry.get("id") == "e1"  # an element's id is an attribute, a resource's an element
    patient = entry.find(f"{ns}resource/{ns}Patient")
    assert patient is not None
    assert patient.find(f"{ns}id").get("value") == "p1"  # type: ignore[union-attr]
    assert patient.find(f"{ns}extension").attrib == {"url": "https://x"}  # type: ignore[union-attr]
    assert patient.find(f"{ns}extension/{ns}valueBoolean").get("value") == "true"  # type: ignore[union-attr]
    assert patient.find(f"{ns}active").get("value") == "false"  # type: ignore[union-attr]
    assert [given.get("value") for given in patient.iter(f"{ns}given")] == ["A", "B"]
    assert patient.find(f"{ns}name/{ns}family").get("value") == "O'Brien <é>"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "in_json", "in_xml"),
    [("a\x00b", "a\x00b", "a\ufffdb"), ("a\ud800b", "a?b", "a\ufffdb"), ("a\uffffb", "a\uffffb", "a\ufffdb")],
    ids=["control character", "half a pair", "no character"],
)
def test_what_a_format_cannot_hold_is_replaced(text: str, in_json: str, in_xml: str) -> None:
    resource = {"resourceType": "Basic", "id": text}
    assert json.loads(fhir.write_json(resource))["id"] == in_json
    assert ET.fromstring(fhir.write_xml(resource))[0].get("value") == in_xml
