"""Check 5: what is no usable target is a 400 that says why; how it was written is noted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ssp_emulator.checks.target import target as check
from ssp_emulator.outcome import Denial, Reason
from ssp_emulator.verdict import Result, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssp_emulator.exchange import Exchange


@pytest.mark.parametrize(
    ("raw", "notes"),
    [
        ("/https://gp.example.nhs.uk/a", []),
        ("/https%3A%2F%2Fgp.example.nhs.uk%2Fa", ["the target was written with percent-encoded"]),
        ("/https:/gp.example.nhs.uk/a", ["the target was written with slashes collapsed"]),
    ],
    ids=["literal", "percent-encoded", "collapsed"],
)
def test_each_form_is_read_and_all_but_the_literal_one_noted(
    raw: str, notes: list[str], request_for: Callable[..., Exchange], judge: Callable[..., Verdict]
) -> None:
    exchange = request_for(raw_target=raw)
    assert judge(check, exchange) == Verdict(Result.PASSED, "https://gp.example.nhs.uk/a")
    assert exchange.target is not None
    assert exchange.target.text == "https://gp.example.nhs.uk/a"
    assert exchange.notes == notes


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ("/http://gp.example.nhs.uk/a", "the target should be an absolute URL that begins with https:// and a host"),
        ("/", "the target should be an absolute URL that begins with https:// and a host"),
        ("/https://u@gp.example.nhs.uk/", "the target should have no user information (@) before its host"),
        ("/https://gp.example.nhs.uk/a#b", "the target should have no fragment (#)"),
        ("/https://gp/a/../b", "the target's path should have no . or .. segment, raw or percent-encoded"),
    ],
)
def test_any_other_is_a_400(
    raw: str, why: str, request_for: Callable[..., Exchange], judge: Callable[..., Verdict]
) -> None:
    exchange = request_for(raw_target=raw)
    denial = Denial(Reason.BAD_REQUEST, f"The target URL is not usable: {why}")
    assert judge(check, exchange) == Verdict(Result.FAILED, raw, "/https://{host}/{path}", denial)
    assert exchange.target is None
    assert denial.form.status == 400
