"""Check 4: each of the four Ssp headers just once, in its form."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ssp_emulator.checks.headers import headers as check
from ssp_emulator.outcome import Denial, Reason
from ssp_emulator.verdict import Result, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssp_emulator.exchange import Exchange

GUID = "9c2a4f0e-3b1d-4e57-8a60-5d1f7b2c9e34"
FORMS = {
    "Ssp-TraceID": "a GUID or UUID",
    "Ssp-From": "an ASID, which is digits",
    "Ssp-To": "an ASID, which is digits",
    "Ssp-InteractionID": "an interaction ID",
}
EVERY = pytest.mark.parametrize("name", FORMS)


def denied(verdict: Verdict, text: str) -> bool:
    return (verdict.result, verdict.denial) == (Result.FAILED, Denial(Reason.BAD_REQUEST, text))


@EVERY
def test_a_missing_header_is_named(
    name: str, request_for: Callable[..., Exchange], judge: Callable[..., Verdict]
) -> None:
    verdict = judge(check, request_for(headers={name: None}))
    assert denied(verdict, f"The header {name} is missing")
    assert (verdict.expected, verdict.found) == (f"{name} once, {FORMS[name]}", "none")
    assert verdict.denial is not None
    assert verdict.denial.form.status == 400


@EVERY
@pytest.mark.parametrize("value", ["", " ", "\t "], ids=["nothing", "a space", "white space"])
def test_an_empty_header_is_named(
    name: str, value: str, request_for: Callable[..., Exchange], judge: Callable[..., Verdict]
) -> None:
    verdict = judge(check, request_for(headers={name: value}))
    assert denied(verdict, f"The header {name} is empty")


@EVERY
def test_a_header_twice_is_named_even_where_both_say_the_same(
    name: str, request_for: Callable[..., Exchange], judge: Callable[..., Verdict]
) -> None:
    same = request_for().headers[name]
    verdict = judge(check, request_for(headers={name: [same, same]}))
    assert denied(verdict, f"The header {name} came more than once")
    assert verdict.found == "2 of it"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Ssp-TraceID", "1"),
        ("Ssp-TraceID", GUID[:-1]),
        ("Ssp-TraceID", GUID + "0"),
        ("Ssp-TraceID", GUID.replace("-", "")),
        ("Ssp-TraceID", GUID.replace("9", "g")),
        ("Ssp-TraceID", f"{{{GUID}}}"),
        ("Ssp-TraceID", f"{GUID}, {GUID}"),
        ("Ssp-From", "20000000011X"),
        ("Ssp-From", "-1"),
        ("Ssp-From", "200000000115, 200000000115"),
        ("Ssp-From", "٢٠٠"),
        ("Ssp-From", "1" * 21),
        ("Ssp-To", "2000 0000"),
        ("Ssp-To", "gp.example.nhs.uk"),
        ("Ssp-InteractionID", "urn:nhs names"),
        ("Ssp-InteractionID", "urn:nhs:é"),
        ("Ssp-InteractionID", "u" * 256),
    ],
)
def test_a_malformed_header_is_named(
    name: str, value: str, request_for: Callable[..., Exchange], judge: Callable[..., Verdict]
) -> None:
    verdict = judge(check, request_for(headers={name: value}))
    assert denied(verdict, f"The header {name} is not {FORMS[name]}")
    assert verdict.found == value


@pytest.mark.parametrize(
    ("name", "value"),
    [("Ssp-TraceID", GUID.upper()), ("Ssp-TraceID", f"  {GUID} "), ("Ssp-From", "1"), ("Ssp-To", "1" * 20)],
)
def test_other_forms_that_pass(
    name: str, value: str, request_for: Callable[..., Exchange], judge: Callable[..., Verdict]
) -> None:
    exchange = request_for(headers={name: value})
    assert judge(check, exchange) == Verdict(Result.PASSED, f"trace {exchange.headers['Ssp-TraceID'].strip()}")


def test_names_are_told_without_case(request_for: Callable[..., Exchange], judge: Callable[..., Verdict]) -> None:
    exchange = request_for(headers={"Ssp-From": None, "SSP-FROM": "200000000115"})
    assert judge(check, exchange).result is Result.PASSED


def test_the_first_of_several_problems_is_told(
    request_for: Callable[..., Exchange], judge: Callable[..., Verdict]
) -> None:
    verdict = judge(check, request_for(headers=dict.fromkeys(FORMS)))
    assert denied(verdict, "The header Ssp-TraceID is missing")
