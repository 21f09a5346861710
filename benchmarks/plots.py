"""Draws a comparison's results: latency against load, and cost against the size of the body, as SVG.

    .venv/bin/python benchmarks/plots.py benchmarks/results/2026-11-22-compare.json docs/images

Exit 0 where both were drawn, 2 where the results do not have what they take.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

_WIDTH, _HEIGHT = 720, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 150, 40, 60
# Told apart without colour too: each line has dashes of its own.
_STYLES = (("#0b6e4f", ""), ("#0b6e4f", "6 4"), ("#b5482f", ""), ("#b5482f", "6 4"))
_FONT = 'font-family="sans-serif" font-size="13"'


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a plot: its name, and its points from left to right."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot: its title, what its axes are, and its lines. `log_x`, and y in any case, are logarithmic."""

    title: str
    x: str
    y: str
    lines: Sequence[Line]
    log_x: bool = False


def main(arguments: list[str] | None = None) -> int:
    """Draw, and return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("results", type=Path, help="what compare.py has written")
    parser.add_argument("folder", type=Path, help="where the drawings go")
    options = parser.parse_args(arguments)
    try:
        proxies = json.loads(options.results.read_text(encoding="utf-8"))["proxies"]
        drawings = {"latency-against-load.svg": svg(latency(proxies)), "cost-against-size.svg": svg(cost(proxies))}
        options.folder.mkdir(parents=True, exist_ok=True)
        for name, drawing in drawings.items():
            (options.folder / name).write_text(drawing, encoding="utf-8")
            print(options.folder / name)
    except (OSError, ValueError, KeyError) as error:
        print(f"not drawn: {error}", file=sys.stderr)
        return 2
    return 0


def latency(proxies: dict[str, Any]) -> Plot:
    """Return latency against load. Raises `KeyError` where that was not measured."""
    lines = [
        Line(f"{name}, {key}", [(row["requests_per_s"], row["latency_ms"][key]) for row in rows])
        for name in ("nginx", "emulator")
        for rows in (proxies[name]["latency_against_load"],)
        for key in ("p50", "p99")
    ]
    return Plot("Latency against load", "requests a second, as they come", "ms from when it was due", lines, log_x=True)


def cost(proxies: dict[str, Any]) -> Plot:
    """Return processor time against the size of the body. Raises `KeyError` where that was not measured."""
    lines = [
        Line(name, [(row["bytes"], row["cpu_us_per_request"]) for row in proxies[name]["body_sizes"]])
        for name in ("nginx", "emulator")
    ]
    return Plot("Cost against the size of the body", "bytes", "µs of processor time a request", lines, log_x=True)


def svg(plot: Plot) -> str:
    """Return a plot as an SVG document. Raises `ValueError` where there is nothing to draw."""
    across = _Axis.over([x for line in plot.lines for x, _ in line.points], _LEFT, _WIDTH - _RIGHT, log=plot.log_x)
    up = _Axis.over([y for line in plot.lines for _, y in line.points], _HEIGHT - _BOTTOM, _TOP, log=True)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">',
        f"<title>{escape(plot.title)}</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        _text(_LEFT, 24, plot.title, "start"),
        _text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 14, plot.x, "middle"),
        _text(_LEFT, _TOP - 2, plot.y, "start"),
    ]
    for tick in across.ticks:
        parts += [_rule(across.at(tick), _TOP, across.at(tick), _HEIGHT - _BOTTOM)]
        parts += [_text(across.at(tick), _HEIGHT - _BOTTOM + 18, f"{tick:,.10g}", "middle")]
    for tick in up.ticks:
        parts += [_rule(_LEFT, up.at(tick), _WIDTH - _RIGHT, up.at(tick))]
        parts += [_text(_LEFT - 8, up.at(tick) + 4, f"{tick:,.10g}", "end")]
    styles = _STYLES if len(plot.lines) > 2 else _STYLES[::2]  # two lines of each proxy, or one
    for place, (line, (colour, dashes)) in enumerate(zip(plot.lines, styles, strict=True)):
        points = " ".join(f"{across.at(x):.1f},{up.at(y):.1f}" for x, y in line.points)
        stroke = f'fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dashes}"'
        key, height = _WIDTH - _RIGHT + 12, _TOP + 16 + 22 * place
        parts += [f'<polyline points="{points}" {stroke}/>']
        parts += [f'<polyline points="{key},{height} {key + 26},{height}" {stroke}/>']
        parts += [_text(key + 32, height + 4, line.name, "start")]
    return "\n".join([*parts, "</svg>", ""])


@dataclass(frozen=True, slots=True)
class _Axis:
    """An axis from `low` to `high`, which lie at `begin` and `end` on the paper."""

    low: float
    high: float
    begin: float
    end: float
    ticks: Sequence[float]
    log: bool

    @classmethod
    def over(cls, values: Sequence[float], begin: float, end: float, *, log: bool) -> _Axis:
        """Return an axis that all values lie on, from one power of ten to another where it is logarithmic."""
        if not values or not all(value > 0 for value in values):
            raise ValueError("there is nothing to draw")
        if not log:
            return cls(0.0, max(values), begin, end, [max(values) * fifth / 5 for fifth in range(6)], log)
        first, last = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
        last = max(last, first + 1)
        return cls(10.0**first, 10.0**last, begin, end, [10.0**power for power in range(first, last + 1)], log)

    def at(self, value: float) -> float:
        """Return where a value lies on the paper."""
        if self.log:
            share = math.log10(value / self.low) / math.log10(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return self.begin + share * (self.end - self.begin)


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {_FONT}>{escape(text)}</text>'


def _rule(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#ddd"/>'


if __name__ == "__main__":
    sys.exit(main())
