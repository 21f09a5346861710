"""The results in words: tables in Markdown, and a verdict on each target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import verdicts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Figures = dict[str, Any]

_RATIOS = {
    "cpu_us_per_request": ("cpu_us_per_request",),
    "requests_per_s": ("requests_per_s",),
    "latency_ms_p50": ("latency_ms", "p50"),
    "latency_ms_p99": ("latency_ms", "p99"),
    "added_latency_ms_p50": ("added_latency_ms", "p50"),
    "peak_rss_mib": ("peak_rss_mib",),
    "document_4_mib_per_s": ("document_4_mib", "mib_per_s"),
    "new_connections_per_s": ("new_connection", "requests_per_s"),
    "resumed_connections_per_s": ("resumed_connection", "requests_per_s"),
}
_NOTHING = "-"


def ratios(figures: Figures, nginx: Figures) -> dict[str, float]:
    """Return how many times nginx's each figure is, where both are there."""
    found = {}
    for name, path in _RATIOS.items():
        ours, theirs = _at(figures, *path), _at(nginx, *path)
        if ours is not None and theirs:
            found[name] = ours / theirs
    return found


def of(results: Figures) -> str:
    """Return all that was found, to be read."""
    machine = results["machine"]
    head = (
        f"{results['at']}: {machine['cores']} cores ({machine['processor']}), {machine['memory_gib']} GiB, "
        f"{machine['system']} {machine['kernel']}, Python {machine['python']}, {machine['openssl']}; "
        f"{', '.join(results['versions'].values())}"
    )
    parts = [head]
    parts += [f"{name} was not there: {remedy}." for name, remedy in results.get("missing", {}).items()]
    parts += [f"{name} was left out: {why}" for name, why in results.get("left_out", {}).items()]
    for kind in ("wrong", "not_measured"):
        parts += [f"{name} failed: {why}" for name, why in results.get(kind, {}).items()]
    proxies = results["proxies"]
    for title, table in (
        ("Small requests", _small(proxies)),
        ("Large documents, and new connections", _others(proxies)),
        ("Latency against load", _rows(proxies, "latency_against_load")),
        ("Size of the body", _rows(proxies, "body_sizes")),
        ("Idle connections", _rows(proxies, "idle_connections")),
        ("Systems in the registry", _plain(results.get("registry", []))),
        ("Fault rules that do not match", _plain(results.get("fault_rules", []))),
    ):
        if table:
            parts.append(f"**{title}**\n\n{table}")
    parts.append(_verdicts(results))
    return "\n\n".join(parts)


def _small(proxies: dict[str, Figures]) -> str:
    head = ("", "CPU a request, µs", "x nginx", "requests/s", "x nginx", "p50, ms", "p99, ms")
    rows = []
    for name, figures in proxies.items():
        cells = (
            _number(figures, 0, "cpu_us_per_request"),
            _number(figures, 2, "ratio_to_nginx", "cpu_us_per_request"),
            _number(figures, 0, "requests_per_s"),
            _number(figures, 2, "ratio_to_nginx", "requests_per_s"),
            _number(figures, 2, "latency_ms", "p50"),
            _number(figures, 2, "latency_ms", "p99"),
            _number(figures, 3, "added_latency_ms", "p50"),
            _number(figures, 3, "added_latency_ms", "p99"),
            _number(figures, 0, "peak_rss_mib"),
        )
        if set(cells) != {_NOTHING}:
            rows.append((name, *cells))
    return _table((*head, "added p50, ms", "added p99, ms", "peak memory, MiB"), rows)


def _others(proxies: dict[str, Figures]) -> str:
    rows = []
    for name, figures in proxies.items():
        cells = (
            _number(figures, 0, "document_4_mib", "mib_per_s"),
            _number(figures, 2, "document_4_mib", "cpu_ms_per_mib"),
            _number(figures, 1, "document_250_mib", "added_mib_1_at_once"),
            _number(figures, 1, "document_250_mib", "added_mib_8_at_once"),
            _number(figures, 0, "new_connection", "requests_per_s"),
            _number(figures, 0, "new_connection", "cpu_us_per_request"),
            _number(figures, 0, "resumed_connection", "requests_per_s"),
            _number(figures, 0, "resumed_connection", "cpu_us_per_request"),
        )
        if set(cells) != {_NOTHING}:
            rows.append((name, *cells))
    head = (
        "",
        "4 MiB documents, MiB/s",
        "CPU, ms/MiB",
        "250 MiB adds, MiB",
        "8 of them",
        "new connections/s",
        "CPU, µs",
    )
    return _table((*head, "resumed/s", "CPU, µs"), rows)


def _rows(proxies: dict[str, Figures], key: str) -> str:
    return _plain([{"": name, **row} for name, figures in proxies.items() for row in figures.get(key, [])])


def _plain(rows: Sequence[Figures]) -> str:
    """Return rows as a table whose head is the names of their figures."""
    flat = [dict(_flattened(row)) for row in rows]
    if not flat:
        return ""
    return _table(
        [name.replace("_", " ") for name in flat[0]], [[_cell(value) for value in row.values()] for row in flat]
    )


def _verdicts(results: Figures) -> str:
    words = {True: "met", False: "NOT MET", None: "not measured"}
    found = verdicts.of(results)
    return _table(("target", "", "figures"), [(each.text, words[each.met], each.figures) for each in found])


def _flattened(row: Figures, before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        if isinstance(value, dict):
            yield from _flattened(value, f"{before}{name} ")
        else:
            yield before + name, value


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([f"| {' | '.join(head)} |", "|" + " --- |" * len(head), *lines]) if lines else ""


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _number(figures: Figures, digits: int, *path: str) -> str:
    found = _at(figures, *path)
    return _NOTHING if found is None else f"{found:,.{digits}f}"


def _at(figures: Figures, *path: str) -> float | None:
    found: Any = figures
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return None if found is None else float(found)
