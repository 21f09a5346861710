"""Merging: the metrics of several processes as if one had counted."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from ssp_emulator.audit.merging import Family, Merged, Totals, families_of


class Resident(Collector):
    """What the Prometheus client tells of a process."""

    def __init__(self, size: float) -> None:
        self._size = size

    def collect(self) -> list[GaugeMetricFamily]:
        return [GaugeMetricFamily("process_resident_memory_bytes", "Memory.", value=self._size)]


def told(requests: int, *spans: float, size: float = 1.0) -> list[Family]:
    """What a process tells that has counted so many requests and these spans."""
    registry = CollectorRegistry()
    counter = Counter("x_requests", "Requests.", ("status",), registry=registry)
    counter.labels("200").inc(requests)
    histogram = Histogram("x_seconds", "Spans.", registry=registry, buckets=(1.0, 5.0))
    for span in spans:
        histogram.observe(span)
    Gauge("x_ready", "Said by each.", registry=registry).set(1)
    registry.register(Resident(size))
    return families_of(registry)


def lines(totals: Totals, restarts: int = 0) -> list[str]:
    """What would be read of the leader, which has counted nothing, and its workers; not when it was created."""
    merged = Merged(totals.with_those_of(told(0, size=9.0)), "x_", workers=2, restarts=restarts)
    text = generate_latest(merged).decode()
    return [line for line in text.splitlines() if not line.startswith("#") and "_created" not in line]


def test_what_is_counted_is_summed_and_what_is_of_a_process_stays_apart() -> None:
    totals = Totals()
    totals.tell("0", told(3, 0.5, 7.0, size=2.0))
    totals.tell("1", told(4, 2.0, size=3.0))

    assert lines(totals) == [
        'process_resident_memory_bytes{worker="leader"} 9.0',
        'process_resident_memory_bytes{worker="0"} 2.0',
        'process_resident_memory_bytes{worker="1"} 3.0',
        'x_requests_total{status="200"} 7.0',
        'x_seconds_bucket{le="1.0"} 1.0',
        'x_seconds_bucket{le="5.0"} 2.0',
        'x_seconds_bucket{le="+Inf"} 3.0',
        "x_seconds_count 3.0",
        "x_seconds_sum 9.5",
        "x_ready 1.0",
        "x_workers 2.0",
        "x_worker_restarts_total 0.0",
    ]


def test_what_one_said_that_has_ended_goes_on_counting_and_its_process_does_not() -> None:
    totals = Totals()
    totals.tell("0", told(3))
    totals.tell("1", told(4))
    totals.ended("1")
    after_the_end = lines(totals, restarts=1)
    totals.tell("1", told(1))
    totals.ended("1")
    totals.ended("1")  # it had said nothing since
    totals.tell("0", told(5))

    assert 'x_requests_total{status="200"} 7.0' in after_the_end
    assert not [line for line in after_the_end if 'worker="1"' in line]
    assert "x_worker_restarts_total 1.0" in after_the_end
    assert 'x_requests_total{status="200"} 10.0' in lines(totals)


def test_what_each_said_first_is_told_of_when_it_began() -> None:
    totals = Totals()
    totals.tell("0", [("x", "X.", "counter", [("x_total", {}, 1.0), ("x_created", {}, 50.0)])])
    totals.tell("1", [("x", "X.", "counter", [("x_total", {}, 1.0), ("x_created", {}, 40.0)])])

    assert list(totals.with_those_of([])) == [("x", "X.", "counter", [("x_total", {}, 2.0), ("x_created", {}, 40.0)])]
