"""docs/monitoring.md is held against the metrics that there are, and the reasons for which handshakes fail."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from ssp_emulator.audit.dials import Readings
from ssp_emulator.audit.metrics import Metrics
from ssp_emulator.faults.firing import Firing
from ssp_emulator.handshakes import HandshakeFailure
from ssp_emulator.reloading import Reloads

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssp_emulator.exchange import Exchange

PAGE = (Path(__file__).parents[2] / "docs" / "monitoring.md").read_text()
ROW = re.compile(r"^\| `(ssp_emulator_\w+)` \| (\w+) \|([^|]*)\| (.+) \|$", re.MULTILINE)
ADDED = {"le"}  # by the format


def moved(request_for: Callable[..., Exchange]) -> Metrics:
    """Return metrics in which every family has a sample."""
    metrics = Metrics()
    zero = lambda: 0  # noqa: E731
    metrics.watch(
        Readings(
            zero, zero, zero, zero, zero, lambda: True, zero, lambda: {"proxy": True}, lambda: {"registry": Reloads()}
        )
    )
    exchange = request_for(firings=[Firing("a", "latency", 1)])
    exchange.timings.checked, exchange.timings.total = 0.1, 0.2
    exchange.provider.address = "localhost:9443"
    metrics.observe(exchange)
    metrics.enquired("Device", 200)
    return metrics


def test_each_metric_is_in_the_table_with_its_type_and_labels_and_no_other(
    request_for: Callable[..., Exchange],
) -> None:
    told = {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels, _ in ROW.findall(PAGE)}
    there = {}
    for family in moved(request_for).registry.collect():
        if family.name.startswith("ssp_emulator"):
            samples = [sample for sample in family.samples if not sample.name.endswith("_created")]
            suffix = {"counter": "_total", "info": "_info"}.get(family.type, "")
            kind = "gauge" if family.type == "info" else family.type
            labels = {label for sample in samples for label in sample.labels} - ADDED
            there[f"{family.name}{suffix}"] = (kind, labels)
            assert samples, family.name

    assert told == there


def test_each_reason_of_a_handshake_is_there_with_its_meaning() -> None:
    assert [f"| `{reason}` | {reason.meaning} |" for reason in HandshakeFailure] == [
        line for line in PAGE.splitlines() if any(line.startswith(f"| `{reason}` |") for reason in HandshakeFailure)
    ]


def test_every_metric_that_a_question_or_an_alert_names_is_there() -> None:
    families = {name for name, *_ in ROW.findall(PAGE)}
    blocks = re.findall(r"^```(?:promql|yaml)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    named = {name for block in blocks for name in re.findall(r"ssp_emulator_\w+", block)}

    assert len(named) >= 6
    assert {re.sub(r"_(bucket|sum|count)$", "", name) for name in named} <= families


def test_its_yaml_is_yaml() -> None:
    blocks = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)

    assert [list(yaml.safe_load(block)) for block in blocks] == [["scrape_configs"], ["scrape_configs"], ["groups"]]
