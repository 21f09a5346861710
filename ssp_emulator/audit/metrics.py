"""Metrics: counts and spans of what goes through the proxy, for Prometheus.

What a caller says is never a label: systems and interactions are those that are registered, or `unknown`, and reasons
come from closed sets. The number of label sets of each family is limited as well, as reloads and fault rules may bring
new names without end; what comes then is `other`.

Source: Prometheus, "Metric and label naming" (base units, `_total`) and "Instrumentation" (cardinality).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from prometheus_client import CollectorRegistry, Counter, Histogram, Info
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from ssp_emulator import __version__
from ssp_emulator.audit.dials import Dials
from ssp_emulator.handshakes import HandshakeFailure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prometheus_client.metrics import MetricWrapperBase

    from ssp_emulator.audit.dials import Readings
    from ssp_emulator.exchange import Exchange
    from ssp_emulator.faults.firing import Firing

PREFIX = "ssp_emulator_"
UNKNOWN, NONE, OTHER = "unknown", "none", "other"
# Seconds: the proxy's own share is a few milliseconds, and providers may take a minute.
BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)

_MOST_COUNTS = 10_000
_MOST_RULES = 2_000  # as many as may be in force at once
_MOST_SPANS = 500  # each label set of a histogram is eighteen series

M = TypeVar("M", bound="MetricWrapperBase")


class _Bounded(Generic[M]):
    """A family with labels, whose label sets are kept at hand, up to a limit."""

    def __init__(self, family: M, labels: int, most: int) -> None:
        self._family = family
        self._most = most
        self._others = (OTHER,) * labels
        self._kept: dict[tuple[str, ...], M] = {}

    def of(self, *labels: str) -> M:
        """Return what counts for some labels."""
        found = self._kept.get(labels)
        if found is None:
            if len(self._kept) >= self._most:
                return self._family.labels(*self._others)
            found = self._kept[labels] = self._family.labels(*labels)
        return found


class Metrics:
    """The metrics of one emulator, on a registry of its own: those of the process, of requests, and of connections.

    `watch` adds what is read off the emulator whenever someone asks.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        Info("ssp_emulator", "The emulator's version.", registry=self.registry).info({"version": __version__})
        self._requests = self._counter(
            "requests",
            "Requests that are over; status is none where no answer was sent, reason is none where none was refused.",
            ("interaction", "sender", "receiver", "status", "reason"),
            _MOST_COUNTS,
        )
        self._whole = self._histogram("request_duration_seconds", "From a request's head to its answer's last byte.")
        self._own = self._histogram("own_duration_seconds", "The proxy's own share of that.")
        self._provider = self._histogram(
            "provider_duration_seconds", "The provider's share, where one was tried.", ("interaction", "receiver")
        )
        self._consumer_bytes = self._counter("consumer_body_bytes", "Bytes of consumers' bodies.", ("direction",), 2)
        self._provider_bytes = self._counter(
            "provider_bytes", "Bytes of heads and bodies on the providers' side.", ("direction",), 2
        )
        self._faults = self._counter("faults_fired", "Fault rules that fired.", ("kind", "rule"), _MOST_RULES)
        self._connections = Counter(
            f"{PREFIX}connections", "Consumers' connections that were accepted.", registry=self.registry
        )
        self._failures = self._counter(
            "handshake_failures",
            "Connections that ended before they could carry a request.",
            ("reason",),
            len(HandshakeFailure),
        )
        for reason in HandshakeFailure:
            self._failures.of(reason.value)

    def watch(self, readings: Readings) -> None:
        """Read off these too from now on, whenever someone asks."""
        self.registry.register(Dials(readings, PREFIX))

    def connected(self) -> None:
        """Count a connection that was accepted."""
        self._connections.inc()

    def handshake_failed(self, reason: HandshakeFailure) -> None:
        """Count one that ended before it could carry a request."""
        self._failures.of(reason.value).inc()

    def observe(self, exchange: Exchange) -> None:
        """Count an exchange that is over; of one with no request only the fault rules that fired on its handshake."""
        self._count_firings(_new_firings(exchange))
        if not exchange.nth:
            return
        interaction = exchange.interaction.id if exchange.interaction is not None else UNKNOWN
        sender = exchange.sender.asid if exchange.sender is not None else UNKNOWN
        receiver = exchange.receiver.asid if exchange.receiver is not None else UNKNOWN
        status = str(exchange.status) if exchange.status is not None else NONE
        reason = exchange.denial.reason.value if exchange.denial is not None else NONE
        self._requests.of(interaction, sender, receiver, status, reason).inc()
        self._consumer_bytes.of("received").inc(exchange.bytes_in)
        self._consumer_bytes.of("sent").inc(exchange.bytes_out)
        self._provider_bytes.of("received").inc(exchange.provider.bytes_received)
        self._provider_bytes.of("sent").inc(exchange.provider.bytes_sent)
        if exchange.timings.total is not None:
            self._whole.of(interaction).observe(exchange.timings.total)
        if (shares := exchange.shares) is not None:
            self._own.of(interaction).observe(shares.own_s)
            if shares.provider_s is not None:
                self._provider.of(interaction, receiver).observe(shares.provider_s)

    def _count_firings(self, firings: Sequence[Firing]) -> None:
        for firing in firings:
            self._faults.of(firing.kind, firing.rule).inc()

    def _counter(self, name: str, documentation: str, labels: tuple[str, ...], most: int) -> _Bounded[Counter]:
        made = Counter(f"{PREFIX}{name}", documentation, labels, registry=self.registry)
        return _Bounded(made, len(labels), most)

    def _histogram(
        self, name: str, documentation: str, labels: tuple[str, ...] = ("interaction",)
    ) -> _Bounded[Histogram]:
        made = Histogram(f"{PREFIX}{name}", documentation, labels, registry=self.registry, buckets=BUCKETS_S)
        return _Bounded(made, len(labels), _MOST_SPANS)


def _new_firings(exchange: Exchange) -> Sequence[Firing]:
    """Return what fired since the exchange before it: those of the handshake stand on each of its connection."""
    return exchange.firings if exchange.nth <= 1 else exchange.firings[len(exchange.client.firings) :]
