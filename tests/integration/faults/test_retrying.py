"""A consumer with three retries and back-off, as the specification advises, with a client library that many use.

Source: Spine Core SSP implementation guide, "Response status codes" (what to try again); GP Connect 1.6.2, "Error
handling guidance".
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
import urllib3
from support import setup
from support.wire import context

from ssp_emulator.faults.rule import Rule

if TYPE_CHECKING:
    from support.running import Running
    from support.stub import StubProvider

BACK_OFF_S = 0.02
TARGET = f"{setup.ROOT}/Binary/1"


def ask(ssp: Running) -> urllib3.BaseHTTPResponse:
    """Send one request, with up to three retries: at once, and after two and four times the back-off."""
    retrying = urllib3.Retry(
        total=3, backoff_factor=BACK_OFF_S, status_forcelist=[429, 502, 503, 504], allowed_methods=["GET"]
    )
    lines = ssp.request().decode("latin-1").split("\r\n")[1:-2]
    fields = dict(line.split(": ", 1) for line in lines)
    shown = context(ssp.certificates, ssp.certificates.consumer)
    with urllib3.HTTPSConnectionPool("localhost", ssp.port, ssl_context=shown, retries=retrying) as pool:
        return pool.request("GET", f"/{TARGET}", headers=fields)


def put(ssp: Running, effect: dict[str, Any], times: int) -> None:
    ssp.emulator.faults.put([Rule.model_validate({"name": "flaky", "when": {"times": times}, "effect": effect})])


def gaps_s(ssp: Running) -> list[float]:
    """The seconds from each attempt to the next; the trail has them in whole milliseconds."""
    times = [datetime.fromisoformat(record["time"]) for record in ssp.records()]
    return [(later - earlier).total_seconds() + 0.001 for earlier, later in pairwise(times)]


FAILURES = pytest.mark.parametrize(
    ("effect", "status", "broken_off"),
    [
        ({"kind": "bad-gateway"}, 502, False),
        ({"kind": "unavailable"}, 503, False),
        ({"kind": "gateway-timeout"}, 504, False),
        ({"kind": "rate-limited"}, 429, False),
        ({"kind": "close"}, 444, True),
        ({"kind": "reset"}, 444, True),
        ({"kind": "reset", "after_bytes": 1}, 200, True),
        ({"kind": "truncate", "after_bytes": 1}, 200, True),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else "",
)


@FAILURES
async def test_it_succeeds_after_two_failures(
    ssp: Running, provider: StubProvider, effect: dict[str, Any], status: int, broken_off: bool
) -> None:
    put(ssp, effect, times=2)
    answer = await asyncio.to_thread(ask, ssp)

    assert (answer.status, answer.data) == (200, b"ok")
    records = ssp.records()
    assert [record["status"] for record in records] == [status, status, 200]
    assert [record["broken_off"] for record in records] == [broken_off, broken_off, False]
    assert [[fault["count"] for fault in record["faults"]] for record in records] == [[1], [2], []]
    assert {record["target"] for record in records} == {TARGET}
    assert [record["notes"] for record in records] == [[], [], []]  # it left the target's slashes alone
    assert len({record["trace_id"] for record in records}) == 1
    assert gaps_s(ssp)[1] >= 2 * BACK_OFF_S


@FAILURES
async def test_it_gives_up_after_four(
    ssp: Running, provider: StubProvider, effect: dict[str, Any], status: int, broken_off: bool
) -> None:
    put(ssp, effect, times=4)
    with pytest.raises(urllib3.exceptions.MaxRetryError) as given_up:
        await asyncio.to_thread(ask, ssp)

    if not broken_off:
        assert str(given_up.value.reason) == f"too many {status} error responses"
    else:
        assert isinstance(given_up.value.reason, urllib3.exceptions.ProtocolError)
    records = ssp.records()
    assert [record["status"] for record in records] == [status] * 4
    assert [[fault["count"] for fault in record["faults"]] for record in records] == [[1], [2], [3], [4]]
    assert all(gap >= least for gap, least in zip(gaps_s(ssp), (0, 2 * BACK_OFF_S, 4 * BACK_OFF_S), strict=True))
    # The failures are used up: whoever comes next is served.
    assert (await asyncio.to_thread(ask, ssp)).status == 200


async def test_what_the_provider_refuses_is_not_tried_again(ssp: Running) -> None:
    put(ssp, {"kind": "provider-error", "code": "PATIENT_NOT_FOUND"}, times=2)
    assert (await asyncio.to_thread(ask, ssp)).status == 404
    assert [record["status"] for record in ssp.records()] == [404]
