"""The log: one line an event, in either format, and never a local variable, which might be a token."""

from __future__ import annotations

import json
import logging
import sys
import threading
from typing import TYPE_CHECKING

import pytest
import structlog

from ssp_emulator import logs
from ssp_emulator.settings import LogSettings

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    yield
    logging.getLogger().handlers[:] = handlers
    logging.getLogger().setLevel(level)
    structlog.reset_defaults()


def said(capsys: pytest.CaptureFixture[str]) -> str:
    for handler in logging.getLogger().handlers:
        handler.flush()
    return capsys.readouterr().err


def fail_with_a_token() -> None:
    authorization = "Bearer eyJhbGciOiJub25lIn0.e30."
    raise RuntimeError(f"{len(authorization)} bytes")


@pytest.mark.parametrize("form", ["console", "json"])
def test_an_exception_is_logged_without_local_variables(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(LogSettings.model_validate({"format": form}))

    try:
        fail_with_a_token()
    except RuntimeError:
        structlog.get_logger("x").exception("it failed", trace_id="1")

    text = said(capsys)
    assert "RuntimeError" in text
    assert "eyJ" not in text


def test_the_json_log_is_json_whoever_writes_it(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(LogSettings(format="json"))

    structlog.get_logger("ours").info("ours", trace_id="1")
    logging.getLogger("asyncio").warning("theirs %s", 2)

    lines = [json.loads(line) for line in said(capsys).splitlines()]
    assert [line["event"] for line in lines] == ["ours", "theirs 2"]
    assert [line["level"] for line in lines] == ["info", "warning"]
    assert lines[0]["trace_id"] == "1"


def test_the_level_is_a_floor(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(LogSettings(level="warning"))

    structlog.get_logger("x").info("quiet")
    structlog.get_logger("x").warning("loud")

    text = said(capsys)
    assert "quiet" not in text
    assert "loud" in text


class Gone:
    def write(self, _: str) -> int:
        raise BrokenPipeError

    def flush(self) -> None:
        raise ValueError("closed")

    def isatty(self) -> bool:
        return False


class Stuck(Gone):
    def write(self, _: str) -> int:
        threading.Event().wait()
        return 0


@pytest.mark.parametrize("stream", [None, Gone(), Stuck()], ids=["none", "closed", "not read"])
def test_where_nobody_takes_the_lines_they_are_lost_and_nothing_else(
    stream: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    logs.configure(LogSettings())

    for number in range(20_000):  # more than are kept waiting
        structlog.get_logger("x").warning("into the void", number=number)
