"""The names of a client's certificate."""

from __future__ import annotations

from typing import Any

import pytest

from ssp_emulator.demo.provider.gate import certificate_names

SUBJECT = ((("organizationName", "NHS"),), (("commonName", "Common.example.nhs.uk"),))


@pytest.mark.parametrize(
    ("certificate", "names"),
    [
        ({}, set()),
        ({"subject": SUBJECT}, {"common.example.nhs.uk"}),
        (
            {"subject": SUBJECT, "subjectAltName": (("DNS", "SSP.example.nhs.uk"), ("DNS", "b.example"))},
            {"ssp.example.nhs.uk", "b.example"},
        ),
        ({"subject": SUBJECT, "subjectAltName": (("IP Address", "127.0.0.1"),)}, {"common.example.nhs.uk"}),
    ],
)
def test_alternative_names_come_before_the_common_name(certificate: dict[str, Any], names: set[str]) -> None:
    assert certificate_names(certificate) == names
