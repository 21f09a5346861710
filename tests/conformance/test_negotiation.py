"""The format of an error body: as `_format` says, else `Accept`, else the request's own type, else the default.

And that the XML of each shape of body is FHIR's XML of the very same outcome as the JSON, held against the published
STU3 model and read by a parser that is not ours.

Source: FHIR STU3 (3.0.1), "RESTful API" (content types, `_format`), "XML representation"; DSTU2 (1.0.2) for its media
types; RFC 9110, 12.5.1 (Accept); GP Connect 1.6.2, "Error handling"; RFC 9111, 5.2.2.5 (no-store).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import UUID

import jwt
import pytest
from fhir.resources.STU3.operationoutcome import OperationOutcome
from lxml import etree
from support import setup
from support.running import running

if TYPE_CHECKING:
    from pathlib import Path

    from support.running import Running
    from support.stub import StubProvider
    from support.wire import Answer

    from ssp_emulator.pki.folder import CertificateFolder

UNKNOWN = "999999999999"
JSON, XML = "application/fhir+json;charset=utf-8", "application/fhir+xml;charset=utf-8"
FHIR_JSON, FHIR_XML = "application/fhir+json", "application/fhir+xml"
FHIR = "{http://hl7.org/fhir}"


async def refused(ssp: Running, query: str = "", **headers: str) -> str:
    """Ask for what is refused; return the media type of the answer, which its body has been held against."""
    answer = await ssp.ask(target=f"/{setup.ROOT}/Binary/1{query}", Ssp_From=UNKNOWN, **headers)

    media_type = answer.one("Content-Type")
    assert answer.status == 403
    assert answer.one("Content-Length") == str(len(answer.body))
    assert answer.one("Cache-Control") == "no-store"
    if media_type == JSON:
        assert answer.json()["resourceType"] == "OperationOutcome"
    else:
        assert etree.fromstring(answer.body).tag == f"{FHIR}OperationOutcome"
    return media_type


@pytest.mark.parametrize(
    ("value", "media_type"),
    [
        ("xml", XML),
        ("text/xml", XML),
        ("application/xml", XML),
        ("application/fhir+xml", XML),
        ("application/fhir%2Bxml", XML),
        ("application%2Ffhir%2bxml", XML),
        ("application/xml+fhir", XML),
        ("application/fhir%2Bxml;charset%3Dutf-8", XML),
        ("XML", XML),
        ("json", JSON),
        ("application/json", JSON),
        ("application/fhir+json", JSON),
        ("application/json%2Bfhir", JSON),
    ],
)
async def test_format_in_the_query_goes_before_everything(ssp: Running, value: str, media_type: str) -> None:
    other = FHIR_JSON if media_type == XML else FHIR_XML

    assert await refused(ssp, f"?_format={value}", Accept=other, Content_Type=other) == media_type
    assert await refused(ssp, f"?a=b&_format={value}&c", Accept=other) == media_type
    assert await refused(ssp, f"?_format={value}") == media_type


@pytest.mark.parametrize("query", ["?_format=csv", "?_format=", "?_format", "?format=json", "?a=_format=json"])
async def test_a_format_that_names_none_leaves_it_to_accept(ssp: Running, query: str) -> None:
    assert await refused(ssp, query, Accept=FHIR_XML) == XML


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (FHIR_XML, XML),
        (XML, XML),
        (FHIR_JSON, JSON),
        ("application/xml+fhir", XML),
        ("application/json+fhir", JSON),
        ("application/xml", XML),
        ("text/xml", XML),
        ("application/json", JSON),
        ("APPLICATION/FHIR+XML", XML),
        (f"{FHIR_XML}, {FHIR_JSON}", XML),
        (f"{FHIR_JSON}, {FHIR_XML}", JSON),
        (f"{FHIR_JSON};q=0.8, {FHIR_XML};q=0.9", XML),
        (f"{FHIR_JSON};q=0.800,{FHIR_XML};q=0.799", JSON),
        (f"{FHIR_JSON} ; q=0.1 , {FHIR_XML}", XML),
        (f"{FHIR_JSON};charset=utf-8;q=0.1,{FHIR_XML};charset=utf-8;q=0.2", XML),
        (f"application/json+fhir;q=0.1, {FHIR_XML};q=0.2", XML),
        (f"{FHIR_JSON};q=0, {FHIR_XML};q=0.001", XML),
        (f"text/html, {FHIR_XML};q=0.1", XML),
        (f"{FHIR_XML}, */*;q=0.1", XML),
        (f"{FHIR_XML};q=0.5, */*", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("text/html, */*;q=0.1", JSON),
        (f"{FHIR_JSON};q=0, */*", XML),
        (f"{FHIR_JSON};q=0, application/*;q=0.5", XML),
    ],
)
async def test_accept_goes_before_the_requests_own_type(ssp: Running, accept: str, media_type: str) -> None:
    other = FHIR_JSON if media_type == XML else FHIR_XML

    assert await refused(ssp, Accept=accept, Content_Type=other) == media_type


@pytest.mark.parametrize(
    ("content_type", "media_type"),
    [
        (FHIR_XML, XML),
        (XML, XML),
        ("application/xml+fhir", XML),
        ("text/xml; charset=utf-8", XML),
        (FHIR_JSON, JSON),
        ("application/json+fhir", JSON),
        ("application/pdf", JSON),
        ("application/x-www-form-urlencoded", JSON),
    ],
)
async def test_the_requests_own_type_goes_before_the_default(ssp: Running, content_type: str, media_type: str) -> None:
    assert await refused(ssp, Content_Type=content_type) == media_type
    assert await refused(ssp, Content_Type=content_type, Accept="") == media_type


NOTHING_TO_GO_BY = [
    {},
    {"Accept": "*/*"},
    {"Accept": "application/*"},
    {"Content_Type": "application/pdf"},
    {"Accept": "text/html"},
    {"Accept": "image/png;q=0.9, text/html"},
    {"Accept": "*/*;q=0"},
    {"Accept": f"{FHIR_JSON};q=0, {FHIR_XML};q=0"},
]


async def test_the_default_is_json(ssp: Running) -> None:
    assert [await refused(ssp, **headers) for headers in NOTHING_TO_GO_BY] == [JSON] * len(NOTHING_TO_GO_BY)


async def test_the_default_may_be_configured_as_xml(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    async with running(tmp_path, certificates, provider.port, errors={"default_format": "xml"}) as ssp:
        assert [await refused(ssp, **headers) for headers in NOTHING_TO_GO_BY] == [XML] * len(NOTHING_TO_GO_BY)
        assert await refused(ssp, "?_format=json") == JSON
        assert await refused(ssp, Accept=FHIR_JSON) == JSON
        assert await refused(ssp, Content_Type=FHIR_JSON) == JSON
        assert await refused(ssp, Accept=f"{FHIR_XML};q=0, */*") == JSON


@pytest.mark.parametrize("other", [FHIR_XML, FHIR_JSON])
async def test_who_accepts_neither_gets_the_default_whatever_it_sent(ssp: Running, other: str) -> None:
    assert await refused(ssp, Accept="text/html", Content_Type=other) == JSON


async def test_accept_on_two_lines_is_one_list(ssp: Running) -> None:
    """RFC 9110, 5.3: lines of one name mean what their values joined by commas would."""
    answer = await ssp.ask(Ssp_From=UNKNOWN, fields=(("Accept", f"{FHIR_JSON};q=0.1"), ("accept", FHIR_XML)))

    assert answer.one("Content-Type") == XML


async def test_a_format_inside_a_percent_encoded_target_counts_too(ssp: Running) -> None:
    encoded = f"{setup.ROOT}/Binary/1?_format=xml".replace(":", "%3A").replace("/", "%2F").replace("?", "%3F")

    answer = await ssp.ask(target=f"/{encoded}", Ssp_From=UNKNOWN)

    assert (answer.status, answer.one("Content-Type")) == (403, XML)


SHAPES: dict[str, tuple[int, dict[str, Any]]] = {
    "405": (405, {"method": "BREW"}),
    "malformed HTTP": (400, {"fields": (("Bad Name", "x"),)}),
    "malformed header": (400, {"Ssp_TraceID": "<not&a'\"GUID>"}),
    "malformed target": (400, {"target": "/http://elsewhere/?a=<b>&c='d'"}),
    "ASID": (403, {"Ssp_From": UNKNOWN}),
    "FQDN": (495, {"Ssp_From": setup.PROVIDER}),
    "unknown receiver": (400, {"Ssp_To": UNKNOWN}),
    "party key": (403, {"Ssp_To": setup.OTHER_PROVIDER}),
    "endpoint": (400, {"target": "/https://elsewhere.nhs.uk/Binary?a=<b>&c='d'"}),
    "agreement": (403, {"Ssp_From": setup.OTHER_CONSUMER}),
    "token": (400, {"Authorization": None}),
    "422": (422, {"claims": {"requesting_device": {"resourceType": "Gadget"}}}),
    "502": (502, {"target": f"/{setup.ROOT}/Binary?a=<b>&c='d'"}),
    "497": (497, {"tls": False}),
    "496": (496, {"shown": None}),
}


@pytest.mark.parametrize(("status", "changes"), SHAPES.values(), ids=SHAPES)
async def test_the_xml_of_each_body_is_fhirs_xml_of_the_same_outcome(
    ssp: Running, provider: StubProvider, status: int, changes: dict[str, Any]
) -> None:
    provider.answer = b"this is no HTTP\r\n\r\n"

    in_json = await asked(ssp, FHIR_JSON, **changes)
    in_xml = await asked(ssp, FHIR_XML, **changes)

    assert [(answer.status, answer.one("Content-Type")) for answer in (in_json, in_xml)] == [
        (status, JSON),
        (status, XML),
    ]
    assert in_xml.body.startswith(b"<?xml version='1.0' encoding='utf-8'?>\n<OperationOutcome ")
    assert in_xml.one("Content-Length") == str(len(in_xml.body))
    assert in_xml.one("Cache-Control") == in_json.one("Cache-Control") == "no-store"
    body = in_json.json()
    model = OperationOutcome.model_validate_xml(in_xml.body)
    read = json.loads(model.model_dump_json())
    if "id" in body:  # a new one for each answer
        assert UUID(body["id"]) != UUID(read["id"])
        body["id"] = read["id"]
    assert read == body
    assert as_json(etree.fromstring(in_xml.body)) == body
    assert canonical(in_xml.body) == canonical(OperationOutcome.model_validate(body).model_dump_xml())


async def asked(
    ssp: Running, accept: str, *, claims: dict[str, Any] | None = None, tls: bool = True, **changes: Any
) -> Answer:
    """Send a request with something wrong: with its claims, its connection, or with whatever else is named."""
    if claims is not None:
        changed = {**jwt.decode(ssp.token(), options={"verify_signature": False}), **claims}
        changes["Authorization"] = f"Bearer {jwt.encode(changed, '', algorithm='none')}"
    wire = await ssp.wire(tls=tls, shown=changes.pop("shown", "consumer"))
    return await wire.ask(ssp.request(Accept=accept, **changes))


def as_json(element: etree._Element) -> dict[str, Any]:
    """Read an OperationOutcome's XML by FHIR's rules: children are properties, `value` holds a primitive's value."""
    found: dict[str, Any] = {}
    if element.getparent() is None:
        found["resourceType"] = element.tag.removeprefix(FHIR)
    for child in element:
        assert child.tag.startswith(FHIR)
        name = child.tag.removeprefix(FHIR)
        value = child.get("value") if len(child) == 0 else as_json(child)
        if name in ("issue", "coding", "profile"):  # those that the definition lets repeat
            found.setdefault(name, []).append(value)
        else:
            assert name not in found
            found[name] = value
        assert (child.text or "").strip() == ""
    return found


def canonical(xml: bytes) -> bytes:
    """Return a document in its canonical form, without white space that means nothing."""
    return etree.tostring(etree.fromstring(xml, etree.XMLParser(remove_blank_text=True)), method="c14n")
