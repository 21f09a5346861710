from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client import REGISTRY, generate_latest

from ssp_emulator import checks
from ssp_emulator.audit import metrics
from ssp_emulator.audit.counting import BUCKETS_S
from ssp_emulator.audit.dials import Readings
from ssp_emulator.audit.metrics import Metrics
from ssp_emulator.exchange import Client, Exchange
from ssp_emulator.faults.firing import Firing
from ssp_emulator.handshakes import HandshakeFailure
from ssp_emulator.reloading import Reloads

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssp_emulator.spine import Spine

CONSUMER, PROVIDER = "200000000115", "200000000116"
READ_BINARY = "urn:nhs:names:services:gpconnect:documents:fhir:rest:read:binary-1"
KNOWN = {"interaction": READ_BINARY, "sender": CONSUMER, "receiver": PROVIDER}
UNKNOWN = dict.fromkeys(KNOWN, "unknown")


@pytest.fixture
def over(spine: Spine, request_for: Callable[..., Exchange]) -> Callable[..., Exchange]:
    """Make an exchange that was examined, and is over after 250 ms, of which 200 were the provider's."""

    def over(*, status: int | None = 200, **changes: Any) -> Exchange:
        exchange = request_for(**changes)
        exchange.denial = checks.examine(exchange, spine)
        exchange.status = exchange.denial.form.status if exchange.denial is not None else status
        exchange.timings.checked, exchange.timings.total = 0.03, 0.25
        if exchange.denial is None:
            exchange.provider.address, exchange.timings.first_byte = "localhost:9443", 0.23
        return exchange

    return over


def value(of: Metrics, name: str, **labels: str) -> float | None:
    return of.registry.get_sample_value(f"ssp_emulator_{name}", labels)


def text(of: Metrics) -> str:
    return generate_latest(of.registry).decode()


def test_a_request_is_counted_by_who_asked_whom_for_what_and_how_it_ended(over: Callable[..., Exchange]) -> None:
    counting = Metrics()
    for status in (200, 200, 404, None):
        counting.observe(over(status=status))

    counted = {
        status: value(counting, "requests_total", **KNOWN, status=status, reason="none")
        for status in ("200", "404", "none")
    }
    assert counted == {"200": 2, "404": 1, "none": 1}


def test_a_refusal_is_counted_by_its_reason(over: Callable[..., Exchange]) -> None:
    counting = Metrics()
    counting.observe(over(headers={"Ssp-To": "999999999999"}))

    labels = {**KNOWN, "receiver": "unknown", "status": "400", "reason": "bad-request"}
    assert value(counting, "requests_total", **labels) == 1
    assert value(counting, "own_duration_seconds_sum", interaction=READ_BINARY) == 0.25
    assert "provider_duration_seconds_sum{" not in text(counting)


def test_what_a_caller_says_is_no_label(over: Callable[..., Exchange]) -> None:
    counting = Metrics()
    for place in range(50):
        said = {"Ssp-From": f"9990000000{place:02}", "Ssp-To": f"8880000000{place:02}", "Ssp-TraceID": "9434765919"}
        token = f"Bearer eyJhbGciOiJub25lIn0.{place}."
        target = "/https://gp.example.nhs.uk/A20047/STU3/1/gpconnect/documents/Patient?identifier=9434765919"
        headers = {**said, "Ssp-InteractionID": f"urn:x:{place}", "Authorization": token}
        counting.observe(over(headers=headers, raw_target=target))

    written = text(counting)
    for secret in ("99900000", "88800000", "urn:x", "eyJ", "9434765919", "gp.example"):
        assert secret not in written
    assert value(counting, "requests_total", **UNKNOWN, status="400", reason="bad-request") == 50


def test_the_shares_of_the_time_go_into_their_histograms(over: Callable[..., Exchange]) -> None:
    counting = Metrics()
    counting.observe(over())

    of = {"interaction": READ_BINARY}
    assert value(counting, "request_duration_seconds_sum", **of) == 0.25
    assert value(counting, "own_duration_seconds_sum", **of) == pytest.approx(0.05)
    assert value(counting, "provider_duration_seconds_sum", **of, receiver=PROVIDER) == pytest.approx(0.2)
    below = [value(counting, "request_duration_seconds_bucket", **of, le=str(bound)) for bound in BUCKETS_S]
    assert below == [0.0 if bound < 0.25 else 1.0 for bound in BUCKETS_S]
    assert (min(BUCKETS_S), max(BUCKETS_S)) == (0.0005, 60.0)


