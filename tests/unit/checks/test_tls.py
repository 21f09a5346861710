"""Check 1: TLS, or 497."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssp_emulator.checks.tls import tls
from ssp_emulator.exchange import Client
from ssp_emulator.outcome import Denial, Reason
from ssp_emulator.verdict import Result, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssp_emulator.exchange import Exchange


def test_a_request_over_tls_passes(request_for: Callable[..., Exchange], judge: Callable[..., Verdict]) -> None:
    verdict = judge(tls, request_for())
    assert verdict == Verdict(Result.PASSED, "TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256")


def test_plain_http_is_a_497(request_for: Callable[..., Exchange], judge: Callable[..., Verdict]) -> None:
    verdict = judge(tls, request_for(client=Client("192.0.2.7:50001", "192.0.2.7")))
    denial = Denial(Reason.PLAIN_HTTP, "HTTP_REQUEST_SENT_TO_HTTPS_PORT")
    assert verdict == Verdict(Result.FAILED, "plain HTTP", "TLS", denial)
    assert denial.form.status == 497
