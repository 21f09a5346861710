"""Metrics: counts and spans of what goes through the proxy, for Prometheus.

What a caller says is never a label: systems and interactions are those that are registered, or `unknown`, and reasons
come from closed sets. The number of label sets of each family is limited as well, as reloads and fault rules may bring
new names without end; what comes then is `other`.

Source: Prometheus, "Metric and label naming" (base units, `_total`) and "Instrumentation" (cardinality).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Info
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from ssp_emulator import __version__
from ssp_emulator.audit.counting import Counters, Histograms
from ssp_emulator.audit.dials import Dials
from ssp_emulator.handshakes import HandshakeFailure

if TYPE_CHECKING:
    from ssp_emulator.audit.dials import Readings
    from ssp_emulator.exchange import Exchange

PREFIX = "ssp_emulator_"
UNKNOWN, NONE = "unknown", "none"

_MOST_COUNTS = 10_000
_MOST_RULES = 2_000  # as many as may be in force at once
_MOST_SPANS = 500  # each label set of a histogram is eighteen series


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
        self._requests = self._counters(
            "requests",
            "Requests that are over; status is none where no answer was sent, reason is none where none was refused.",
            ("interaction", "sender", "receiver", "status", "reason"),
            _MOST_COUNTS,
        )
        self._whole = self._histograms("request_duration_seconds", "From a request's head to its answer's last byte.")
        self._own = self._histograms("own_duration_seconds", "The proxy's own share of that.")
        self._provider = self._histograms(
            "provider_duration_seconds", "The provider's share, where one was tried.", ("interaction", "receiver")
        )
        consumer = self._counters("consumer_body_bytes", "Bytes of consumers' bodies.", ("direction",), 2)
        provider = self._counters(
            "provider_bytes", "Bytes of heads and bodies on the providers' side.", ("direction",), 2
        )
        self._from_consumers, self._to_consumers = consumer.of("received"), consumer.of("sent")
        self._from_providers, self._to_providers = provider.of("received"), provider.of("sent")
        self._faults = self._counters("faults_fired", "Fault rules that fired.", ("kind", "rule"), _MOST_RULES)
        self._enquiries = self._counters(
            "directory_requests", "Calls of the directory's FHIR face that are over.", ("resource", "status"), 50
        )
        self._connections = self._counters("connections", "Consumers' connections that were accepted.").of()
        self._failures = self._counters(
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
        self._connections.value += 1

    def handshake_failed(self, reason: HandshakeFailure) -> None:
        """Count one that ended before it could carry a request."""
        self._failures.of(reason.value).value += 1

    def enquired(self, resource: str, status: int) -> None:
        """Count a call of the directory's FHIR face that is over."""
        self._enquiries.of(resource, str(status)).value += 1

    def observe(self, exchange: Exchange) -> None:
        """Count an exchange that is over; of one with no request only the fault rules that fired on its handshake."""
        if exchange.firings:
            self._count_firings(exchange)
        if not exchange.nth:
            return
        interaction = exchange.interaction.id if exchange.interaction is not None else UNKNOWN
        sender = exchange.sender.asid if exchange.sender is not None else UNKNOWN
        receiver = exchange.receiver.asid if exchange.receiver is not None else UNKNOWN
        status = str(exchange.status) if exchange.status is not None else NONE
        reason = exchange.denial.reason.value if exchange.denial is not None else NONE
        self._requests.of(interaction, sender, receiver, status, reason).value += 1
        leg = exchange.provider
        self._from_consumers.value += exchange.bytes_in
        self._to_consumers.value += exchange.bytes_out
        self._from_providers.value += leg.bytes_received
        self._to_providers.value += leg.bytes_sent
        if (shares := exchange.shares) is not None and exchange.timings.total is not None:
            self._whole.of(interaction).observe(exchange.timings.total)
            self._own.of(interaction).observe(shares.own_s)
            if shares.provider_s is not None:
                self._provider.of(interaction, receiver).observe(shares.provider_s)

    def _count_firings(self, exchange: Exchange) -> None:
        """Count what fired since the exchange before it: what did on the handshake stands on each of its connection."""
        already = len(exchange.client.firings) if exchange.nth > 1 else 0
        for firing in exchange.firings[already:]:
            self._faults.of(firing.kind, firing.rule).value += 1

    def _counters(self, name: str, documentation: str, labels: tuple[str, ...] = (), most: int = 1) -> Counters:
        made = Counters(f"{PREFIX}{name}", documentation, labels, most)
        self.registry.register(made)
        return made

    def _histograms(self, name: str, documentation: str, labels: tuple[str, ...] = ("interaction",)) -> Histograms:
        made = Histograms(f"{PREFIX}{name}", documentation, labels, _MOST_SPANS)
        self.registry.register(made)
        return made
