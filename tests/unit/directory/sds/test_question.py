"""What a query asks for, and what is said of one that asks for nothing that there is."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssp_emulator.directory.sds.question import Question, QuestionError, of_devices, of_endpoints

ID = "https://fhir.nhs.uk/Id/"
ORGANISATION = ("organization", f"{ID}ods-organization-code|A20047")
INTERACTION = ("identifier", f"{ID}nhsServiceInteractionId|urn:a:b")
PARTY_KEY = ("identifier", f"{ID}nhsMhsPartyKey|A20047-810002")
MANUFACTURER = ("manufacturing-organization", f"{ID}ods-organization-code|YEX02")
RIGHT_IDENTIFIER = f"identifier={ID}nhsServiceInteractionId|… or identifier={ID}nhsMhsPartyKey|…"


@pytest.mark.parametrize(
    ("pairs", "question"),
    [
        ([ORGANISATION, INTERACTION], Question("A20047", "urn:a:b")),
        ([INTERACTION, ORGANISATION], Question("A20047", "urn:a:b")),
        ([ORGANISATION, INTERACTION, PARTY_KEY], Question("A20047", "urn:a:b", "A20047-810002")),
        ([PARTY_KEY, ORGANISATION, INTERACTION, MANUFACTURER], Question("A20047", "urn:a:b", "A20047-810002", "YEX02")),
        ([ORGANISATION, INTERACTION, MANUFACTURER], Question("A20047", "urn:a:b", None, "YEX02")),
    ],
)
def test_devices(pairs: list[tuple[str, str]], question: Question) -> None:
    assert of_devices(urlencode(pairs)) == question


@pytest.mark.parametrize(
    ("pairs", "question"),
    [
        ([ORGANISATION, INTERACTION], Question("A20047", "urn:a:b")),
        ([ORGANISATION, PARTY_KEY], Question("A20047", None, "A20047-810002")),
        ([PARTY_KEY, INTERACTION], Question(None, "urn:a:b", "A20047-810002")),
        ([PARTY_KEY, INTERACTION, ORGANISATION], Question("A20047", "urn:a:b", "A20047-810002")),
    ],
)
def test_endpoints(pairs: list[tuple[str, str]], question: Question) -> None:
    assert of_endpoints(urlencode(pairs)) == question


def test_bars_and_colons_may_stand_as_they_are() -> None:
    query = f"organization={ORGANISATION[1]}&identifier={INTERACTION[1]}"
    assert of_devices(query) == of_endpoints(query) == Question("A20047", "urn:a:b")


def test_a_value_may_hold_a_bar() -> None:
    assert of_devices(urlencode([ORGANISATION, (INTERACTION[0], f"{INTERACTION[1]}|c")])).interaction == "urn:a:b|c"


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ([], f"The parameter organization={ID}ods-organization-code|… is missing"),
        ([ORGANISATION], f"The parameter identifier={ID}nhsServiceInteractionId|… is missing"),
        ([ORGANISATION, PARTY_KEY], f"The parameter identifier={ID}nhsServiceInteractionId|… is missing"),
        ([INTERACTION, PARTY_KEY], f"The parameter organization={ID}ods-organization-code|… is missing"),
        (
            [ORGANISATION, INTERACTION, ("_format", "json")],
            "The parameter _format is not known here; these are: organization, identifier, manufacturing-organization",
        ),
        (
            [("Organization", ORGANISATION[1]), INTERACTION],
            ("The parameter Organization is not known here; these are: organization, identifier, "
            "manufacturing-organization"),
        ),
        (
            [("organization", "A20047"), INTERACTION],
            f"The parameter organization should be organization={ID}ods-organization-code|…; found A20047",
        ),
        (
            [("organization", ""), INTERACTION],
            f"The parameter organization should be organization={ID}ods-organization-code|…; found nothing",
        ),
        (
            [ORGANISATION, ("identifier", "urn:a:b")],
            f"The parameter identifier should be {RIGHT_IDENTIFIER}; found urn:a:b",
        ),
        (
            [ORGANISATION, ("identifier", f"{ID}nhsSpineASID|200000000116")],
            f"The parameter identifier should be {RIGHT_IDENTIFIER}; found {ID}nhsSpineASID|200000000116",
        ),
        (
            [ORGANISATION, ("identifier", f"{ID}nhsServiceInteractionId")],
            f"The parameter identifier should be {RIGHT_IDENTIFIER}; found {ID}nhsServiceInteractionId",
        ),
        (
            [ORGANISATION, ("identifier", f"{ID}nhsServiceInteractionId|")],
            f"The parameter identifier={ID}nhsServiceInteractionId|… has no value after the bar",
        ),
        (
            [ORGANISATION, ORGANISATION, INTERACTION],
            f"The parameter organization={ID}ods-organization-code|… should be there once",
        ),
        (
            [ORGANISATION, INTERACTION, INTERACTION],
            f"The parameter identifier={ID}nhsServiceInteractionId|… should be there once",
        ),
        (
            [ORGANISATION, INTERACTION, ("a" * 200, "")],
            (f"The parameter {'a' * 100}… is not known here; these are: organization, identifier, "
            "manufacturing-organization"),
        ),
    ],
)  # fmt: skip
def test_what_asks_for_no_devices(pairs: list[tuple[str, str]], said: str) -> None:
    with pytest.raises(QuestionError) as caught:
        of_devices(urlencode(pairs))
    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ([ORGANISATION], "should be there: "),
        ([INTERACTION], "; found 1"),
        ([], "; found 0"),
        ([ORGANISATION, INTERACTION, MANUFACTURER], "The parameter manufacturing-organization is not known here"),
        ([PARTY_KEY, PARTY_KEY], "should be there once"),
    ],
)
def test_what_asks_for_no_endpoints(pairs: list[tuple[str, str]], said: str) -> None:
    with pytest.raises(QuestionError) as caught:
        of_endpoints(urlencode(pairs))
    assert said in str(caught.value)


@pytest.mark.parametrize("query", ["organization=%FF", "&".join(["a=b"] * 21)])
def test_a_query_that_cannot_be_read(query: str) -> None:
    with pytest.raises(QuestionError) as caught:
        of_devices(query)
    assert str(caught.value) == "The query should have at most 20 parameters, in percent-encoded UTF-8"


@given(st.text(max_size=200))
def test_any_query_is_read_or_refused_in_words(query: str) -> None:
    for read in (of_devices, of_endpoints):
        try:
            said = str(read(query))
        except QuestionError as error:
            said = str(error)
        assert 0 < len(said) < 600
