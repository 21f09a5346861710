"""What is worked out of an exchange: whose the time was, and how a body is sampled."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from ssp_emulator.exchange import Client, Exchange, ProviderLeg, Sample, Shares, Timings, known

if TYPE_CHECKING:
    from collections.abc import Callable

REACHED = ProviderLeg(address="127.0.0.1:9443")
FAILED = ProviderLeg(error="connection refused")


@pytest.mark.parametrize(
    ("timings", "leg", "shares"),
    [
        ({}, ProviderLeg(), None),  # not over
        ({"checked": 1.0}, REACHED, None),
        ({"total": 3.0}, ProviderLeg(), (None, 3.0)),  # it was never examined
        ({"checked": 1.0, "total": 3.0}, ProviderLeg(), (None, 3.0)),  # refused
        ({"checked": 1.0, "waited": 2.5, "total": 3.0}, ProviderLeg(), (None, 1.5)),  # refused after a fault's delay
        ({"checked": 1.0, "connected": 2.0, "first_byte": 6.0, "total": 7.0}, REACHED, (5.0, 2.0)),
        ({"checked": 1.0, "waited": 2.0, "connected": 2.5, "first_byte": 6.0, "total": 7.0}, REACHED, (4.0, 2.0)),
        (
            {"checked": 1.0, "first_byte": 2.0, "provider_body_s": 4.0, "consumer_s": 1.5, "total": 10.0},
            REACHED,
            (5.0, 3.5),
        ),
        ({"checked": 1.0, "total": 7.0}, FAILED, (6.0, 1.0)),  # all the waiting was for the provider
        ({"checked": 1.0, "connected": 2.0, "total": 7.0}, REACHED, (6.0, 1.0)),  # it never answered
        ({"checked": 1.0, "first_byte": 1.0, "consumer_s": 9.0, "total": 7.0}, REACHED, (0.0, 0.0)),  # never below
    ],
)  # fmt: skip
def test_whose_the_time_was(
    request_for: Callable[..., Exchange],
    timings: dict[str, float],
    leg: ProviderLeg,
    shares: tuple[float | None, float] | None,
) -> None:
    exchange = request_for(timings=Timings(**timings), provider=leg)
    assert exchange.shares == (Shares(*shares) if shares is not None else None)


SPANS = st.floats(0, 1000)


@given(st.lists(SPANS, min_size=5, max_size=5), SPANS, SPANS)
def test_the_shares_and_what_was_held_come_to_the_whole(steps: list[float], body: float, consumer: float) -> None:
    checked, waited, connected, first_byte, before_body = itertools.accumulate(steps)
    total = before_body + body + consumer
    timings = Timings(checked, waited, connected, first_byte, total, body, consumer)
    exchange = Exchange(
        datetime.now(UTC), 0.0, Client("", ""), "GET", "/", CIMultiDictProxy(CIMultiDict()), timings=timings
    )
    exchange.provider = REACHED
    provider_s, own_s = known(exchange.shares)
    assert provider_s == pytest.approx(first_byte - waited + body)
    assert own_s + provider_s + consumer + (waited - checked) == pytest.approx(total)


@pytest.mark.parametrize(
    ("timings", "asked_at"), [({}, None), ({"checked": 1.0}, 1.0), ({"checked": 1.0, "waited": 2.0}, 2.0)]
)
def test_the_providers_turn_comes_after_the_checks_and_after_what_a_fault_waits(
    timings: dict[str, float], asked_at: float | None
) -> None:
    assert Timings(**timings).asked_at == asked_at


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (["200000000115"], "200000000115"),
        (["\t200000000115 "], "200000000115"),
        (["\xa0200000000115"], "\xa0200000000115"),  # no blank of HTTP's
        (["x"], "x"),
        ([], None),
        ([""], None),
        ([" \t"], None),
        (["200000000115", "200000000115"], None),
    ],
)
def test_an_ssp_header_is_there_once_and_not_empty(
    request_for: Callable[..., Exchange], values: list[str], found: str | None
) -> None:
    exchange = request_for(headers={"Ssp-From": values})
    assert exchange.from_asid == found
    assert exchange.sole("ssp-from") == found
    assert exchange.to_asid == "200000000116"


def test_each_ssp_header_has_its_name(request_for: Callable[..., Exchange]) -> None:
    names = ("Ssp-TraceID", "Ssp-From", "Ssp-To", "Ssp-InteractionID")
    exchange = request_for(headers={name: name.lower() for name in names})
    found = (exchange.trace_id, exchange.from_asid, exchange.to_asid, exchange.interaction_id)
    assert found == exchange.addressing == ("ssp-traceid", "ssp-from", "ssp-to", "ssp-interactionid")


@pytest.mark.parametrize(
    ("limit", "pieces", "data", "whole"),
    [
        (5, [], b"", True),
        (5, [b""], b"", True),
        (5, [b"abc"], b"abc", True),
        (5, [b"abc", b"de"], b"abcde", True),
        (5, [b"abc", b"de", b""], b"abcde", True),
        (5, [b"abc", b"def"], b"abcde", False),
        (5, [b"abcdef"], b"abcde", False),
        (5, [b"abcde", b"f", b""], b"abcde", False),
        (0, [b""], b"", True),
        (0, [b"a"], b"", False),
    ],
)
def test_a_sample_is_a_bodys_beginning(limit: int, pieces: list[bytes], data: bytes, whole: bool) -> None:
    sample = Sample(limit)
    for piece in pieces:
        sample.take(piece)
    assert (bytes(sample.data), sample.whole) == (data, whole)


@given(st.integers(0, 30), st.lists(st.binary(max_size=10), max_size=10))
def test_a_sample_is_the_same_whatever_the_pieces(limit: int, pieces: list[bytes]) -> None:
    sample, body = Sample(limit), b"".join(pieces)
    for piece in pieces:
        sample.take(piece)
    assert (bytes(sample.data), sample.whole) == (body[:limit], len(body) <= limit)


def test_what_an_earlier_step_has_not_put_there_is_no_guess() -> None:
    assert known(0) == 0
    with pytest.raises(LookupError):
        known(None)
