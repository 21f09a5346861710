"""A consumer that leaves while a fault has it wait is seen to leave, whatever else it has sent before."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from support.waiting import until

from ssp_emulator.faults.rule import Rule
from ssp_emulator.proxy.outlet import Outlet

if TYPE_CHECKING:
    from support.running import Running

LARGE = 3_000_000  # more than the sockets' buffers and the proxy hold
HOUR_MS = 3_600_000


def upload(ssp: Running) -> bytes:
    return ssp.request(method="POST", fields=(("Content-Length", str(LARGE)),)) + b"x" * LARGE


@pytest.fixture
def stalled(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """What is set once a stall waits for the consumer to leave: behind the provider's answer, where it stalls that."""
    reached, left = asyncio.Event(), Outlet.left

    async def noted(outlet: Outlet) -> NoReturn:
        reached.set()
        await left(outlet)

    monkeypatch.setattr(Outlet, "left", noted)
    return reached


@pytest.mark.parametrize("behind", ["nothing", "an upload"])
@pytest.mark.parametrize(
    ("effect", "did"),
    [
        ({"kind": "stall"}, "stalled before the provider was asked"),
        ({"kind": "stall", "at": "answer"}, "stalled in place of the answer, which was 200"),
    ],
    ids=["request", "answer"],
)
async def test_a_stall_ends_whatever_is_behind_the_request(
    ssp: Running, stalled: asyncio.Event, effect: dict[str, Any], did: str, behind: str
) -> None:
    ssp.emulator.faults.put([Rule.model_validate({"name": "waits", "effect": effect})])
    wire = await ssp.wire()
    wire.writer.write(ssp.request() + (upload(ssp) if behind == "an upload" else b""))
    await asyncio.wait_for(stalled.wait(), 10)

    wire.writer.transport.abort()
    (record,) = await until(ssp.records)

    assert (record["status"], record["broken_off"]) == (499, True)
    assert record["faults"][0]["did"] == did


@pytest.mark.parametrize(
    "effect",
    [
        {"kind": "latency", "delay_ms": HOUR_MS},
        {"kind": "bandwidth", "bytes_per_s": 1, "direction": "request"},
        {"kind": "stall"},
    ],
    ids=lambda effect: effect["kind"],
)
async def test_an_upload_that_ends_with_the_connection_is_no_longer_waited_for(
    ssp: Running, effect: dict[str, Any]
) -> None:
    ssp.emulator.faults.put([Rule.model_validate({"name": "waits", "effect": effect})])
    (rule,) = ssp.emulator.faults
    wire = await ssp.wire()
    # As much as is taken at once: behind more, the end of the connection could not come.
    wire.writer.write(ssp.request(method="POST", fields=(("Content-Length", str(LARGE)),)) + b"x" * 50_000)
    await until(lambda: rule.counts.fired)

    await wire.close()
    (record,) = await until(ssp.records)

    assert (record["status"], record["broken_off"]) == (499, True)
