"""Check 8: the target is at the registered service root URL, letter by letter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ssp_emulator.checks.endpoint import endpoint as check
from ssp_emulator.outcome import Denial, Reason
from ssp_emulator.verdict import Result, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssp_emulator.exchange import Exchange

PATH = "/A20047/STU3/1/gpconnect/documents"
ROOT = f"https://gp.example.nhs.uk{PATH}"


@pytest.mark.parametrize("below", ["", "/", "/Binary/1", "?a=b", "/Patient?identifier=x%7C1", "//"])
def test_the_root_and_all_below_it_pass(
    below: str, request_for: Callable[..., Exchange], judge: Callable[..., Verdict]
) -> None:
    assert judge(check, request_for(raw_target=f"/{ROOT}{below}")) == Verdict(Result.PASSED, ROOT)


@pytest.mark.parametrize(
    "target",
    [
        f"https://other.example.nhs.uk{PATH}/Binary/1",
        f"https://127.0.0.1{PATH}/Binary/1",
        f"https://gp.example.nhs.uk:443{PATH}/Binary/1",
        f"https://gp.example.nhs.uk.{PATH}/Binary/1",
        f"https://GP.example.nhs.uk{PATH}/Binary/1",
        f"HTTPS://gp.example.nhs.uk{PATH}/Binary/1",
        f"https://gp.example.nhs.uk{PATH.lower()}/Binary/1",
        f"{ROOT}-2/Binary/1",
        f"{ROOT}%2FBinary/1",
        f"{ROOT[:-1]}",
        f"{ROOT[:-1]}%73/Binary/1",
        "https://gp.example.nhs.uk",
        f"https://gp.example.nhs.uk/{PATH}/Binary/1",
    ],
    ids=[
        "another host", "its IP", "an added port", "a trailing dot", "another case", "the scheme's case",
        "the path's case", "a longer segment", "an encoded slash", "a shorter segment", "an encoded letter",
        "the host alone", "a doubled slash",
    ],
)  # fmt: skip
def test_another_way_to_say_it_is_another_endpoint(
    target: str, request_for: Callable[..., Exchange], judge: Callable[..., Verdict]
) -> None:
    text = f"ENDPOINT_{ROOT}_CPAID_S20001A000116_VARIES_FROM_TARGETURL_{target}"
    denial = Denial(Reason.ENDPOINT_VARIES, text)
    verdict = judge(check, request_for(raw_target=f"/{target}"))
    assert verdict == Verdict(Result.FAILED, target, f"a target below {ROOT}", denial)
    assert denial.form.status == 400
