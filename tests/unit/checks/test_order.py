"""The order of the checks, and how a request is put through them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from ssp_emulator import checks
from ssp_emulator.exchange import SSP_HEADERS, Client
from ssp_emulator.limits import Limits, Quota, Standing
from ssp_emulator.pki.verdict import CertificateFault
from ssp_emulator.verdict import Result, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssp_emulator.exchange import Exchange
    from ssp_emulator.spine import Spine

DOCUMENTED = (
    "tls", "certificate", "method", "headers", "target", "sender", "receiver", "endpoint", "agreement", "token", "rate",
    "media",
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
    "rate": {},
    "media": {"headers": {"Content-Type": "text/html"}},
}


def test_the_order_is_the_documented_one() -> None:
    assert DOCUMENTED == checks.NAMES
    assert tuple(check.__name__ for check in checks.ORDER) == DOCUMENTED
    assert tuple(check.__name__ for check in checks.CONNECTION) == ("tls", "certificate")


def test_a_good_request_passes_every_check(request_for: Callable[..., Exchange], spine: Spine) -> None:
    exchange = request_for()
    assert checks.examine(exchange, spine) is None
    assert tuple(exchange.verdicts) == DOCUMENTED
    assert [exchange.verdicts[name].result for name in DOCUMENTED[:-2]] == [Result.PASSED] * 10
    assert [exchange.verdicts[name].result for name in DOCUMENTED[-2:]] == [Result.SKIPPED] * 2


def strict(spine: Spine, place: int) -> Spine:
    """Return a Spine that refuses at every check from a place on what the request alone cannot bring about."""
    agreements = type(spine.directory)(spine.directory.systems, [])
    return replace(
        spine,
        directory=agreements if place <= DOCUMENTED.index("agreement") else spine.directory,
        limits=Limits(60, sender=Quota(0)) if place <= DOCUMENTED.index("rate") else spine.limits,
        media_types=frozenset({"application/fhir+json"}),
    )


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
    denial = checks.examine(exchange, strict(spine, place))
    assert denial is not None
    assert tuple(exchange.verdicts) == DOCUMENTED[: place + 1]
    assert exchange.verdicts[name].denial is denial
    assert all(exchange.verdicts[before].denial is None for before in DOCUMENTED[:place])


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


@pytest.mark.parametrize(
    ("fields", "last"),
    [
        ({}, "media"),
        ({"method": "OPTIONS"}, "endpoint"),
        ({"method": "OPTIONS", "headers": dict.fromkeys(SSP_HEADERS)}, "method"),
        ({"method": "OPTIONS", "headers": dict.fromkeys(SSP_HEADERS[:3])}, "endpoint"),
    ],
    ids=["any other", "OPTIONS", "a browser's preflight", "OPTIONS with one Ssp header"],
)
def test_options_has_fewer_checks_to_pass(
    fields: dict[str, Any], last: str, request_for: Callable[..., Exchange]
) -> None:
    order = checks.order_for(request_for(**fields))
    assert [check.__name__ for check in order] == list(DOCUMENTED[: DOCUMENTED.index(last) + 1])


def test_an_answer_tells_the_senders_limit_also_where_the_checks_did_not_come_to_it(
    request_for: Callable[..., Exchange], spine: Spine
) -> None:
    limited = replace(spine, limits=Limits(60, sender=Quota(5)))
    known, unknown = request_for(headers={"Authorization": None}), request_for(headers={"Ssp-From": "1"})
    assert checks.examine(known, limited) is not None
    assert checks.examine(unknown, limited) is not None
    assert known.standing == Standing(5, 5, 60)
    assert unknown.standing is None
