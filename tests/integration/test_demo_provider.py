"""The demo provider over real sockets and real mutual TLS."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import os
import shutil
import signal
import socket
import ssl
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from fhir.resources.STU3.binary import Binary
from fhir.resources.STU3.bundle import Bundle
from fhir.resources.STU3.capabilitystatement import CapabilityStatement
from fhir.resources.STU3.operationoutcome import OperationOutcome
from multidict import CIMultiDict
from structlog.testing import capture_logs
from yarl import URL

from ssp_emulator.demo.provider import ProviderServer, ProviderSettings, ProviderStartError
from ssp_emulator.demo.provider.server import tls_context
from ssp_emulator.pki.folder import CertificateFolder, KeyPair
from ssp_emulator.pki.initialising import initialise
from ssp_emulator.pki.names import Names

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from pathlib import Path

BASE = "/A20047/STU3/1/gpconnect/documents"
ROOT = f"https://gp.example.nhs.uk{BASE}"
PREFIX = "urn:nhs:names:services:gpconnect:documents:fhir:rest:"
METADATA, PATIENT, DOCUMENT, READ, MIGRATE = (
    f"{PREFIX}{name}"
    for name in (
        "read:metadata-1",
        "search:patient-1",
        "search:documentreference-1",
        "read:binary-1",
        "migrate:binary-1",
    )
)
INCLUDES = (
    ("_include", "DocumentReference:subject:Patient"),
    ("_include", "DocumentReference:custodian:Organization"),
    ("_include", "DocumentReference:author:Organization"),
    ("_include", "DocumentReference:author:Practitioner"),
    ("_revinclude:recurse", "PractitionerRole:practitioner"),
)
NHS = "https://fhir.nhs.uk/Id/nhs-number"
WORD = "07a6483f-732b-461e-86b6-edb665c45510"
LARGE = "0d2f5a10-0005-4c1b-8a5e-000000000005"
CONFIDENTIAL = "0d2f5a10-0006-4c1b-8a5e-000000000006"
JSON, XML = "application/fhir+json;charset=utf-8", "application/fhir+xml;charset=utf-8"


def patient_id(number: int) -> str:
    return f"a7d1c0de-{number:04}-4b6f-9c3e-{number:012}"


def token(scope: str = "patient/*.read") -> str:
    parts = ({"alg": "none", "typ": "JWT"}, {"requested_scope": scope})
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts) + "."


@dataclass(frozen=True)
class Answer:
    status: int
    headers: CIMultiDict[str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def coding(self) -> tuple[int, str, str, str, str]:
        """Status, issue type, code, display and diagnostics of an error that is a valid OperationOutcome."""
        OperationOutcome.model_validate_json(self.body)
        (issue,) = self.json["issue"]
        (coding,) = issue["details"]["coding"]
        return self.status, issue["code"], coding["code"], coding["display"], issue["diagnostics"]


def client_context(folder: CertificateFolder, pair: KeyPair | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=folder.chain)
    if pair is not None:
        context.load_cert_chain(pair.certificate, pair.key)
    return context


class Proxy:
    """A stand-in for the proxy: a client with its certificate, which adds the headers that it forwards."""

    def __init__(self, port: int, context: ssl.SSLContext) -> None:
        self.port = port
        self.context = context

    async def get(
        self,
        path: str,
        interaction: str,
        query: Iterable[tuple[str, str]] = (),
        *,
        scope: str = "patient/*.read",
        change: dict[str, str | list[str] | None] | None = None,
        method: str = "GET",
    ) -> Answer:
        async with self.asking(path, interaction, query, scope=scope, change=change, method=method) as response:
            return Answer(response.status, CIMultiDict(response.headers), await response.read())

    @asynccontextmanager
    async def asking(
        self,
        path: str,
        interaction: str,
        query: Iterable[tuple[str, str]] = (),
        *,
        scope: str = "patient/*.read",
        change: dict[str, str | list[str] | None] | None = None,
        method: str = "GET",
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        headers: CIMultiDict[str] = CIMultiDict(
            {
                "Ssp-TraceID": "629ea9ba-a077-4d99-b289-7a9b19fd4e03",
                "Ssp-From": "200000000115",
                "Ssp-To": "200000000116",
                "Ssp-InteractionID": interaction,
                "Authorization": f"Bearer {token(scope)}",
            }
        )
        for name, value in (change or {}).items():
            headers.popall(name, None)
            for each in [value] if isinstance(value, str) else value or []:
                headers.add(name, each)
        url = URL(f"https://localhost:{self.port}{path}").with_query(list(query))
        async with (
            aiohttp.ClientSession(auto_decompress=False, skip_auto_headers=("Accept-Encoding", "Accept")) as session,
            session.request(
                method, url, headers=headers, ssl=self.context, server_hostname="gp.example.nhs.uk"
            ) as response,
        ):
            yield response


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> CertificateFolder:
    folder = CertificateFolder(tmp_path_factory.mktemp("certs"))
    initialise(folder, Names(), now=datetime.now(UTC))
    return folder


def settings_for(folder: CertificateFolder, **changes: Any) -> ProviderSettings:
    return ProviderSettings(
        **{
            "certificate": folder.provider.certificate,
            "key": folder.provider.key,
            "trust": folder.chain,
            "port": 0,
            "today": lambda: date(2026, 3, 1),
            **changes,
        }
    )


@asynccontextmanager
async def serving(folder: CertificateFolder, **changes: Any) -> AsyncIterator[Proxy]:
    async with ProviderServer(settings_for(folder, **changes)) as server:
        yield Proxy(server.port, client_context(folder, folder.ssp_client))


@pytest.fixture
async def proxy(folder: CertificateFolder) -> AsyncIterator[Proxy]:
    async with serving(folder) as proxy:
        yield proxy


# What it answers


@pytest.mark.parametrize(
    ("path", "interaction", "query", "model"),
    [
        ("/metadata", METADATA, (), CapabilityStatement),
        ("/Patient", PATIENT, (("identifier", f"{NHS}|9991230017"),), Bundle),
        ("/Patient", PATIENT, (("identifier", f"{NHS}|9991230904"),), Bundle),
        (f"/Patient/{patient_id(1)}/DocumentReference", DOCUMENT, INCLUDES, Bundle),
        (f"/Patient/{patient_id(3)}/DocumentReference", DOCUMENT, INCLUDES, Bundle),
        (f"/Binary/{WORD}", READ, (), Binary),
        (f"/Binary/{CONFIDENTIAL}", MIGRATE, (), Binary),
        (f"/Binary/{CONFIDENTIAL}", READ, (), OperationOutcome),
    ],
)
async def test_json_and_xml_are_valid_stu3_with_the_same_facts(
    proxy: Proxy, path: str, interaction: str, query: tuple[tuple[str, str], ...], model: Any
) -> None:
    scope = "patient/*.read conf/R"
    in_json = await proxy.get(f"{BASE}{path}", interaction, query, scope=scope)
    in_xml = await proxy.get(f"{BASE}{path}", interaction, query, scope=scope, change={"Accept": XML})
    assert in_json.status == in_xml.status
    assert (in_json.headers["Content-Type"], in_xml.headers["Content-Type"]) == (JSON, XML)
    assert in_json.headers["Cache-Control"] == in_xml.headers["Cache-Control"] == "no-store"
    from_json = model.model_validate_json(in_json.body)
    from_xml = model.model_validate_xml(in_xml.body)
    assert from_json.model_dump() == from_xml.model_dump()


async def test_metadata_tells_the_version_and_the_three_resources(proxy: Proxy) -> None:
    statement = (await proxy.get(f"{BASE}/metadata", METADATA)).json
    assert (statement["fhirVersion"], statement["version"]) == ("3.0.1", "1.6.2")
    assert statement["format"] == ["application/fhir+json", "application/fhir+xml"]
    resources = {one["type"]: one for one in statement["rest"][0]["resource"]}
    assert [one["name"] for one in resources["Patient"]["searchParam"]] == ["identifier"]
    documents = resources["DocumentReference"]
    assert [one["name"] for one in documents["searchParam"]] == ["created", "author", "description"]
    assert documents["searchInclude"] == [value for name, value in INCLUDES if name == "_include"]
    assert documents["searchRevInclude"] == ["PractitionerRole:practitioner"]
    assert resources["Binary"]["interaction"] == [{"code": "read"}]


@pytest.mark.parametrize(
    ("nhs_number", "found"),
    [
        ("9991230017", [patient_id(1)]),
        ("9991230238", [patient_id(4)]),  # dissent is about documents, not about being found
        ("9991230459", [patient_id(6)]),  # died a week ago
        ("9991230785", []),  # sensitive
        ("9991230904", []),  # nobody's
    ],
)
async def test_a_patient_search_finds_one_or_none(proxy: Proxy, nhs_number: str, found: list[str]) -> None:
    answer = await proxy.get(f"{BASE}/Patient", PATIENT, [("identifier", f"{NHS}|{nhs_number}")])
    assert (answer.status, answer.json["type"], answer.json["total"]) == (200, "searchset", len(found))
    assert [entry["resource"]["id"] for entry in answer.json.get("entry", [])] == found


async def test_a_document_search_lists_the_patient_people_and_matching_documents(proxy: Proxy) -> None:
    query = (*INCLUDES, ("created", "ge2020-01-01"), ("created", "le2020-12-31"))
    answer = await proxy.get(f"{BASE}/Patient/{patient_id(1)}/DocumentReference", DOCUMENT, query)
    assert answer.json["total"] == 1
    assert answer.json["meta"]["profile"] == [
        "https://fhir.nhs.uk/STU3/StructureDefinition/GPConnect-Searchset-Bundle-1"
    ]
    kinds = [entry["resource"]["resourceType"] for entry in answer.json["entry"]]
    assert kinds == [
        "Patient",
        "DocumentReference",
        "Organization",
        "Organization",
        "Practitioner",
        "Practitioner",
        "PractitionerRole",
        "PractitionerRole",
    ]
    attachment = answer.json["entry"][1]["resource"]["content"][0]["attachment"]
    path = attachment["url"].removeprefix(ROOT)
    binary = (await proxy.get(f"{BASE}{path}", READ)).json
    assert binary["contentType"] == attachment["contentType"] == "application/pdf"
    assert len(base64.b64decode(binary["content"], validate=True)) == attachment["size"]


async def test_a_recently_deceased_patients_documents_are_listed(proxy: Proxy) -> None:
    answer = await proxy.get(f"{BASE}/Patient/{patient_id(6)}/DocumentReference", DOCUMENT, INCLUDES)
    assert (answer.status, answer.json["total"]) == (200, 1)


async def test_a_binary_has_its_version_type_and_content(proxy: Proxy) -> None:
    answer = await proxy.get(f"{BASE}/Binary/{WORD}", READ)
    assert answer.headers["ETag"] == 'W/"1"'
    assert int(answer.headers["Content-Length"]) == len(answer.body)
    assert list(answer.json) == ["resourceType", "id", "meta", "contentType", "content"]
    assert answer.json["meta"] == {"versionId": "1"}
    assert base64.b64decode(answer.json["content"], validate=True).startswith(b"{\\rtf1")
    assert (await proxy.get(f"{BASE}/Binary/{WORD}", MIGRATE)).body == answer.body


@pytest.mark.parametrize("size", [1, 3, 196607, 196608, 196609, 20_000_000])
async def test_a_document_of_any_size_is_streamed_with_its_length(proxy: Proxy, size: int) -> None:
    answer = await proxy.get(f"{BASE}/Binary/size-{size}", MIGRATE)
    assert int(answer.headers["Content-Length"]) == len(answer.body)
    content = base64.b64decode(answer.json["content"], validate=True)
    assert (len(content), answer.json["contentType"]) == (size, "text/plain")


async def test_read_stops_at_five_megabytes(proxy: Proxy) -> None:
    limit = 5 * 1024 * 1024
    assert (await proxy.get(f"{BASE}/Binary/size-{limit}", READ)).status == 200
    assert (await proxy.get(f"{BASE}/Binary/size-{limit + 1}", READ)).status == 404


async def test_a_large_document_can_be_migrated(proxy: Proxy) -> None:
    answer = await proxy.get(f"{BASE}/Binary/{LARGE}", MIGRATE)
    assert len(base64.b64decode(answer.json["content"], validate=True)) == 6 * 1024 * 1024


# Formats and encodings


@pytest.mark.parametrize(
    ("query", "accept", "expected"),
    [
        ((), None, JSON),
        ((), "*/*", JSON),
        ((), "application/fhir+xml", XML),
        ((), "application/fhir+xml;q=0.5, application/fhir+json", JSON),
        ((), ["text/html", "application/fhir+xml"], XML),
        ((("_format", "xml"),), "application/fhir+json", XML),
        ((("_format", "application/fhir+json"),), "application/fhir+xml", JSON),
        ((("_format", "json"),), "text/html", JSON),
    ],
)
@pytest.mark.parametrize(
    ("path", "interaction"),
    [("/metadata", METADATA), (f"/Binary/{WORD}", READ), ("/Binary/nothing", READ)],
)
async def test_the_format_is_as_asked(
    proxy: Proxy,
    path: str,
    interaction: str,
    query: tuple[tuple[str, str], ...],
    accept: str | list[str] | None,
    expected: str,
) -> None:
    answer = await proxy.get(f"{BASE}{path}", interaction, query, change={"Accept": accept})
    assert answer.headers["Content-Type"] == expected
    assert answer.body.startswith(b"{" if expected == JSON else b"<?xml")


@pytest.mark.parametrize("path", ["/metadata", f"/Binary/{WORD}", "/Binary/size-20000"])
@pytest.mark.parametrize("accept_encoding", ["gzip", "deflate, GZIP;q=0.5"])
async def test_gzip_where_it_is_asked_for(proxy: Proxy, path: str, accept_encoding: str) -> None:
    interaction = METADATA if path == "/metadata" else READ
    plain = await proxy.get(f"{BASE}{path}", interaction)
    packed = await proxy.get(f"{BASE}{path}", interaction, change={"Accept-Encoding": accept_encoding})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body


@pytest.mark.parametrize("accept_encoding", ["identity", "deflate", "br", "gzip;q=0", "gzip; q=0.000", ""])
async def test_no_gzip_where_it_is_not(proxy: Proxy, accept_encoding: str) -> None:
    answer = await proxy.get(f"{BASE}/Binary/{WORD}", READ, change={"Accept-Encoding": accept_encoding})
    assert "Content-Encoding" not in answer.headers
    assert answer.json["id"] == WORD


# Every error, with its status, issue type, code, display and diagnostics

TOO_OLD = "The patient is inactive, or died more than 28 days ago."
NOBODY = "There is no patient with this id at the practice."
NOT_FOUND = (404, "not-found", "NO_RECORD_FOUND", "No record found")
NO_PATIENT = (404, "not-found", "PATIENT_NOT_FOUND", "Patient not found")
BAD_PARAMETER = (422, "invalid", "INVALID_PARAMETER", "Invalid parameter")
BAD_NUMBER = (400, "value", "INVALID_NHS_NUMBER", "Invalid NHS number")
BAD_REQUEST = (400, "invalid", "BAD_REQUEST", "Bad request")
DENIED = (403, "forbidden", "ACCESS DENIED", "Access denied")
UNAUTHORISED = (403, "forbidden", "NOT_AUTHORISED", "Not authorised")


@pytest.mark.parametrize(
    ("path", "interaction", "query", "error"),
    [
        ("/Binary/nothing", READ, (), (*NOT_FOUND, "There is no document with this id.")),
        ("/Binary/nothing", MIGRATE, (), (*NOT_FOUND, "There is no document with this id.")),
        (f"/Binary/{CONFIDENTIAL}", READ, (), (*NOT_FOUND, "There is no document with this id.")),
        (
            f"/Binary/{LARGE}",
            READ,
            (),
            (*NOT_FOUND, "The document exceeds the file size limit of 5MB: it has 6291456 bytes."),
        ),
        ("/Patient", PATIENT, (("identifier", f"{NHS}|9991230343"),), (*NO_PATIENT, TOO_OLD)),
        ("/Patient", PATIENT, (("identifier", f"{NHS}|9991230564"),), (*NO_PATIENT, TOO_OLD)),
        ("/Patient", PATIENT, (), (*BAD_PARAMETER, "The query parameter identifier is missing.")),
        (
            "/Patient",
            PATIENT,
            (("identifier", "https://fhir.nhs.uk/Id/other|9991230017"),),
            (*BAD_PARAMETER, f"The query parameter identifier must be {NHS}|[NHS number]."),
        ),
        *(
            (
                "/Patient",
                PATIENT,
                (("identifier", f"{NHS}|{number}"),),
                (
                    *BAD_NUMBER,
                    "The query parameter identifier must hold an NHS number: ten digits, the last a check digit.",
                ),
            )
            for number in ("9991230018", "99912300")
        ),
        ("/Patient/nobody/DocumentReference", DOCUMENT, INCLUDES, (*NO_PATIENT, NOBODY)),
        (f"/Patient/{patient_id(8)}/DocumentReference", DOCUMENT, INCLUDES, (*NO_PATIENT, NOBODY)),
        (f"/Patient/{patient_id(5)}/DocumentReference", DOCUMENT, INCLUDES, (*NO_PATIENT, TOO_OLD)),
        (f"/Patient/{patient_id(7)}/DocumentReference", DOCUMENT, INCLUDES, (*NO_PATIENT, TOO_OLD)),
        (
            f"/Patient/{patient_id(4)}/DocumentReference",
            DOCUMENT,
            INCLUDES,
            (
                403,
                "forbidden",
                "NO_PATIENT_CONSENT",
                "Patient has not provided consent to share data",
                "The patient has dissented to sharing the clinical record.",
            ),
        ),
        *(
            (
                f"/Patient/{patient_id(1)}/DocumentReference",
                DOCUMENT,
                tuple(pair for pair in INCLUDES if pair is not missing),
                (*BAD_PARAMETER, f"The query parameter {missing[0]} is missing with the value {missing[1]}."),
            )
            for missing in INCLUDES
        ),
        (
            f"/Patient/{patient_id(1)}/DocumentReference",
            DOCUMENT,
            (*INCLUDES, ("author", "https://fhir.nhs.uk/Id/sds-user-id|999000000047")),
            (
                *BAD_PARAMETER,
                "The query parameter author must be https://fhir.nhs.uk/Id/ods-organization-code|[ODS code].",
            ),
        ),
        (
            f"/Patient/{patient_id(1)}/DocumentReference",
            DOCUMENT,
            (*INCLUDES, ("created", "soon")),
            (*BAD_PARAMETER, "The query parameter created must have the prefix ge or le."),
        ),
        *(
            (
                path,
                READ,
                (),
                (
                    501,
                    "not-supported",
                    "NOT_IMPLEMENTED",
                    "Not implemented",
                    f"This provider has no operation GET {BASE}{path}",
                ),
            )
            for path in ("/Observation", "/Patient/1", "/Binary", f"/Binary/{WORD}/_history/1", "/Binary/%01/x", "/")
        ),
    ],
)
async def test_errors_of_the_routes(
    proxy: Proxy,
    path: str,
    interaction: str,
    query: tuple[tuple[str, str], ...],
    error: tuple[int, str, str, str, str],
) -> None:
    answer = await proxy.get(f"{BASE}{path}", interaction, query)
    assert answer.coding == error
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("scope", ["patient/*.read", "patient/*.read conf/N"])
async def test_a_confidential_document_needs_its_scope(proxy: Proxy, scope: str) -> None:
    answer = await proxy.get(f"{BASE}/Binary/{CONFIDENTIAL}", MIGRATE, scope=scope)
    assert answer.coding == (
        *UNAUTHORISED,
        "The document is confidential and the token's requested_scope does not include conf/R.",
    )


async def test_a_confidential_document_is_migrated_under_conf_r(proxy: Proxy) -> None:
    answer = await proxy.get(f"{BASE}/Binary/{CONFIDENTIAL}", MIGRATE, scope="patient/*.read conf/R")
    assert (answer.status, answer.json["id"]) == (200, CONFIDENTIAL)


@pytest.mark.parametrize("path", ["/metadata", "/Patient", f"/Binary/{WORD}", "/Observation"])
async def test_the_practice_where_it_is_disabled_refuses_everything(proxy: Proxy, path: str) -> None:
    answer = await proxy.get(f"{BASE.replace('A20047', 'A20048')}{path}", READ)
    assert answer.coding == (*DENIED, "The Access Document capability is disabled at this practice.")


async def test_there_is_nothing_outside_of_the_practices(proxy: Proxy) -> None:
    answer = await proxy.get("/A99999/STU3/1/gpconnect/documents/metadata", METADATA)
    assert answer.coding == (
        404,
        "not-found",
        "ORGANISATION_NOT_FOUND",
        "Organisation not found",
        "No practice is served at this address.",
    )


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_other_methods_are_not_implemented(proxy: Proxy, method: str) -> None:
    answer = await proxy.get(f"{BASE}/Binary/{WORD}", READ, method=method)
    assert answer.coding == (
        501,
        "not-supported",
        "NOT_IMPLEMENTED",
        "Not implemented",
        f"This provider has no operation {method} {BASE}/Binary/{WORD}",
    )


@pytest.mark.parametrize(
    ("query", "change", "source"),
    [
        ((), {"Accept": "text/html"}, "The header Accept"),
        ((("_format", "text/html"),), {}, "The query parameter _format"),
        ((("_format", "ttl"),), {"Accept": JSON}, "The query parameter _format"),
    ],
)
@pytest.mark.parametrize(
    ("path", "interaction"), [("/metadata", METADATA), (f"/Binary/{WORD}", READ), ("/Patient", PATIENT)]
)
async def test_another_format_is_refused_in_json(
    proxy: Proxy, path: str, interaction: str, query: tuple[tuple[str, str], ...], change: Any, source: str
) -> None:
    answer = await proxy.get(f"{BASE}{path}", interaction, query, change=change)
    assert answer.headers["Content-Type"] == JSON
    assert answer.coding == (
        415,
        "not-supported",
        "BAD_REQUEST",
        "Bad request",
        f"{source} asks for neither application/fhir+json nor application/fhir+xml.",
    )


async def test_what_nobody_foresaw_is_an_internal_error_without_its_reason(folder: CertificateFolder) -> None:
    def broken() -> date:
        raise RuntimeError("a clock that does not go")

    async with serving(folder, today=broken) as proxy:
        answer = await proxy.get(f"{BASE}/Patient", PATIENT, [("identifier", f"{NHS}|9991230017")])
    assert answer.coding == (
        500,
        "processing",
        "INTERNAL_SERVER_ERROR",
        "Unexpected internal server error",
        "The provider failed; its log says how.",
    )


@pytest.mark.parametrize(("days", "status"), [(6, 404), (7, 200)])
async def test_the_access_period_can_be_configured(folder: CertificateFolder, days: int, status: int) -> None:
    async with serving(folder, access_period_days=days) as proxy:
        answer = await proxy.get(f"{BASE}/Patient", PATIENT, [("identifier", f"{NHS}|9991230459")])
    assert answer.status == status


# Who is let in

HEADERS = ("Ssp-TraceID", "Ssp-From", "Ssp-To", "Ssp-InteractionID", "Authorization")


@pytest.mark.parametrize("name", HEADERS)
@pytest.mark.parametrize("value", [None, ""])
async def test_each_header_must_be_there(proxy: Proxy, name: str, value: str | None) -> None:
    answer = await proxy.get(f"{BASE}/Binary/{WORD}", READ, change={name: value})
    assert answer.coding == (*BAD_REQUEST, f"The header {name} is missing.")


@pytest.mark.parametrize("name", HEADERS)
async def test_each_header_must_be_there_once(proxy: Proxy, name: str) -> None:
    answer = await proxy.get(f"{BASE}/Binary/{WORD}", READ, change={name: ["200000000116", "200000000116"]})
    assert answer.coding == (*BAD_REQUEST, f"The header {name} is there more than once.")


async def test_a_message_for_another_asid_is_refused(proxy: Proxy) -> None:
    answer = await proxy.get(f"{BASE}/Binary/{WORD}", READ, change={"Ssp-To": "200000000117"})
    assert answer.coding == (*BAD_REQUEST, "The header Ssp-To is not the ASID of this provider, 200000000116.")


@pytest.mark.parametrize(
    ("path", "interaction"),
    [
        ("/metadata", READ),
        ("/Patient", DOCUMENT),
        (f"/Patient/{patient_id(1)}/DocumentReference", PATIENT),
        (f"/Binary/{WORD}", METADATA),
        (f"/Binary/{WORD}", "urn:nhs:names:services:gpconnect:fhir:rest:read:metadata-1"),
        (f"/Binary/{WORD}", READ.upper()),
    ],
)
async def test_an_interaction_that_does_not_fit_is_refused(proxy: Proxy, path: str, interaction: str) -> None:
    answer = await proxy.get(f"{BASE}{path}", interaction, INCLUDES)
    assert answer.coding == (*BAD_REQUEST, f"The header Ssp-InteractionID does not fit GET {BASE}{path}")


@pytest.mark.parametrize("value", ["Basic abc", "Bearer abc", "Bearer a.b.c", f"Bearer {token()[:-1]}"])
async def test_a_token_that_is_not_well_formed_is_refused(proxy: Proxy, value: str) -> None:
    answer = await proxy.get(f"{BASE}/Binary/{WORD}", READ, change={"Authorization": value})
    assert answer.coding[:4] == BAD_REQUEST
    assert answer.coding[4].startswith("The header Authorization is not acceptable: ")


async def test_a_certificate_of_another_fqdn_is_refused(folder: CertificateFolder, proxy: Proxy) -> None:
    consumer = Proxy(proxy.port, client_context(folder, folder.consumer))
    answer = await consumer.get(f"{BASE}/Binary/{WORD}", READ)
    assert answer.coding == (*DENIED, "Only the Spine Secure Proxy (ssp.example.nhs.uk) is let in.")


async def test_the_proxys_fqdn_can_be_configured(folder: CertificateFolder) -> None:
    async with serving(folder, proxy_fqdn="Consumer.example.nhs.uk") as proxy:
        assert (await proxy.get(f"{BASE}/metadata", METADATA)).status == 403
        consumer = Proxy(proxy.port, client_context(folder, folder.consumer))
        assert (await consumer.get(f"{BASE}/metadata", METADATA)).status == 200


@pytest.mark.parametrize("which", ["none", "untrusted", "expired", "server"])
async def test_the_handshake_fails_without_a_good_client_certificate(
    folder: CertificateFolder, proxy: Proxy, which: str
) -> None:
    pairs = {
        "none": None,
        "untrusted": folder.invalid("untrusted"),
        "expired": folder.invalid("expired"),
        "server": folder.ssp_server,
    }
    stranger = Proxy(proxy.port, client_context(folder, pairs[which]))
    # In TLS 1.3 the client learns of the refusal when it first reads.
    with pytest.raises((aiohttp.ClientOSError, aiohttp.ServerDisconnectedError)):
        await stranger.get(f"{BASE}/metadata", METADATA)
    assert (await proxy.get(f"{BASE}/metadata", METADATA)).status == 200


async def test_tls_1_2_is_the_oldest_it_speaks(folder: CertificateFolder, proxy: Proxy) -> None:
    context = tls_context(settings_for(folder))
    assert (context.minimum_version, context.verify_mode) == (ssl.TLSVersion.TLSv1_2, ssl.CERT_REQUIRED)
    older = client_context(folder, folder.ssp_client)
    older.maximum_version = ssl.TLSVersion.TLSv1_2
    assert (await Proxy(proxy.port, older).get(f"{BASE}/metadata", METADATA)).status == 200


# Starting and stopping


async def test_after_leaving_nobody_listens(folder: CertificateFolder) -> None:
    async with serving(folder) as proxy:
        assert (await proxy.get(f"{BASE}/metadata", METADATA)).status == 200
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", proxy.port), timeout=5)


async def test_who_has_not_shaken_hands_is_closed_with_it(folder: CertificateFolder) -> None:
    async with serving(folder) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        await proxy.get(f"{BASE}/metadata", METADATA)  # whoever came before has been accepted by now
    async with asyncio.timeout(5):
        assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()


async def test_an_answer_under_way_is_finished_before_it_stops(folder: CertificateFolder) -> None:
    size = 20_000_000
    server = ProviderServer(settings_for(folder))
    await server.__aenter__()
    proxy = Proxy(server.port, client_context(folder, folder.ssp_client))
    async with proxy.asking(f"{BASE}/Binary/size-{size}", MIGRATE) as response:
        stopping = asyncio.create_task(server.__aexit__(None, None, None))
        body = await response.read()
        await stopping
    assert len(base64.b64decode(json.loads(body)["content"], validate=True)) == size


async def test_a_proxy_that_goes_away_is_logged_and_nothing_else(folder: CertificateFolder) -> None:
    with capture_logs() as logs:
        async with serving(folder) as proxy, proxy.asking(f"{BASE}/Binary/size-200000000", MIGRATE) as response:
            await response.content.readexactly(1)
            response.close()
    assert [(entry["event"], entry["path"]) for entry in logs] == [
        ("provider.abandoned", f"{BASE}/Binary/size-200000000")
    ]


async def test_every_request_is_one_line_without_its_query_or_token(folder: CertificateFolder) -> None:
    with capture_logs() as logs:
        async with serving(folder) as proxy:
            await proxy.get(f"{BASE}/Patient", PATIENT, [("identifier", f"{NHS}|9991230017")])
    assert logs == [
        {
            "event": "provider.answered",
            "log_level": "info",
            "method": "GET",
            "path": f"{BASE}/Patient",
            "status": 200,
            "trace_id": "629ea9ba-a077-4d99-b289-7a9b19fd4e03",
            "interaction": PATIENT,
        }
    ]


async def test_a_host_that_is_not_of_this_machine_stops_the_start(folder: CertificateFolder) -> None:
    with pytest.raises(ProviderStartError) as caught:
        await ProviderServer(settings_for(folder, host="192.0.2.1")).__aenter__()
    assert str(caught.value) == (
        "cannot listen on 192.0.2.1:0: Cannot assign requested address; choose a host name or address of this machine"
    )


@pytest.mark.parametrize("which", ["certificate", "key", "trust"])
async def test_a_file_that_is_not_there_or_no_pem_stops_the_start(
    folder: CertificateFolder, tmp_path: Path, which: str
) -> None:
    wrong = tmp_path / "wrong.pem"
    with pytest.raises(ProviderStartError, match=rf"^cannot read {wrong}: no such file"):
        await ProviderServer(settings_for(folder, **{which: wrong})).__aenter__()
    wrong.write_text("no PEM")
    with pytest.raises(ProviderStartError, match=rf"{wrong}.*issue them again$"):
        await ProviderServer(settings_for(folder, **{which: wrong})).__aenter__()


COMMAND = (sys.executable, "-m", "ssp_emulator", "provider")


async def run(*arguments: str, cwd: Path) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(*COMMAND, *arguments, stdout=pipe, stderr=pipe, cwd=cwd)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_the_command_serves_until_a_signal_and_ends_well(
    folder: CertificateFolder, tmp_path: Path, number: signal.Signals
) -> None:
    (tmp_path / "certs").symlink_to(folder.root)
    process = await run("--port", "0", cwd=tmp_path)
    assert process.stdout is not None
    async with asyncio.timeout(30):
        line = (await process.stdout.readline()).decode()
        start, url = line.rstrip("\n").split(": ", 1)
        assert (start, URL(url).path) == ("Demo provider ready", BASE)
        proxy = Proxy(URL(url).port or 0, client_context(folder, folder.ssp_client))
        assert (await proxy.get(f"{BASE}/Binary/{WORD}", READ)).status == 200
        process.send_signal(number)
        rest, errors = await process.communicate()
    assert (process.returncode, rest) == (0, b"")
    (logged,) = errors.decode().splitlines()
    assert "629ea9ba-a077-4d99-b289-7a9b19fd4e03" in logged
    assert f"{BASE}/Binary/{WORD}" in logged
    assert token() not in logged


async def test_the_command_names_a_port_that_is_taken(folder: CertificateFolder, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = await run("--host", "127.0.0.1", "--port", str(port), "--certs", os.fspath(folder.root), cwd=tmp_path)
        output, errors = await process.communicate()
    assert (process.returncode, output) == (2, b"")
    assert errors.decode() == (
        f"error: cannot listen on 127.0.0.1:{port}: Address already in use; "
        "stop what listens there, or choose another port\n"
    )


async def test_the_command_names_a_certificate_that_is_missing(folder: CertificateFolder, tmp_path: Path) -> None:
    shutil.copytree(folder.root, tmp_path / "certs")
    (tmp_path / "certs" / "provider" / "provider.key").unlink()
    process = await run("--port", "0", cwd=tmp_path)
    output, errors = await process.communicate()
    assert (process.returncode, output) == (2, b"")
    assert errors.decode() == (
        "error: certs/provider/provider.key is missing though other files of the PKI are there, "
        "put it back, or `certs init --force` replaces the whole PKI\n"
    )


async def test_the_command_makes_certificates_where_there_are_none(tmp_path: Path) -> None:
    process = await run("--port", "0", cwd=tmp_path)
    assert process.stdout is not None
    assert (await process.stdout.readline()).startswith(b"Demo provider ready: https://")
    process.send_signal(signal.SIGTERM)
    _, errors = await process.communicate()
    assert (process.returncode, errors) == (0, b"")
    assert all(path.is_file() for path in CertificateFolder(tmp_path / "certs").files)


async def test_the_command_needs_only_its_own_certificates(folder: CertificateFolder, tmp_path: Path) -> None:
    own = CertificateFolder(tmp_path / "certs")
    for path in (folder.provider.certificate, folder.provider.key, folder.chain):
        copy = own.root / path.relative_to(folder.root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    process = await run("--port", "0", cwd=tmp_path)
    assert process.stdout is not None
    assert (await process.stdout.readline()).startswith(b"Demo provider ready: https://")
    process.send_signal(signal.SIGTERM)
    await process.communicate()
    assert process.returncode == 0
    assert not own.ssp_client.certificate.exists()
