"""Parts that are read again: when they are, when they are not, and what becomes of one that is not good."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from ssp_emulator.errors import SetupError
from ssp_emulator.reloading import Part, Reloader, Reloads

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PATIENCE_S = 10


class Applied:
    """What has been put in force, and a way to wait for it."""

    def __init__(self) -> None:
        self.values: list[str] = []
        self._news = asyncio.Event()

    def __call__(self, value: str) -> None:
        self.values.append(value)
        self._news.set()

    async def news(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            await self._news.wait()
        self._news.clear()


def part(path: Path, applied: Callable[[str], None], name: str = "text") -> Part[str]:
    def read() -> str:
        text = path.read_text()
        if text == "bad":
            raise SetupError(f"{path.name}:1: is bad")
        return text

    return Part(name, (path,), read, applied)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_text("first")
    return path


async def test_a_change_is_read_once_and_put_in_force(file: Path) -> None:
    applied = Applied()
    async with Reloader([part(file, applied)], every_s=0.01):
        file.write_text("second")
        await applied.news()
        file.write_text("third and longer")
        await applied.news()

    assert applied.values == ["second", "third and longer"]


async def test_a_file_that_is_replaced_or_comes_back_is_seen_too(file: Path) -> None:
    applied = Applied()
    async with Reloader([part(file, applied)], every_s=0.01):
        other = file.with_name("other")
        other.write_text("after")  # as long as the one before it
        other.replace(file)
        await applied.news()
        file.unlink()
        file.write_text("again")
        await applied.news()

    assert applied.values == ["after", "again"]


async def test_only_the_part_whose_file_has_changed_is_read(file: Path, tmp_path: Path) -> None:
    second = tmp_path / "second"
    second.write_text("unchanged")
    applied, others = Applied(), Applied()
    async with Reloader([part(second, others, "other"), part(file, applied)], every_s=0.01):
        file.write_text("second")
        await applied.news()

    assert others.values == []


async def test_what_is_not_good_is_reported_once_and_the_rest_goes_on(file: Path, tmp_path: Path) -> None:
    second = tmp_path / "second"
    second.write_text("good")
    applied, others = Applied(), Applied()
    reloader = Reloader([part(file, applied), part(second, others, "other")], every_s=None)
    file.write_text("bad")
    with capture_logs() as logs:
        await reloader.reload()

    assert (applied.values, others.values) == ([], ["good"])
    assert logs == [
        {
            "event": "not reloaded: what was there stays in force",
            "log_level": "error",
            "part": "text",
            "problem": "file:1: is bad",
        },
        {"event": "reloaded", "log_level": "info", "part": "other"},
    ]


async def test_a_defect_in_reading_is_reported_and_ends_no_watch(file: Path) -> None:
    applied = Applied()
    tries = 0

    def read() -> str:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise ZeroDivisionError("of ours")
        return file.read_text()

    with capture_logs() as logs:
        async with Reloader([Part("text", (file,), read, applied)], every_s=0.01) as reloader:
            await reloader.reload()
            file.write_text("second")
            await applied.news()

    assert applied.values == ["second"]
    assert logs[0]["problem"] == "ZeroDivisionError: of ours"


async def test_a_file_that_is_still_being_written_is_not_read_yet(file: Path) -> None:
    """Each look finds the file grown, until it stops; only then is it read."""
    applied = Applied()
    looks = 0

    class Growing(type(file)):
        def stat(self, **_: object):
            nonlocal looks
            looks += 1
            if 1 < looks < 8:
                file.write_text("grown" * looks)
            elif looks == 8:
                file.write_text("whole")
            return file.stat()

    growing = Growing(file)
    async with Reloader([Part("text", (growing,), file.read_text, applied)], every_s=0.01):
        await applied.news()

    assert applied.values == ["whole"]


async def test_it_tells_how_often_a_part_was_read_again_and_whether_the_last_time_went_well(file: Path) -> None:
    async with Reloader([part(file, Applied()), part(file, Applied(), "other")], every_s=None) as reloader:
        told = [reloader.reloads["text"]]
        for text in ("second", "bad", "bad", "second", "third"):
            file.write_text(text)
            await reloader.reload()
            told.append(replace(reloader.reloads["text"]))

    assert told[0] is reloader.reloads["text"]
    assert told[1:] == [Reloads(1), Reloads(1, 1, True), Reloads(1, 2, True), Reloads(1, 2), Reloads(2, 2)]
    assert reloader.reloads["other"] == Reloads(2, 2)
