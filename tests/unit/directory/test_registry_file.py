"""The forms that the registry's fields accept."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from ssp_emulator.directory.registry_file import (
    AgreementEntry,
    EndpointEntry,
    OrganisationEntry,
    ReliabilityEntry,
    SystemEntry,
)

ROOT = "https://gp.example.nhs.uk/A20047/STU3/1/gpconnect/documents"
RIGHT_ROOT = "should be a service root URL such as https://gp.example.nhs.uk/A20047/STU3/1/gpconnect/documents"
DOT_SEGMENT = "the target's path should have no . or .. segment, raw or percent-encoded"
GOOD: dict[type, dict[str, Any]] = {
    OrganisationEntry: {"ods": "A1001", "name": "Example Hospital"},
    SystemEntry: {"asid": "1", "organisation": "A1001", "party_key": "A1001-810001", "fqdn": "a.example"},
    EndpointEntry: {"root": ROOT, "cpa_id": "S20001A000116", "receives": ["urn:a"]},
    ReliabilityEntry: {},
    AgreementEntry: {"from": "1", "to": "2", "interactions": ["urn:a"]},
}


def problem(entry: Any, field: str, value: object) -> str:
    """What is wrong with a value, without the library's own beginning."""
    with pytest.raises(ValidationError) as caught:
        entry.model_validate({**GOOD[entry], field: value})
    (error,) = caught.value.errors()
    assert error["loc"][0] == field
    return error["msg"].removeprefix("Value error, ")


@pytest.mark.parametrize(
    "root",
    [
        ROOT,
        "https://gp.example.nhs.uk",
        "https://gp.example.nhs.uk:8443/a",
        "https://127.0.0.1/a",
        "https://GP.example/A.b/.../c%20d",
    ],
)
def test_roots_are_kept_as_they_are_written(root: str) -> None:
    assert EndpointEntry.model_validate({**GOOD[EndpointEntry], "root": root}).root == root


@pytest.mark.parametrize(
    "root",
    [
        "", "http://gp.example.nhs.uk/a", "gp.example.nhs.uk/a", "https:///a", "https://u@gp.example.nhs.uk/a",
        "https://gp.example.nhs.uk/a?b", "https://gp.example.nhs.uk/a#b", "https://gp.example.nhs.uk:0/a",
        "https://gp.example.nhs.uk:99999/a", "https://gp.example.nhs.uk:/a", "https://gp.example.nhs.uk/é",
        "https://[::1/a", "https://gp_1.example/a", "HTTPS://gp.example.nhs.uk/a", "https://gp/a\\b",
    ],
)  # fmt: skip
def test_a_root_that_no_target_could_lie_below_is_refused(root: str) -> None:
    assert problem(EndpointEntry, "root", root).startswith(RIGHT_ROOT)


@pytest.mark.parametrize(
    ("root", "why"),
    [
        ("https://gp.example.nhs.uk/a/", "should not end with a slash"),
        ("https://gp.example.nhs.uk/a/../b", f"{RIGHT_ROOT}; {DOT_SEGMENT}"),
        ("https://gp.example.nhs.uk/%2e%2e/a", f"{RIGHT_ROOT}; {DOT_SEGMENT}"),
        ("https://gp.example.nhs.uk/a b", f"{RIGHT_ROOT}; the target holds the character ' '"),
        ("https://gp.example.nhs.uk/a\nb", f"{RIGHT_ROOT}; the target holds the character U+000A"),
    ],
)
def test_a_root_with_one_thing_too_much_is_told_which(root: str, why: str) -> None:
    assert problem(EndpointEntry, "root", root).startswith(why)


@pytest.mark.parametrize("value", ["", "A", "20000000011X", "-1", "1.0", "٢", "1" * 21, "1\n"])
@pytest.mark.parametrize(("entry", "field"), [(SystemEntry, "asid"), (AgreementEntry, "from"), (AgreementEntry, "to")])
def test_an_asid_is_digits(entry: type, field: str, value: str) -> None:
    assert (
        problem(entry, field, value) == f'should be an ASID, digits in quotes such as "200000000115", found {value!r}'
    )


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        (OrganisationEntry, "ods"),
        (SystemEntry, "organisation"),
        (SystemEntry, "party_key"),
        (EndpointEntry, "cpa_id"),
    ],
)
@pytest.mark.parametrize("value", ["", "a b", "-a", "a/b", "é", "a" * 65])
def test_a_code_is_letters_digits_and_hyphens(entry: type, field: str, value: str) -> None:
    assert problem(entry, field, value) == f"should be letters, digits and hyphens, found {value!r}"


@pytest.mark.parametrize("value", ["", "a b", "a\tb", "é"])
def test_an_interaction_is_printable(value: str) -> None:
    right = f"should be an interaction id, or a glob of them with *, found {value!r}"
    assert problem(AgreementEntry, "interactions", [value]) == right
    assert problem(EndpointEntry, "receives", [value]) == right
    assert problem(SystemEntry, "sends", [value]) == right


@pytest.mark.parametrize(
    ("entry", "field"), [(AgreementEntry, "interactions"), (EndpointEntry, "receives")], ids=["agreed", "received"]
)
def test_a_list_that_says_nothing_is_refused(entry: type, field: str) -> None:
    assert problem(entry, field, []) == "List should have at least 1 item after validation, not 0"


@pytest.mark.parametrize("value", ["localhost", "localhost:x", "https://localhost:1", ""])
def test_connect_to_is_a_host_and_a_port(value: str) -> None:
    right = f'should be "host:port", such as "localhost:8443", found {value!r}'
    assert problem(EndpointEntry, "connect_to", value) == right


def test_the_registrys_schema_knows_a_token_key_as_text() -> None:
    schema = SystemEntry.model_json_schema()["properties"]["token_key"]
    assert schema["type"] == "string"


def test_a_system_without_a_token_key_has_none() -> None:
    assert SystemEntry.model_validate(GOOD[SystemEntry]).token_key is None


@pytest.mark.parametrize("value", ["PT1M", "PT0S", "P1D", "P1Y2M3DT4H5M6.7S", "P2W"])
def test_a_duration_is_written_as_iso_8601_has_it(value: str) -> None:
    assert ReliabilityEntry.model_validate({"retry_interval": value}).retry_interval == value


@pytest.mark.parametrize("value", ["", "P", "PT", "1M", "PT1", "P1DT", "PT1M ", "pt1m", "PT1.5M", "P1H"])
def test_what_is_no_duration_is_refused(value: str) -> None:
    right = f'should be a duration as ISO 8601 writes it, such as "PT1M", found {value!r}'
    assert problem(ReliabilityEntry, "persist_duration", value) == right


@pytest.mark.parametrize("value", ["", "two words", "caf\u00e9", "a" * 201, "a\n"])
def test_what_reliability_says_is_one_word(value: str) -> None:
    assert problem(ReliabilityEntry, "actor", value) == f"should be one word of printable ASCII, found {value!r}"


@pytest.mark.parametrize("value", [-1, 1001])
def test_retries_are_a_number_that_makes_sense(value: int) -> None:
    assert problem(ReliabilityEntry, "retries", value).startswith("Input should be ")
