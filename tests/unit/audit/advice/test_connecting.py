"""Connections: when a consumer leaves one unused that it could have used again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from support import setup

from ssp_emulator.faults.firing import Firing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ssp_emulator.audit.advice import Adviser
    from ssp_emulator.exchange import Exchange
    from ssp_emulator.pki.verdict import Client

    Advised = Callable[..., dict[str, str]]

NAME = "connection-not-reused"


def on_connections(advised: Advised, nths: Iterable[int], *, every_s: float = 1.0, **changes: Any) -> list[int]:
    """Send a request on each connection, as its `nth`; return which of them got the advice, from 0."""
    said = [advised(100.0 + every_s * place, **{"took": 0.1, "nth": nth, **changes}) for place, nth in enumerate(nths)]
    return [place for place, each in enumerate(said) if NAME in each]


def test_the_fifth_connection_in_vain_is_one_too_many(advised: Advised) -> None:
    assert on_connections(advised, [1] * 8) == [5, 6, 7]


def test_what_was_found_is_told(advised: Advised) -> None:
    assert on_connections(advised, [1] * 5) == []
    found = advised(105.0, nth=1)[NAME]
    assert found == "5 new connections in a row, each within 5 s of an answer on another"


@pytest.mark.parametrize(
    "nths", [[1, 2, 3, 4, 5, 6, 7, 8], [1, 2] * 10, [1, 1, 1, 1, 2] * 4], ids=["one", "each twice", "now and then"]
)
def test_a_connection_that_is_used_again_is_as_it_should_be(advised: Advised, nths: list[int]) -> None:
    assert on_connections(advised, nths) == []


@pytest.mark.parametrize(("every_s", "advised_at"), [(5.2, []), (5.0, [5, 6])], ids=["too seldom", "often enough"])
def test_who_asks_seldom_has_no_connection_to_use_again(
    advised: Advised, every_s: float, advised_at: list[int]
) -> None:
    assert on_connections(advised, [1] * 7, every_s=every_s) == advised_at


def test_connections_at_the_same_time_are_not_in_vain(advised: Advised) -> None:
    assert on_connections(advised, [1] * 20, every_s=0.05, took=2.0) == []


def test_each_sender_and_each_host_has_connections_of_its_own(advised: Advised, client: Client) -> None:
    for _ in range(4):
        for changes in (
            {},
            {"headers": {"Ssp-From": setup.OTHER_CONSUMER}},
            {"client": replace(client, address="192.0.2.8:1", host="192.0.2.8")},
        ):
            assert NAME not in advised(100.0, nth=1, **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"status": 444, "broken_off": True},
        {"status": 499, "broken_off": True},
        {"broken_off": True},
        {"headers": {"Ssp-To": "299999999999"}, "status": 400},
    ],
    ids=["no answer", "left", "broken off", "refused"],
)
def test_a_connection_that_the_proxy_may_have_closed_is_not_counted(advised: Advised, changes: dict[str, Any]) -> None:
    assert on_connections(advised, [1] * 20, **changes) == []


def test_one_that_a_fault_rule_met_is_not_counted(adviser: Adviser, over: Callable[..., Exchange]) -> None:
    for at in range(20):
        hit = over(at, nth=1)
        hit.firings.append(Firing("slow", "latency", 1))
        assert adviser.advise(hit) == ()
