"""Counting: series that cost a request next to nothing, and that Prometheus's library reads when someone asks.

A series is counted on by the event loop alone, with plain numbers and no lock; whoever asks reads them in a thread.
Each number is whole at any time; two of them that belong together may be a request apart.

Source: OpenMetrics 1.0, "Counter" and "Histogram" (buckets are cumulative, and hold what is equal to their bound).
"""

from __future__ import annotations

import time
from bisect import bisect_left
from itertools import accumulate
from typing import TYPE_CHECKING, Generic, TypeVar

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Sample
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.metrics_core import Metric

OTHER = "other"
# Seconds: the proxy's own share is a few milliseconds, and providers may take a minute.
BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)

_BOUNDS = (*map(str, BUCKETS_S), "+Inf")


class Count:
    """One series of a counter: its `value`, which only grows."""

    __slots__ = ("created", "value")

    def __init__(self) -> None:
        self.value = 0
        self.created = time.time()


class Spans:
    """The series of a histogram with the same labels: how many spans there were up to each of `BUCKETS_S`."""

    __slots__ = ("buckets", "created", "sum_s")

    def __init__(self) -> None:
        self.buckets = [0] * len(_BOUNDS)  # each on its own: what is below is added up for whoever asks
        self.sum_s = 0.0
        self.created = time.time()

    def observe(self, seconds: float) -> None:
        """Take in a span."""
        self.buckets[bisect_left(BUCKETS_S, seconds)] += 1
        self.sum_s += seconds


S = TypeVar("S", bound=Count | Spans)


class _Family(Collector, Generic[S]):
    """A family of series, each with labels of its own; what is new when there are `most` of them counts as `other`."""

    def __init__(self, name: str, documentation: str, labels: tuple[str, ...], most: int, made: type[S]) -> None:
        self._name = name
        self._documentation = documentation
        self._labels = labels
        self._most = most
        self._made = made
        self._others = (OTHER,) * len(labels)
        self._series: dict[tuple[str, ...], S] = {}

    def of(self, *labels: str) -> S:
        """Return what counts for some labels."""
        found = self._series.get(labels)
        return found if found is not None else self._begun(labels)

    def _begun(self, labels: tuple[str, ...]) -> S:
        if len(self._series) >= self._most:  # of which `other` itself is none
            labels = self._others
        return self._series.setdefault(labels, self._made())

    def _now(self) -> list[tuple[dict[str, str], S]]:
        """Return the series there are at this moment, with their labels by name."""
        return [(dict(zip(self._labels, labels, strict=True)), series) for labels, series in list(self._series.items())]


class Counters(_Family[Count]):
    """A family of counters; takes its name without `_total`, what it means, its labels, and how many sets of them."""

    def __init__(self, name: str, documentation: str, labels: tuple[str, ...] = (), most: int = 1) -> None:
        super().__init__(name, documentation, labels, most, Count)

    def collect(self) -> Iterator[Metric]:
        """Yield the family as it is now."""
        family = CounterMetricFamily(self._name, self._documentation, labels=self._labels)
        for labels, count in self._now():
            family.add_metric(tuple(labels.values()), count.value, created=count.created)
        yield family


class Histograms(_Family[Spans]):
    """A family of histograms of seconds; takes its name, what it means, its labels, and how many sets of them."""

    def __init__(self, name: str, documentation: str, labels: tuple[str, ...], most: int) -> None:
        super().__init__(name, documentation, labels, most, Spans)

    def collect(self) -> Iterator[Metric]:
        """Yield the family as it is now."""
        family = HistogramMetricFamily(self._name, self._documentation, labels=self._labels)
        for labels, spans in self._now():
            below = tuple(zip(_BOUNDS, accumulate(list(spans.buckets)), strict=True))
            family.add_metric(tuple(labels.values()), below, spans.sum_s)
            family.samples.append(Sample(f"{self._name}_created", labels, spans.created, None, None))
        yield family
