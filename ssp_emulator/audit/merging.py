"""Merging: the metrics of several processes as one, as if a single process had counted.

Counters and histograms are summed; what is of a process itself (`process_`, `python_gc_`) stays apart, by a label
`worker`. A process that has ended goes on counting in the sum with what it said last: a counter that went back would be
taken for one that began anew, and everything before would count twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_OF_A_PROCESS = ("process_", "python_gc_")
_CREATED = "_created"
_LABEL = "worker"
_LEADER = "leader"

# A family: its name, documentation and type, and samples by their name and labels.
Family = tuple[str, str, str, list[tuple[str, dict[str, str], float]]]


def families_of(collector: Collector) -> list[Family]:
    """Return what a collector tells as JSON's types."""
    return [
        (
            family.name,
            family.documentation,
            family.type,
            [(sample.name, dict(sample.labels), sample.value) for sample in family.samples],
        )
        for family in collector.collect()
    ]


class Totals:
    """The metrics of several workers, as each told them last; those of workers that have ended included."""

    def __init__(self) -> None:
        self._now: dict[str, list[Family]] = {}
        self._before: list[Family] = []

    def tell(self, worker: str, families: list[Family]) -> None:
        """Take what a worker says now."""
        self._now[worker] = families

    def ended(self, worker: str) -> None:
        """Keep what a worker said last, and what is of a process not."""
        said = [family for family in self._now.pop(worker, []) if not family[0].startswith(_OF_A_PROCESS)]
        self._before = list(_summed([*self._before, *said]))

    def with_those_of(self, leader: Iterable[Family]) -> Iterator[Family]:
        """Yield every family of the process that leads and of its workers, each once."""
        leader = list(leader)
        apart = [*((_LEADER, family) for family in leader), *self._all()]
        yield from _labelled(apart)
        together = [family for families in (leader, self._before, *self._now.values()) for family in families]
        yield from _summed(family for family in together if not family[0].startswith(_OF_A_PROCESS))

    def _all(self) -> Iterator[tuple[str, Family]]:
        return ((worker, family) for worker, families in sorted(self._now.items()) for family in families)


class Merged(Collector):
    """What several processes say together, and how many workers there should be and how often one was replaced."""

    def __init__(self, families: Iterable[Family], prefix: str, *, workers: int, restarts: int) -> None:
        self._families = list(families)
        self._prefix = prefix
        self._workers = workers
        self._restarts = restarts

    def collect(self) -> Iterator[Metric]:
        """Yield each family."""
        for name, documentation, kind, samples in self._families:
            family = Metric(name, documentation, kind)
            for sample in samples:
                family.add_sample(*sample)
            yield family
        yield GaugeMetricFamily(f"{self._prefix}workers", "Processes that share the proxy's port.", self._workers)
        yield CounterMetricFamily(
            f"{self._prefix}worker_restarts", "Workers that were started in place of one that ended.", self._restarts
        )


def _labelled(families: Iterable[tuple[str, Family]]) -> Iterator[Family]:
    """Yield what is of a process once for all processes, each sample with its worker."""
    found: dict[str, Family] = {}
    for worker, (name, documentation, kind, samples) in families:
        if name.startswith(_OF_A_PROCESS):
            family = found.setdefault(name, (name, documentation, kind, []))
            family[3].extend((of, {**labels, _LABEL: worker}, value) for of, labels, value in samples)
    yield from found.values()


def _summed(families: Iterable[Family]) -> Iterator[Family]:
    """Yield each family once, with the sums of its samples; of what tells no number of times, the first is taken."""
    found: dict[str, tuple[Family, dict[tuple[Any, ...], float]]] = {}
    for family in families:
        name, _, kind, samples = family
        _, values = found.setdefault(name, (family, {}))
        for of, labels, value in samples:
            key = (of, tuple(sorted(labels.items())))
            values[key] = _together(kind, of, values.get(key), value)
    for (name, documentation, kind, _), values in found.values():
        yield name, documentation, kind, [(of, dict(labels), value) for (of, labels), value in values.items()]


def _together(kind: str, name: str, before: float | None, value: float) -> float:
    if before is None:
        return value
    if name.endswith(_CREATED):
        return min(before, value)
    return before + value if kind in ("counter", "histogram") else before
