"""Dials: what metrics tell of the emulator as it is at the moment that someone asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from prometheus_client.metrics_core import Metric

    from ssp_emulator.reloading import Reloads


@dataclass(frozen=True, slots=True)
class Readings:
    """Where each figure is read; they are called in a thread, and at any time.

    `connections` are those open now. `records` is the sequence number of the journal's last record, `failures` counts
    records that could not be kept, `unsynced` those not on the disk yet, None where nobody knows, and `behind` those
    not in the index yet. `journal_ok` tells whether the journal takes records. `systems` is how many are registered.
    `ready` tells of each part by its name whether it is, and `reloads` how often it was read again, and refused.
    """

    connections: Callable[[], int]
    records: Callable[[], int]
    failures: Callable[[], int]
    unsynced: Callable[[], int | None]
    behind: Callable[[], int]
    journal_ok: Callable[[], bool]
    systems: Callable[[], int]
    ready: Callable[[], Mapping[str, bool]]
    reloads: Callable[[], Mapping[str, Reloads]]


class Dials(Collector):
    """Reads them for Prometheus; `prefix` begins each name."""

    def __init__(self, readings: Readings, prefix: str) -> None:
        self._readings = readings
        self._prefix = prefix

    def collect(self) -> Iterator[Metric]:
        """Yield each family, with what it says now."""
        read = self._readings
        yield self._gauge("connections_open", "Consumers' connections that are open.", read.connections())
        yield self._counter("audit_records", "Records in the journal, removed ones too.", read.records())
        yield self._counter(
            "audit_failures",
            "Records that could not be written, or brought to the disk in time for an answer.",
            read.failures(),
        )
        if (unsynced := read.unsynced()) is not None:
            yield self._gauge("audit_unsynced_records", "Records that are not on the disk yet.", unsynced)
        yield self._gauge("audit_index_behind_records", "Records that are not in the index yet.", read.behind())
        yield self._gauge("audit_journal_ok", "1 where the journal takes records, 0 where not.", read.journal_ok())
        yield self._gauge("registry_systems", "Systems that are registered.", read.systems())
        yield self._ready()
        yield from self._reloads()

    def _ready(self) -> Metric:
        family = GaugeMetricFamily(
            f"{self._prefix}ready", "1 for each part that is ready, 0 for one that is not.", labels=("part",)
        )
        for part, is_ready in self._readings.ready().items():
            family.add_metric((part,), float(is_ready))
        return family

    def _reloads(self) -> Iterator[Metric]:
        done = CounterMetricFamily(
            f"{self._prefix}reloads", "How often a part was read again, by how that went.", labels=("part", "result")
        )
        stale = GaugeMetricFamily(
            f"{self._prefix}reload_refused", "1 where a part's files as they are now are not good.", labels=("part",)
        )
        for part, counts in self._readings.reloads().items():
            done.add_metric((part, "done"), counts.done)
            done.add_metric((part, "refused"), counts.refused)
            stale.add_metric((part,), float(counts.stale))
        yield from (done, stale)

    def _gauge(self, name: str, documentation: str, value: float) -> Metric:
        return GaugeMetricFamily(f"{self._prefix}{name}", documentation, value=float(value))

    def _counter(self, name: str, documentation: str, value: float) -> Metric:
        return CounterMetricFamily(f"{self._prefix}{name}", documentation, value=float(value))
