"""Plots drawn from a comparison's results: SVG whose lines go through all points."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import plots
import pytest

if TYPE_CHECKING:
    from pathlib import Path

SVG = "{http://www.w3.org/2000/svg}"


def results(**changes: Any) -> dict[str, Any]:
    load = [{"requests_per_s": 10.0 * n, "latency_ms": {"p50": 0.1 * n, "p99": 1.0 * n}} for n in (1, 2, 3)]
    bodies = [{"bytes": 1024 * n, "cpu_us_per_request": 50.0 * n} for n in (1, 100)]
    figures = {"latency_against_load": load, "body_sizes": bodies} | changes
    return {"proxies": {"nginx": figures, "emulator": figures}}


def drawn(tmp_path: Path, found: dict[str, Any]) -> int:
    (tmp_path / "results.json").write_text(json.dumps(found), encoding="utf-8")
    return plots.main([str(tmp_path / "results.json"), str(tmp_path / "images")])


def test_both_plots_are_drawn_with_a_line_and_a_name_for_each_row_of_figures(tmp_path: Path) -> None:
    assert drawn(tmp_path, results()) == 0
    latency = ElementTree.parse(tmp_path / "images" / "latency-against-load.svg").getroot()
    lines = [each.attrib["points"].split() for each in latency.iter(f"{SVG}polyline")]
    assert [len(points) for points in lines[::2]] == [3, 3, 3, 3]
    names = {each.text for each in latency.iter(f"{SVG}text")}
    assert {"nginx, p50", "nginx, p99", "emulator, p50", "emulator, p99"} <= names
    cost = ElementTree.parse(tmp_path / "images" / "cost-against-size.svg").getroot()
    assert [len(each.attrib["points"].split()) for each in cost.iter(f"{SVG}polyline")][::2] == [2, 2]


def test_what_is_ten_times_as_much_lies_as_far_from_it_wherever_it_is() -> None:
    plot = plots.Plot("a < b", "x", "y", [plots.Line("one", [(1, 1), (10, 10), (100, 100)])] * 2, log_x=True)
    drawing = ElementTree.fromstring(plots.svg(plot))
    first, second, third = (
        tuple(map(float, point.split(","))) for point in next(drawing.iter(f"{SVG}polyline")).attrib["points"].split()
    )
    assert second[0] - first[0] == pytest.approx(third[0] - second[0], abs=0.2)
    assert second[1] - first[1] == pytest.approx(third[1] - second[1], abs=0.2)


@pytest.mark.parametrize("missing", [{"latency_against_load": []}, {"body_sizes": []}])
def test_results_without_what_a_plot_takes_are_refused(
    tmp_path: Path, missing: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert drawn(tmp_path, results(**missing)) == 2
    assert "not drawn: there is nothing to draw" in capsys.readouterr().err
    assert not (tmp_path / "images").exists()
