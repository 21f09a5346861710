"""Check 3: the methods that go through, and 405 for every other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ssp_emulator.checks.method import method as check
from ssp_emulator.outcome import Denial, Reason
from ssp_emulator.verdict import Result, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssp_emulator.exchange import Exchange


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
def test_methods_that_pass(method: str, request_for: Callable[..., Exchange], judge: Callable[..., Verdict]) -> None:
    assert judge(check, request_for(method=method)) == Verdict(Result.PASSED, method)


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "get", "Get", "GETS", ""])
def test_any_other_is_a_405(method: str, request_for: Callable[..., Exchange], judge: Callable[..., Verdict]) -> None:
    verdict = judge(check, request_for(method=method))
    denial = Denial(Reason.METHOD_NOT_ALLOWED, "405: Method Not Allowed")
    assert verdict == Verdict(Result.FAILED, method, "GET POST PUT PATCH DELETE HEAD OPTIONS", denial)
    assert denial.form.status == 405
