"""The collector against an emulated Spine, in the test's own event loop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from collector import CollectingError, Collector, Provider

from ssp_emulator.testing.stub import Answer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ssp_emulator.testing.ssp import Ssp
    from ssp_emulator.testing.stub import Received

PATIENT = "9991230017"
LETTER = "07a6483f-732b-461e-86b6-edb665c45510"
BINARY = "documents:fhir:rest:read:binary-1"
OF_LETTER = {"target": f"*/Binary/{LETTER}"}


@pytest.fixture
async def collector(ssp: Ssp) -> AsyncIterator[Collector]:
    """The service, led to the emulated Spine."""
    provider = Provider(ssp.url, ssp.from_asid(), ssp.to_asid(), ssp.service_root())
    async with Collector(provider, ssp.ssl_context, patience_s=1.5) as made:
        yield made


async def test_all_documents_come(ssp: Ssp, collector: Collector) -> None:
    collected = await collector.collect(PATIENT)

    assert [each.reason for each in collected] == [None] * 4
    assert all(each.content for each in collected)
    ssp.assert_exchanged(times=4, interaction=BINARY, status=200)


async def test_four_at_a_time(ssp: Ssp, collector: Collector) -> None:
    here, all_here = 0, asyncio.Event()

    async def meet(got: Received) -> Answer:
        nonlocal here
        here += 1
        if here == 4:
            all_here.set()
        async with asyncio.timeout(5):
            await all_here.wait()
        return Answer(json={"resourceType": "Binary", "content": "bWV0"})

    ssp.provider.answers(path="*/Binary/*", by=meet, times=4)

    assert {each.content for each in await collector.collect(PATIENT)} == {b"met"}


async def test_one_failure_is_got_over(ssp: Ssp, collector: Collector) -> None:
    with ssp.fault(scenario="one-retry-then-success") as failure:
        collected = await collector.collect(PATIENT)

    assert (len(collected), failure.fired) == (4, 1)
    ssp.assert_exchanged(times=1, fault=failure, status=502)


@pytest.mark.parametrize(
    ("effect", "reason", "tries"),
    [
        ({"kind": "latency", "delay_ms": 30_000}, "no answer within 1.5 s", 1),
        ({"kind": "stall", "after_bytes": 100}, "no answer within 1.5 s", 1),
        ({"kind": "truncate", "after_bytes": 500}, "the connection broke off", 2),
        ({"kind": "reset", "after_bytes": 100}, "the connection broke off", 2),
        ({"kind": "unavailable"}, "refused with 503", 2),
        ({"kind": "provider-error", "code": "NO_RECORD_FOUND"}, "refused with 404", 1),
        ({"kind": "content-type", "value": "text/html"}, "the answer is no FHIR", 1),
        ({"kind": "invalid-json"}, "the answer is no FHIR", 1),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else None,
)
async def test_one_document_that_fails_does_not_keep_the_others_back(
    ssp: Ssp, collector: Collector, effect: dict[str, object], reason: str, tries: int
) -> None:
    with ssp.fault(effect=effect, match=OF_LETTER) as fault:
        collected = {each.id: each for each in await collector.collect(PATIENT)}

    assert collected.pop(LETTER).reason == reason
    assert [each.reason for each in collected.values()] == [None] * 3
    assert fault.fired == tries


async def test_two_collections_at_once_keep_apart(ssp: Ssp, collector: Collector) -> None:
    first, second = await asyncio.gather(collector.collect(PATIENT), collector.collect("9991230890"))

    assert {each.id for each in first}.isdisjoint({each.id for each in second})
    trace_ids = [each.trace_id for each in ssp.exchanges()]
    assert len(trace_ids) == len(set(trace_ids))


async def test_a_patient_who_has_not_consented(ssp: Ssp, collector: Collector) -> None:
    with ssp.fault(scenario="patient-without-consent"), pytest.raises(CollectingError, match="refused with 403"):
        await collector.collect(PATIENT)

    ssp.assert_exchanged(times=1)
