"""Whether each target is met, read from the results."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

Results = dict[str, Any]
Finding = tuple[bool, str]

_QUEUEING = 2.0  # how many times the queue's own length in time 99 of 100 may take under overload
_GROWTH_MIB = 32
_BEYOND_NOISE = 1.15


class NotMeasuredError(Exception):
    """The results do not have what a verdict needs; the text is where it should be."""


@dataclass(frozen=True, slots=True)
class Target:
    """A target in words, and how it is read from the results; that raises `NotMeasuredError`."""

    text: str
    found: Callable[[Results], Finding]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a target is met, and with which figures; None where it was not measured."""

    text: str
    met: bool | None
    figures: str


def of(results: Results) -> list[Verdict]:
    """Return a verdict on each target, in their order."""
    verdicts = []
    for target in TARGETS:
        try:
            met, figures = target.found(results)
        except NotMeasuredError:
            verdicts.append(Verdict(target.text, None, ""))
        else:
            verdicts.append(Verdict(target.text, met, figures))
    return verdicts


def figure(results: Results, *path: str) -> Any:
    """Return what the results have at a path. Raises `NotMeasuredError`."""
    found: Any = results
    for key in path:
        if not isinstance(found, dict) or key not in found:
            raise NotMeasuredError(" / ".join(path))
        found = found[key]
    return found


def _most(limit: float, unit: str, *path: str) -> Callable[[Results], Finding]:
    def found(results: Results) -> Finding:
        value = figure(results, "proxies", "emulator", *path)
        return value <= limit, f"{value:.2f} {unit}"

    return found


def _against(peer: str, least: float, *path: str) -> Callable[[Results], Finding]:
    def found(results: Results) -> Finding:
        ours, theirs = (figure(results, "proxies", name, *path) for name in ("emulator", peer))
        return ours >= least * theirs, f"{ours / theirs:.2f} x ({ours:.0f} and {theirs:.0f})"

    return found


def _cpu(limit: float) -> Callable[[Results], Finding]:
    def found(results: Results) -> Finding:
        ours, nginx = (figure(results, "proxies", name, "cpu_us_per_request") for name in ("emulator", "nginx"))
        return ours <= limit * nginx, f"{ours / nginx:.2f} x ({ours:.0f} µs and {nginx:.0f} µs)"

    return found


def _two_workers(results: Results) -> Finding:
    two = figure(results, "proxies", "emulator, 2 workers", "requests_per_s")
    one = figure(results, "proxies", "emulator, 2 workers", "one_worker_requests_per_s")
    return two > one, f"{two:.0f} and {one:.0f} requests/s"


def _resumed(results: Results) -> Finding:
    full = figure(results, "proxies", "emulator", "new_connection", "requests_per_s")
    resumed = figure(results, "proxies", "emulator", "resumed_connection", "requests_per_s")
    share = figure(results, "proxies", "emulator", "resumed_connection", "resumed_share")
    nginx = figure(results, "proxies", "nginx", "resumed_connection", "requests_per_s")
    said = f"{resumed:.0f} and {full:.0f} requests/s, {share:.0%} resumed; {resumed / nginx:.2f} x nginx's"
    return resumed > full, said


def _start(results: Results) -> Finding:
    seconds = figure(results, "registry")[-1]["start_s"]
    return seconds < 10, f"{seconds:.1f} s"


def _registry_cost(results: Results) -> Finding:
    rows = figure(results, "registry")
    least, most = rows[0]["cpu_us_per_request"], rows[-1]["cpu_us_per_request"]
    return most <= _BEYOND_NOISE * least, f"{least:.0f} µs with {rows[0]['systems']}, {most:.0f} µs with all"


def _idle(results: Results) -> Finding:
    row = figure(results, "proxies", "emulator", "idle_connections")[-1]
    return row["kib_per_connection"] < 40, f"{row['kib_per_connection']:.1f} KiB with {row['idle']}"


def _overload(results: Results) -> Finding:
    row = figure(results, "proxies", "emulator", "overload", "no_limit")
    queue_ms = row["connections"] / row["right_per_s"] * 1000 if row["right_per_s"] else math.inf
    good = not row["errors"] and set(row["statuses"]) == {"200"}
    return good and row["p99_from_sending_ms"] <= _QUEUEING * queue_ms and _is_flat(row) and _is_back(row), _said(row)


def _limited(results: Results) -> Finding:
    row = figure(results, "proxies", "emulator", "overload", "receiver_limit")
    refused = row["statuses"].get("503", 0)
    good = not row["errors"] and set(row["statuses"]) == {"200", "503"} and row["with_retry_after"] == refused
    said = f"{_said(row)}, {row['with_retry_after']} of {refused} refusals with Retry-After"
    return good and _is_flat(row) and _is_back(row), said


def _is_flat(row: dict[str, Any]) -> bool:
    resident: dict[str, float] = row["resident_mib"]
    return resident["most"] - resident["before"] < _GROWTH_MIB


def _is_back(row: dict[str, Any]) -> bool:
    afterwards = row["afterwards"]
    return not afterwards["errors"] and set(afterwards["statuses"]) == {"200"}


def _said(row: dict[str, Any]) -> str:
    statuses = ", ".join(f"{count} x {status}" for status, count in sorted(row["statuses"].items()))
    errors = "".join(f", {count} x {kind}" for kind, count in row["errors"].items())
    resident, afterwards = row["resident_mib"], row["afterwards"]
    return (
        f"{row['offered_per_s']:.0f}/s offered: {statuses}{errors}; "
        f"p99 {row['p99_from_sending_ms']:.0f} ms from sending; "
        f"{resident['before']:.0f} MiB before, {resident['most']:.0f} at most; "
        f"afterwards p99 {afterwards['p99_ms']:.1f} ms"
    )


TARGETS: tuple[Target, ...] = (
    Target("a small request takes at most 3.0 x nginx's CPU", _cpu(3.0)),
    Target("the stretch: at most 2.5 x", _cpu(2.5)),
    Target("added latency at the median at most 0.35 ms", _most(0.35, "ms", "added_latency_ms", "p50")),
    Target("added latency at p99 at most 0.8 ms", _most(0.8, "ms", "added_latency_ms", "p99")),
    Target("at least 8 x mitmproxy's rate", _against("mitmproxy", 8, "requests_per_s")),
    Target("at least 10 x WireMock's rate", _against("wiremock", 10, "requests_per_s")),
    Target("two workers carry more than one", _two_workers),
    Target("4 MiB documents: at least 0.7 x nginx's bytes/s", _against("nginx", 0.7, "document_4_mib", "mib_per_s")),
    Target("a 250 MiB document adds less than 32 MiB", _most(32, "MiB", "document_250_mib", "added_mib_1_at_once")),
    Target("8 of them at once add less than 128 MiB", _most(128, "MiB", "document_250_mib", "added_mib_8_at_once")),
    Target("new connections: at least 0.5 x nginx's rate", _against("nginx", 0.5, "new_connection", "requests_per_s")),
    Target("better than that with resumption", _resumed),
    Target("100,000 systems: ready in less than 10 s", _start),
    Target("100,000 systems: no measurable cost a request", _registry_cost),
    Target("2,000 idle connections: less than 40 KiB each", _idle),
    Target("overload: all answered, within the queue's time, memory flat, and back to normal", _overload),
    Target("overload with a limit: nothing but 503s with Retry-After beside what is accepted", _limited),
)
