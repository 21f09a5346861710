"""The order of the checks, and how a request is put through them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from ssp_emulator import checks
from ssp_emulator.exchange import Client
from ssp_emulator.pki.verdict import CertificateFault
from ssp_emulator.verdict import Result, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssp_emulator.exchange import Exchange
    from ssp_emulator.spine import Spine

DOCUMENTED = (
    "tls", "certificate", "method", "headers", "target", "sender", "receiver", "endpoint", "agreement", "token",
)  # fmt: skip
EXPIRED = Client("192.0.2.7:1", "192.0.2.7", "TLSv1.2", "A", fault=CertificateFault.EXPIRED)

# What fails each check and none before it; put together they show which of two wins.
FAILING: dict[str, dict[str, Any]] = {
    "tls": {"client": Client("192.0.2.7:1", "192.0.2.7")},
    "certificate": {"client": EXPIRED},
    "method": {"method": "TRACE"},
    "headers": {"headers": {"Ssp-TraceID": None}},
    "target": {"raw_target": "/http://gp.example.nhs.uk/"},
    "sender": {"headers": {"Ssp-From": "1"}},
    "receiver": {"headers": {"Ssp-To": "1"}},
    "endpoint": {"raw_target": "/https://other.example.nhs.uk/"},
    "agreement": {},
    "token": {"headers": {"Authorization": None}},
}


def test_the_order_is_the_documented_one() -> None:
    assert DOCUMENTED == checks.NAMES
    assert tuple(check.__name__ for check in checks.ORDER) == DOCUMENTED
    assert tuple(check.__name__ for check in checks.CONNECTION) == ("tls", "certificate")


def test_a_good_request_passes_every_check(request_for: Callable[..., Exchange], spine: Spine) -> None:
    exchange = request_for()
    assert checks.examine(exchange, spine) is None
    assert tuple(exchange.verdicts) == DOCUMENTED
    assert {verdict.result for verdict in exchange.verdicts.values()} == {Result.PASSED}


def without_agreements(spine: Spine) -> Spine:
    return replace(spine, directory=type(spine.directory)(spine.directory.systems, []))


@pytest.mark.parametrize("name", DOCUMENTED)
def test_of_all_that_is_wrong_from_a_check_on_it_is_that_check_that_answers(
    name: str, request_for: Callable[..., Exchange], spine: Spine
) -> None:
    place = DOCUMENTED.index(name)
    fields: dict[str, Any] = {}
    for later in reversed(DOCUMENTED[place:]):
        headers = {**fields.get("headers", {}), **FAILING[later].get("headers", {})}
        fields = {**fields, **FAILING[later], "headers": headers}
    exchange = request_for(**fields)
    judge = without_agreements(spine) if place <= DOCUMENTED.index("agreement") else spine
    denial = checks.examine(exchange, judge)
    assert denial is not None
    assert tuple(exchange.verdicts) == DOCUMENTED[: place + 1]
    assert exchange.verdicts[name].denial is denial
    assert all(exchange.verdicts[before].result is Result.PASSED for before in DOCUMENTED[:place])


def test_a_failure_without_a_denial_does_not_stop_the_rest(request_for: Callable[..., Exchange], spine: Spine) -> None:
    seen: list[str] = []

    def first(exchange: Exchange, spine: Spine) -> Verdict:
        seen.append("first")
        return Verdict(Result.FAILED, "overlooked", "better")

    def second(exchange: Exchange, spine: Spine) -> Verdict:
        seen.append("second")
        return Verdict(Result.PASSED, "well")

    exchange = request_for()
    assert checks.examine(exchange, spine, (first, second)) is None
    assert seen == list(exchange.verdicts) == ["first", "second"]
