"""A record's timings as a bar chart, for a terminal of 80 columns or a pipe."""

from __future__ import annotations

import sys
from math import floor
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

COLUMNS = 44  # of the longest bar

_BLOCKS = " ▏▎▍▌▋▊▉█"
_INSTEAD = "#"
# Each from the end of the one before it.
_SPANS = ("checks", "faults", "connect", "first_byte")


class Bar(NamedTuple):
    """A span of time: its name, when it began, and how long it was; milliseconds."""

    name: str
    began_ms: float
    ms: float


def chart(timings: Mapping[str, Any]) -> Table | None:
    """Return the bars of a record's `timings_ms` with their milliseconds, to the same scale; None without any.

    The handshake is the connection's, and stands apart. What is left of the total behind the head of the provider's
    answer, or where there was none behind the last span, is the rest.
    """
    bars = list(_bars(timings))
    if not bars:
        return None
    scale = max(bar.began_ms + bar.ms for bar in bars) or 1.0
    draw = _in_blocks if _can_show(_BLOCKS) else _in_hashes
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, min_width=COLUMNS)
    table.add_column(no_wrap=True, justify="right")
    for bar in bars:
        drawn = draw(bar.began_ms / scale * COLUMNS, bar.ms / scale * COLUMNS)
        table.add_row(bar.name, drawn, f"{bar.ms:.3f} ms", style="dim" if bar.name == "tls" else "")
    return table


def _bars(timings: Mapping[str, Any]) -> Iterator[Bar]:
    if (tls := _ms(timings.get("tls"))) is not None:
        yield Bar("tls", 0.0, tls)
    began = 0.0
    for name in _SPANS:
        if (span := _ms(timings.get(name))) is not None:
            yield Bar(name.replace("_", " "), began, span)
            began += span
    total = _ms(timings.get("total"))
    if total is not None:
        yield Bar("rest", began, max(0.0, total - began))
        yield Bar("total", 0.0, total)


def _ms(value: object) -> float | None:
    return max(0.0, float(value)) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _in_blocks(began: float, length: float) -> str:
    """Draw a bar to an eighth of a column; one that is not nothing is always seen."""
    eighths = max(1, round(length * 8)) if length > 0 else 0
    whole, part = divmod(eighths, 8)
    bar = _BLOCKS[-1] * whole + (_BLOCKS[part] if part else "")
    return " " * min(floor(began), COLUMNS - 1) + bar


def _in_hashes(began: float, length: float) -> str:
    bar = _INSTEAD * (max(1, round(length)) if length > 0 else 0)
    return " " * min(floor(began), COLUMNS - 1) + bar


def _can_show(text: str) -> bool:
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
