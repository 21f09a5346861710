"""Expectations: which requests they are about."""

from __future__ import annotations

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from ssp_emulator.testing.stub.expectation import Answer, Expectation
from ssp_emulator.testing.stub.received import Received

BINARY = "urn:nhs:names:services:gpconnect:documents:fhir:rest:read:binary-1"
PATH = "/A20047/STU3/1/gpconnect/documents/Binary/1"


def got(path: str = PATH, method: str = "GET", interaction: str | None = BINARY) -> Received:
    headers = CIMultiDict({} if interaction is None else {"Ssp-InteractionID": interaction})
    return Received(method, path, CIMultiDictProxy(headers), b"", "ssp.example.nhs.uk", "TLSv1.2")


@pytest.mark.parametrize(
    ("kind", "request_", "matches"),
    [
        ({}, got(), True),
        ({"method": "GET"}, got(), True),
        ({"method": "POST"}, got(), False),
        ({"path": PATH}, got(), True),
        ({"path": "*/Binary/*"}, got(), True),
        ({"path": "/Binary/*"}, got(), False),
        ({"path": "*/Patient"}, got("/x/Patient?identifier=1"), True),
        ({"path": "*/Patient?identifier=*"}, got("/x/Patient?identifier=1"), True),
        ({"path": "*/Patient?identifier=2"}, got("/x/Patient?identifier=1"), False),
        ({"path": "*/Patien?"}, got("/x/Patient"), False),
        ({"path": "*/[ab]"}, got("/x/a"), False),
        ({"path": "*/[ab]"}, got("/x/[ab]"), True),
        ({"interaction": BINARY}, got(), True),
        ({"interaction": "*:binary-1"}, got(), True),
        ({"interaction": "*:metadata-1"}, got(), False),
        ({"interaction": BINARY}, got(interaction=None), False),
        ({"interaction": "*"}, got(interaction=None), True),
    ],
)
def test_which_requests_an_expectation_is_about(kind: dict[str, str], request_: Received, matches: bool) -> None:
    assert Expectation(Answer(), **kind).matches(request_) is matches  # type: ignore[arg-type]


def test_one_that_has_had_its_number_is_used_up() -> None:
    expectation = Expectation(Answer(), times=1)
    before = expectation.is_used_up, expectation.missed

    expectation.received.append(got())

    assert before == (False, "the stub provider expected a request, and none came")
    assert (expectation.is_used_up, expectation.missed) == (True, None)


@pytest.mark.parametrize(
    ("answer", "content", "fields"),
    [
        (Answer(), b"", {}),
        (Answer(body="é"), "é".encode(), {}),
        (Answer(json={"a": 1}), b'{"a": 1}', {"Content-Type": "application/fhir+json;charset=utf-8"}),
        (Answer(json=[], headers={"content-type": "application/json"}), b"[]", {"content-type": "application/json"}),
    ],
)
def test_an_answer_s_bytes_and_fields(answer: Answer, content: bytes, fields: dict[str, str]) -> None:
    assert (answer.content, answer.fields) == (content, fields)
