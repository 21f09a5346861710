"""Calls of the FHIR face: what is refused and in which order, and what a Bundle says."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ssp_emulator.directory.sds.answer import BASE, Call, answer, bundle, correlation_id, kind
from ssp_emulator.directory.sds.records import Records
from ssp_emulator.directory.sds.refusal import Reason, RefusedError, form_of

if TYPE_CHECKING:
    from ssp_emulator.spine import Spine

ID = "https://fhir.nhs.uk/Id/"
READ = "urn:nhs:names:services:gpconnect:documents:fhir:rest:read:binary-1"
QUERY = f"organization={ID}ods-organization-code|A20047&identifier={ID}nhsServiceInteractionId|{READ}"
UUID = "f6a1b2c3-0d4e-4f5a-8b6c-7d8e9f0a1b2c"
GOOD = Call("GET", f"{BASE}/Device", QUERY, "application/fhir+json", "any", (UUID,))


@pytest.fixture
def records(spine: Spine) -> Records:
    return Records(spine.directory)


def test_a_call_finds_what_it_asks_for(records: Records) -> None:
    found = answer(GOOD, records)
    assert (found.question.organisation, found.question.interaction) == ("A20047", READ)
    assert [each["resourceType"] for each in found.resources] == ["Device"]
    endpoints = answer(replace(GOOD, path=f"{BASE}/Endpoint"), records).resources
    assert [each["address"] for each in endpoints] == ["https://gp.example.nhs.uk/A20047/STU3/1/gpconnect/documents"]


@pytest.mark.parametrize(
    ("changes", "reason", "said"),
    [
        ({"path": f"{BASE}/device"}, Reason.NO_RECORD_FOUND, "HTTP endpoint not found"),
        ({"path": f"{BASE}/Device/"}, Reason.NO_RECORD_FOUND, "HTTP endpoint not found"),
        ({"path": "/Device"}, Reason.NO_RECORD_FOUND, "HTTP endpoint not found"),
        ({"path": f"{BASE}/Device/1"}, Reason.NO_RECORD_FOUND, "HTTP endpoint not found"),
        ({"path": "/Spine-directory/FHIR/R4/Device"}, Reason.NO_RECORD_FOUND, "HTTP endpoint not found"),
        ({"method": "POST"}, Reason.METHOD_NOT_ALLOWED, "The method should be GET; found POST"),
        ({"method": "HEAD"}, Reason.METHOD_NOT_ALLOWED, "The method should be GET; found HEAD"),
        ({"api_key": None}, Reason.ACCESS_DENIED, "The header apikey is missing or empty; any value will do here"),
        ({"api_key": " "}, Reason.ACCESS_DENIED, "The header apikey is missing or empty; any value will do here"),
        (
            {"accept": "application/json"},
            Reason.NOT_ACCEPTABLE,
            "The header Accept should allow application/fhir+json; found application/json",
        ),
        ({"accept": ""}, Reason.NOT_ACCEPTABLE, "The header Accept should allow application/fhir+json; found nothing"),
        (
            {"accept": "application/fhir+json;q=0, */*"},
            Reason.NOT_ACCEPTABLE,
            "The header Accept should allow application/fhir+json; found application/fhir+json;q=0, */*",
        ),
        (
            {"correlation_ids": ("1",)},
            Reason.BAD_REQUEST,
            "The header X-Correlation-Id should be one UUID; found 1",
        ),
        (
            {"correlation_ids": ("",)},
            Reason.BAD_REQUEST,
            "The header X-Correlation-Id should be one UUID; found nothing",
        ),
        (
            {"correlation_ids": (f"{UUID}0",)},
            Reason.BAD_REQUEST,
            f"The header X-Correlation-Id should be one UUID; found {UUID}0",
        ),
        (
            {"correlation_ids": (UUID, UUID)},
            Reason.BAD_REQUEST,
            f"The header X-Correlation-Id should be one UUID; found {UUID}, {UUID}",
        ),
        ({"query": f"{QUERY}&a=b"}, Reason.BAD_REQUEST, "The parameter a is not known here; these are: "),
    ],
)
def test_a_call_that_is_refused(changes: dict[str, object], reason: Reason, said: str, records: Records) -> None:
    with pytest.raises(RefusedError) as caught:
        answer(replace(GOOD, **changes), records)
    assert caught.value.reason is reason
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(
    "changes",
    [
        {"accept": None},
        {"accept": "*/*"},
        {"accept": "application/*;q=0.1"},
        {"accept": "text/html, APPLICATION/FHIR+JSON; charset=utf-8"},
        {"correlation_ids": ()},
        {"correlation_ids": (UUID.upper(),)},
        {"api_key": "x"},
    ],
)
def test_a_call_that_is_let_in(changes: dict[str, object], records: Records) -> None:
    assert len(answer(replace(GOOD, **changes), records).resources) == 1


def test_what_is_wrong_is_said_from_the_outside_in(records: Records) -> None:
    wrong = Call("POST", "/", "a=b", "text/html", None, ("1",))
    met = []
    for mended in (
        {"path": GOOD.path},
        {"method": "GET"},
        {"api_key": "x"},
        {"accept": "*/*"},
        {"correlation_ids": ()},
    ):
        with pytest.raises(RefusedError) as caught:
            answer(wrong, records)
        met.append((caught.value.reason, str(caught.value).split()[2]))
        wrong = replace(wrong, **mended)
    assert met == [
        (Reason.NO_RECORD_FOUND, "not"),
        (Reason.METHOD_NOT_ALLOWED, "should"),
        (Reason.ACCESS_DENIED, "apikey"),
        (Reason.NOT_ACCEPTABLE, "Accept"),
        (Reason.BAD_REQUEST, "X-Correlation-Id"),
    ]


@pytest.mark.parametrize(
    ("reason", "form"),
    [
        (Reason.ACCESS_DENIED, (401, "login", "ACCESS_DENIED", "Access denied")),
        (Reason.BAD_REQUEST, (400, "invalid", "BAD_REQUEST", "Bad request")),
        (Reason.NO_RECORD_FOUND, (404, "not-found", "NO_RECORD_FOUND", "No record found")),
        (Reason.METHOD_NOT_ALLOWED, (405, "not-supported", "NOT_IMPLEMENTED", "Not implemented")),
        (Reason.NOT_ACCEPTABLE, (406, "not-supported", "UNSUPPORTED_MEDIA_TYPE", "Unsupported media type")),
        (Reason.INTERNAL_ERROR, (500, "processing", "INTERNAL_SERVER_ERROR", "Unexpected internal server error")),
        (Reason.NOT_RECORDED, (503, "transient", "INTERNAL_SERVER_ERROR", "Unexpected internal server error")),
    ],
)
def test_each_reason_has_its_form(reason: Reason, form: tuple[int, str, str, str]) -> None:
    assert form_of(reason) == form


def test_a_bundle_counts_and_leads_back(records: Records) -> None:
    found = answer(GOOD, records)
    made = bundle(found, f"http://sds{BASE}", f"http://sds{BASE}/Device?{QUERY}")
    (entry,) = made["entry"]
    assert (made["type"], made["total"], made["link"]) == (
        "searchset",
        1,
        [{"relation": "self", "url": f"http://sds{BASE}/Device?{QUERY}"}],
    )
    assert entry["fullUrl"] == f"http://sds{BASE}/Device/{entry['resource']['id']}"
    assert entry["search"] == {"mode": "match"}
    assert made["id"] == made["id"].upper()


def test_nothing_found_is_an_empty_bundle(records: Records) -> None:
    made = bundle(answer(replace(GOOD, query=QUERY.replace("A20047", "A9")), records), "http://sds", "http://sds")
    assert (made["total"], made["entry"]) == (0, [])


def test_a_correlation_id_is_known_where_there_is_one() -> None:
    assert correlation_id(GOOD) == UUID
    assert correlation_id(replace(GOOD, correlation_ids=("1",))) is None
    assert correlation_id(replace(GOOD, correlation_ids=())) is None


@pytest.mark.parametrize(
    ("path", "name"), [(f"{BASE}/Device", "Device"), (f"{BASE}/Endpoint", "Endpoint"), (f"{BASE}/Patient", "other")]
)
def test_a_path_is_of_a_kind(path: str, name: str) -> None:
    assert kind(path) == name