def test_bytes_are_added_up(over: Callable[..., Exchange]) -> None:
    counting = Metrics()
    for _ in range(2):
        exchange = over()
        exchange.bytes_in, exchange.bytes_out = 3, 5
        exchange.provider.bytes_sent, exchange.provider.bytes_received = 7, 11
        counting.observe(exchange)

    assert {
        (side, direction): value(counting, f"{side}_bytes_total", direction=direction)
        for side in ("consumer_body", "provider")
        for direction in ("received", "sent")
    } == {
        ("consumer_body", "received"): 6,
        ("consumer_body", "sent"): 10,
        ("provider", "received"): 22,
        ("provider", "sent"): 14,
    }


def test_what_fired_on_a_handshake_counts_once_and_not_with_each_request(over: Callable[..., Exchange]) -> None:
    met, slow = Firing("old", "old-protocol", 1), Firing("slow", "latency", 1)
    client = Client("192.0.2.7:1", "192.0.2.7", firings=(met,))
    counting = Metrics()
    for nth in (1, 2, 3):
        counting.observe(over(client=client, nth=nth, firings=[met, slow]))

    assert value(counting, "faults_fired_total", kind="old-protocol", rule="old") == 1
    assert value(counting, "faults_fired_total", kind="latency", rule="slow") == 3


def test_a_connection_with_no_request_counts_as_none_but_for_its_faults(request_for: Callable[..., Exchange]) -> None:
    met = Firing("cut", "handshake-cut", 1)
    counting = Metrics()
    client = Client("192.0.2.7:1", "192.0.2.7", firings=(met,))
    counting.observe(request_for(method="-", nth=0, client=client, firings=[met]))

    assert value(counting, "faults_fired_total", kind="handshake-cut", rule="cut") == 1
    assert "requests_total{" not in text(counting)


def test_there_is_a_most_of_label_sets(over: Callable[..., Exchange], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_MOST_RULES", 3)
    counting = Metrics()
    for place in range(10):
        counting.observe(over(firings=[Firing(f"rule-{place}", "latency", 1)]))
    counting.observe(over(firings=[Firing("rule-0", "latency", 2)]))

    assert value(counting, "faults_fired_total", kind="latency", rule="rule-0") == 2
    assert value(counting, "faults_fired_total", kind="other", rule="other") == 7
    assert text(counting).count("faults_fired_total{") == 4


def test_connections_and_handshakes_are_counted_by_a_closed_set_of_reasons() -> None:
    counting = Metrics()
    counting.connected()
    counting.connected()
    counting.handshake_failed(HandshakeFailure.TIMEOUT)

    assert value(counting, "connections_total") == 2
    counted = {
        reason.value: value(counting, "handshake_failures_total", reason=reason.value) for reason in HandshakeFailure
    }
    assert counted == {**dict.fromkeys(map(str, HandshakeFailure), 0), "timeout": 1}


def test_what_is_read_off_is_what_it_is_when_someone_asks() -> None:
    counting = Metrics()
    standing: dict[str, Any] = {"open": 1, "ok": True, "reload": Reloads()}
    counting.watch(
        Readings(
            connections=lambda: standing["open"],
            records=lambda: 7,
            failures=lambda: 2,
            unsynced=lambda: 3,
            behind=lambda: 4,
            journal_ok=lambda: standing["ok"],
            systems=lambda: 5,
            ready=lambda: {"proxy": True, "journal": standing["ok"]},
            reloads=lambda: {"registry": standing["reload"]},
        )
    )
    before = value(counting, "connections_open"), value(counting, "audit_journal_ok")
    standing.update(open=6, ok=False, reload=Reloads(done=1, refused=2, stale=True))

    assert before == (1, 1)
    assert value(counting, "connections_open") == 6
    assert value(counting, "audit_journal_ok") == 0
    assert value(counting, "audit_records_total") == 7
    assert value(counting, "audit_failures_total") == 2
    assert value(counting, "audit_unsynced_records") == 3
    assert value(counting, "audit_index_behind_records") == 4
    assert value(counting, "registry_systems") == 5
    assert (value(counting, "ready", part="proxy"), value(counting, "ready", part="journal")) == (1, 0)
    assert value(counting, "reloads_total", part="registry", result="done") == 1
    assert value(counting, "reloads_total", part="registry", result="refused") == 2
    assert value(counting, "reload_refused", part="registry") == 1


def test_each_emulator_has_a_registry_of_its_own(over: Callable[..., Exchange]) -> None:
    first, second = Metrics(), Metrics()
    first.observe(over())

    assert value(first, "requests_total", **KNOWN, status="200", reason="none") == 1
    assert value(second, "requests_total", **KNOWN, status="200", reason="none") is None
    assert text(second).count("# TYPE process_cpu_seconds_total ") == 1
    assert not [family.name for family in REGISTRY.collect() if family.name.startswith("ssp_emulator")]
