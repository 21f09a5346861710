"""Collectors that fail, or do not come to an end, are findings; the rest go on, and the report keeps its form."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING

import pytest

from ssp_emulator.clock import SystemClock
from ssp_emulator.diagnosis import ORDER, diagnose
from ssp_emulator.diagnosis.findings import Level

if TYPE_CHECKING:
    from pathlib import Path

    from ssp_emulator.diagnosis.findings import Section
    from ssp_emulator.diagnosis.subject import Subject


def fails(_: Subject, section: Section) -> None:
    section.ok("so far so good")
    raise ZeroDivisionError("of mine")


def goes_well(_: Subject, section: Section) -> None:
    section.ok("well")
    section.facts["number"] = 1


def test_a_collector_that_fails_says_so_and_the_rest_go_on(tmp_path: Path) -> None:
    report = diagnose(tmp_path / "x.yaml", SystemClock(), {}, order=(("bad", fails), ("good", goes_well)))

    bad, good = report.sections
    assert [each.level for each in bad.findings] == [Level.OK, Level.PROBLEM]
    assert bad.findings[1].what == "this was not looked at to its end: ZeroDivisionError: of mine"
    assert [each.what for each in good.findings] == ["well"]
    assert (report.count(Level.PROBLEM), report.count(Level.WARNING)) == (1, 0)


def test_a_collector_that_does_not_end_is_not_waited_for(tmp_path: Path) -> None:
    over = threading.Event()

    def stuck(_: Subject, section: Section) -> None:
        section.ok("begun")
        over.wait(30)

    began = time.monotonic()
    try:
        order = (("stuck", stuck), ("good", goes_well))
        report = diagnose(tmp_path / "x.yaml", SystemClock(), {}, patience_s=0.3, order=order)
    finally:
        over.set()

    assert time.monotonic() - began < 5
    late, good = report.sections
    assert [each.what for each in late.findings] == [
        "begun",
        "this took too long, and was not looked at to its end",
    ]
    assert good.facts == {"number": 1}


@pytest.mark.parametrize("content", [None, b"", b"proxy: [", b"\xff\xfe", b"x: y", b"- 1", b"a: &a [*a]"])
def test_whatever_the_configuration_is_every_topic_is_reported(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "config" / "emulator.yaml"
    path.parent.mkdir()
    if content is not None:
        path.write_bytes(content)

    order = tuple((name, collect) for name, collect in ORDER if name not in ("listeners", "running emulator"))
    report = diagnose(path, SystemClock(), {}, order=order)

    said = report.json()
    assert json.loads(json.dumps(said)) == said
    assert said["diagnosis"] == 1
    assert [section["name"] for section in said["sections"]] == [name for name, _ in order]
    texts = [finding["what"] for section in said["sections"] for finding in section["findings"]]
    assert not [text for text in texts if "not looked at" in text]
    assert (said["sections"][1]["facts"]["valid"]) is (content == b"")
    assert said["problems"] > 0
