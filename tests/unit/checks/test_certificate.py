"""Check 2: a certificate, or 496; a good one, or 495."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ssp_emulator.checks.certificate import certificate as check
from ssp_emulator.outcome import Denial, Reason
from ssp_emulator.pki.verdict import CertificateFault
from ssp_emulator.verdict import Result, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssp_emulator.exchange import Client, Exchange


def test_a_good_certificate_passes(request_for: Callable[..., Exchange], judge: Callable[..., Verdict]) -> None:
    assert judge(check, request_for()) == Verdict(Result.PASSED, "CN=consumer.example.nhs.uk")


def test_no_certificate_is_a_496(
    request_for: Callable[..., Exchange], judge: Callable[..., Verdict], client: Client
) -> None:
    verdict = judge(check, request_for(client=replace(client, certificate=None)))
    denial = Denial(Reason.CERTIFICATE_REQUIRED, "SSL_CERTIFICATE_REQUIRED")
    assert verdict == Verdict(Result.FAILED, "none", "a client certificate", denial)
    assert denial.form.status == 496


@pytest.mark.parametrize(
    "reason", ["EXPIRED", "NOT_YET_VALID", "UNTRUSTED_ISSUER", "REVOKED", "NOT_A_CLIENT_CERTIFICATE"]
)
def test_a_bad_certificate_is_a_495_that_says_why(
    reason: str, request_for: Callable[..., Exchange], judge: Callable[..., Verdict], client: Client
) -> None:
    verdict = judge(check, request_for(client=replace(client, fault=CertificateFault(reason))))
    assert verdict.denial == Denial(Reason.CERTIFICATE_ERROR, f"SSL_CERTIFICATE_ERROR_{reason}")
    assert verdict.denial.form.status == 495
    assert verdict.result is Result.FAILED
    assert verdict.found == f"{reason}: CN=consumer.example.nhs.uk"
