"""The query of a documents search: its mandatory includes, its errors, and what each parameter matches."""

from __future__ import annotations

import pytest
from multidict import MultiDict

from ssp_emulator.demo.provider.dataset import DATASET
from ssp_emulator.demo.provider.errors import ProviderError
from ssp_emulator.demo.provider.search import INCLUDES, REVINCLUDE, read_search
from ssp_emulator.provider_errors import ErrorKind

MANDATORY = (*(("_include", include) for include in INCLUDES), ("_revinclude:recurse", REVINCLUDE))
ODS = "https://fhir.nhs.uk/Id/ods-organization-code"
LISTED = [document for document in DATASET.documents if document.patient is DATASET.patients[0]]
LISTED = [document for document in LISTED if not document.file.confidential]


def found(*parameters: tuple[str, str]) -> set[str]:
    search = read_search(MultiDict([*MANDATORY, *parameters]))
    return {document.description for document in LISTED if search.matches(document)}


ALL = {
    "Discharge Summary",
    "Reply to referral, cardiology",
    "Photograph of left forearm",
    "Note of a home visit",
    "Former paper record, transcribed",
}


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ([], ALL),
        ([("facility", "x"), ("type", "x")], ALL),  # parameters of other versions are passed over
        ([("created", "ge2020-02-11")], {"Reply to referral, cardiology", "Note of a home visit"}),
        ([("created", "ge2021-05-06"), ("created", "le2021-05-06")], {"Note of a home visit"}),  # by indexed
        ([("created", "le2017")], {"Former paper record, transcribed"}),
        ([("created", "ge2018-11-30"), ("created", "le2018-11-30")], {"Photograph of left forearm"}),
        ([("created", "le2019-06-24T09:35:00 01:00"), ("created", "ge2019")], {"Discharge Summary"}),
        ([("created", "ge2022"), ("created", "le2019")], set()),
        ([("author", f"{ODS}|A1001")], {"Reply to referral, cardiology"}),
        ([("author", f"{ODS}|a1001")], {"Reply to referral, cardiology"}),
        ([("author", f"{ODS}|Z99999")], set()),
        ([("description", "SUMMARY")], {"Discharge Summary"}),
        ([("description", "inpatient final")], {"Discharge Summary"}),  # the type's display
        ([("description", "visit note")], {"Note of a home visit"}),  # the type's text
        ([("description", "no such words")], set()),
        ([("description", "letter"), ("author", f"{ODS}|A20047")], {"Discharge Summary"}),
    ],
)
def test_parameters_narrow_the_search(parameters: list[tuple[str, str]], expected: set[str]) -> None:
    assert found(*parameters) == expected


@pytest.mark.parametrize("missing", range(len(MANDATORY)))
def test_each_include_is_mandatory(missing: int) -> None:
    name, value = MANDATORY[missing]
    query = MultiDict([pair for place, pair in enumerate(MANDATORY) if place != missing])
    with pytest.raises(ProviderError) as caught:
        read_search(query)
    assert caught.value.kind is ErrorKind.INVALID_PARAMETER
    assert caught.value.diagnostics == f"The query parameter {name} is missing with the value {value}."


@pytest.mark.parametrize(
    ("parameters", "diagnostics"),
    [
        ([("created", "2019")], "The query parameter created must have the prefix ge or le."),
        ([("created", "gt2019")], "The query parameter created must have the prefix ge or le."),
        ([("created", "")], "The query parameter created must have the prefix ge or le."),
        ([("created", "ge")], "The query parameter created has no valid date after its prefix."),
        ([("created", "ge2019-02-30")], "The query parameter created has no valid date after its prefix."),
        ([("created", "le24/06/2019")], "The query parameter created has no valid date after its prefix."),
        (
            [("created", "ge2019"), ("created", "ge2020")],
            "The query parameter created is given more than once with the prefix ge.",
        ),
        ([("author", "A1001")], f"The query parameter author must be {ODS}|[ODS code]."),
        ([("author", f"{ODS}|")], f"The query parameter author must be {ODS}|[ODS code]."),
        ([("author", f"{ODS}|not a code")], f"The query parameter author must be {ODS}|[ODS code]."),
        (
            [("author", "https://fhir.nhs.uk/Id/sds-user-id|G13579135")],
            f"The query parameter author must be {ODS}|[ODS code].",
        ),
    ],
)
def test_a_bad_parameter_is_named(parameters: list[tuple[str, str]], diagnostics: str) -> None:
    with pytest.raises(ProviderError) as caught:
        found(*parameters)
    assert caught.value.kind is ErrorKind.INVALID_PARAMETER
    assert caught.value.diagnostics == diagnostics
