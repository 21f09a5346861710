"""Whether a target is met, read from results: on either side of its limit, and where it was not measured."""

from __future__ import annotations

from typing import Any

import pytest
import report
import verdicts

Figures = dict[str, Any]


def proxies(**figures: Figures) -> Figures:
    return {"proxies": figures}


def documents(one: float, eight: float) -> Figures:
    return {"document_250_mib": {"added_mib_1_at_once": one, "added_mib_8_at_once": eight}}


def connecting(full: float, resumed: float) -> Figures:
    return {
        "new_connection": {"requests_per_s": full},
        "resumed_connection": {"requests_per_s": resumed, "resumed_share": 1.0},
    }


def overload(**changes: Any) -> Figures:
    row = {
        "offered_per_s": 4000.0,
        "connections": 256,
        "right_per_s": 2000.0,
        "statuses": {"200": 1000},
        "errors": {},
        "p99_from_sending_ms": 140.0,
        "with_retry_after": 0,
        "resident_mib": {"before": 100.0, "most": 110.0, "after": 105.0},
        "afterwards": {"statuses": {"200": 10}, "errors": {}, "p99_ms": 2.0},
    }
    return proxies(emulator={"overload": {"no_limit": row | changes, "receiver_limit": row | changes}})


def registry(*cpu_us: float, start_s: float = 5.0) -> Figures:
    return {"registry": [{"systems": n, "cpu_us_per_request": us, "start_s": start_s} for n, us in enumerate(cpu_us)]}


MACHINE = {
    "cores": 2,
    "memory_gib": 24,
    "system": "Linux",
    "python": "3.11",
    "processor": "one",
    "kernel": "6.1",
    "openssl": "OpenSSL 3.0.19",
}
LIMITED = {"statuses": {"200": 800, "503": 900}, "with_retry_after": 900}


@pytest.mark.parametrize(
    ("target", "good", "bad"),
    [
        (
            "3.0 x nginx's CPU",
            proxies(emulator={"cpu_us_per_request": 150.0}, nginx={"cpu_us_per_request": 50.0}),
            proxies(emulator={"cpu_us_per_request": 151.0}, nginx={"cpu_us_per_request": 50.0}),
        ),
        (
            "at the median",
            proxies(emulator={"added_latency_ms": {"p50": 0.35}}),
            proxies(emulator={"added_latency_ms": {"p50": 0.36}}),
        ),
        (
            "mitmproxy's rate",
            proxies(emulator={"requests_per_s": 800.0}, mitmproxy={"requests_per_s": 100.0}),
            proxies(emulator={"requests_per_s": 799.0}, mitmproxy={"requests_per_s": 100.0}),
        ),
        (
            "two workers",
            proxies(**{"emulator, 2 workers": {"requests_per_s": 101.0, "one_worker_requests_per_s": 100.0}}),
            proxies(**{"emulator, 2 workers": {"requests_per_s": 100.0, "one_worker_requests_per_s": 100.0}}),
        ),
        ("a 250 MiB document", proxies(emulator=documents(31, 99)), proxies(emulator=documents(33, 99))),
        ("8 of them at once", proxies(emulator=documents(31, 127)), proxies(emulator=documents(31, 129))),
        (
            "with resumption",
            proxies(emulator=connecting(100, 200), nginx=connecting(100, 200)),
            proxies(emulator=connecting(100, 100), nginx=connecting(100, 200)),
        ),
        ("ready in less than 10 s", registry(100, 100, start_s=9.9), registry(100, 100, start_s=10.1)),
        ("no measurable cost", registry(100, 150, 110), registry(100, 100, 120)),
        (
            "2,000 idle connections",
            proxies(emulator={"idle_connections": [{"idle": 2000, "kib_per_connection": 39.0}]}),
            proxies(emulator={"idle_connections": [{"idle": 2000, "kib_per_connection": 40.0}]}),
        ),
    ],
)
def test_a_target_is_met_up_to_its_limit_and_not_beyond(target: str, good: Figures, bad: Figures) -> None:
    assert verdict(target, good).met is True
    assert verdict(target, bad).met is False
    assert verdict(target, proxies()).met is None


@pytest.mark.parametrize(
    "change",
    [
        {"errors": {"no answer": 1}},
        {"statuses": {"200": 1000, "500": 1}},
        {"p99_from_sending_ms": 300.0},
        {"resident_mib": {"before": 100.0, "most": 140.0, "after": 105.0}},
        {"afterwards": {"statuses": {"200": 9, "503": 1}, "errors": {}, "p99_ms": 2.0}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_overload_is_borne_only_if_nothing_of_it_goes_wrong(change: Figures) -> None:
    assert verdict("overload: all answered", overload()).met is True
    assert verdict("overload: all answered", overload(**change)).met is False


@pytest.mark.parametrize(
    "change",
    [{"with_retry_after": 899}, {"statuses": {"200": 800}}, {"statuses": {"200": 800, "429": 900}}],
    ids=["a refusal does not say when to come again", "nothing was refused", "it was refused otherwise"],
)
def test_a_limit_refuses_with_503_and_says_when_to_come_again(change: Figures) -> None:
    assert verdict("overload with a limit", overload(**LIMITED)).met is True
    assert verdict("overload with a limit", overload(**(LIMITED | change))).met is False


def verdict(target: str, results: Figures) -> verdicts.Verdict:
    (found,) = [each for each in verdicts.of(results) if target in each.text]
    return found


def test_ratios_are_of_what_both_have() -> None:
    ours = {"cpu_us_per_request": 150.0, "latency_ms": {"p50": 3.0, "p99": 9.0}, "peak_rss_mib": 80.0}
    nginx = {"cpu_us_per_request": 50.0, "latency_ms": {"p50": 2.0}, "requests_per_s": 9000.0}
    assert report.ratios(ours, nginx) == {"cpu_us_per_request": 3.0, "latency_ms_p50": 1.5}


def test_a_report_names_what_was_not_there_and_what_failed() -> None:
    results = {
        "at": "2026-03-04T12:00:00+00:00",
        "machine": MACHINE,
        "versions": {"nginx": "nginx 1.22.1"},
        "missing": {"mitmproxy": "install it"},
        "not_measured": {"registry": "it was not ready within 120 s"},
        "proxies": {"nginx": {"cpu_us_per_request": 50.0, "ratio_to_nginx": {"cpu_us_per_request": 1.0}}},
    }
    text = report.of(results)
    assert "2 cores (one), 24 GiB, Linux 6.1, Python 3.11, OpenSSL 3.0.19; nginx 1.22.1" in text
    assert "mitmproxy was not there: install it." in text
    assert "registry failed: it was not ready within 120 s" in text
    assert "| nginx | 50 | 1.00 | - | - | - | - | - | - | - |" in text
