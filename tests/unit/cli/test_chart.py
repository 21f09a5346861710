"""The bar chart of a record's timings."""

from __future__ import annotations

import io
import sys
from typing import Any

import pytest
from rich.cells import cell_len

from ssp_emulator.cli.chart import COLUMNS, chart
from ssp_emulator.cli.output import show

WHOLE = {"tls": 5.0, "checks": 1.0, "faults": 2.0, "connect": 3.0, "first_byte": 4.0, "total": 20.0}


def drawn(
    timings: dict[str, Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, encoding: str
) -> list[str]:
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding=encoding))
    table = chart(timings)
    monkeypatch.undo()
    assert table is not None
    show(table)
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(("encoding", "mark"), [("utf-8", "█"), ("ascii", "#"), ("iso-8859-1", "#")])
def test_bars_are_as_long_as_their_spans_and_begin_where_the_last_one_ended(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, encoding: str, mark: str
) -> None:
    lines = drawn(WHOLE, capsys, monkeypatch, encoding)

    assert [line[:10].strip() for line in lines] == [
        "tls",
        "checks",
        "faults",
        "connect",
        "first byte",
        "rest",
        "total",
    ]
    assert [line[-9:] for line in lines] == [f"{ms:6.3f} ms" for ms in (5, 1, 2, 3, 4, 10, 20)]
    bars = [line[12 : 12 + COLUMNS] for line in lines]
    assert [bar.count(mark) for bar in bars] == pytest.approx([11, 2, 4, 7, 9, 22, 44], abs=1)
    assert [len(bar) - len(bar.lstrip()) for bar in bars] == [0, 0, 2, 6, 13, 22, 0]
    assert max(map(cell_len, lines)) <= 80


def test_what_is_almost_nothing_is_seen_and_what_is_nothing_is_not(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = drawn({"checks": 0.001, "connect": 0.0, "total": 60_000.0}, capsys, monkeypatch, "utf-8")

    assert [line.split() for line in lines[:2]] == [["checks", "▏", "0.001", "ms"], ["connect", "0.000", "ms"]]
    assert lines[-1].split() == ["total", "█" * COLUMNS, "60000.000", "ms"]


def test_a_long_handshake_does_not_leave_the_page(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = drawn({"tls": 1000.0, "total": 1.0}, capsys, monkeypatch, "utf-8")

    assert [line.count("█") for line in lines] == [COLUMNS, 0, 0]
    assert max(map(cell_len, lines)) <= 80


@pytest.mark.parametrize("timings", [{}, {"tls": None, "total": None}, {"tls": "x", "total": []}, {"checks": True}])
def test_without_timings_there_is_no_chart(timings: dict[str, Any]) -> None:
    assert chart(timings) is None


@pytest.mark.parametrize("timings", [{"total": 0}, {"tls": -1.0}, {"checks": 5.0, "total": 1.0}, {"first_byte": 1}])
def test_odd_timings_make_no_trouble(
    timings: dict[str, Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert max(map(cell_len, drawn(timings, capsys, monkeypatch, "ascii"))) <= 80
