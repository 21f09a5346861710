"""The log: one line an event, in either format, and never a local variable, which might be a token."""

from __future__ import annotations

import json
import logging
import queue
import re
import select
import sys
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.waiting import PATIENCE_S

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


def test_a_line_of_json_letter_by_letter(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(LogSettings(format="json"))

    structlog.get_logger("x").info("request", target="/caf\u00e9\x9b", status=200, denial=None, of=ValueError("it"))

    assert re.sub(r"\d", "9", said(capsys)) == (
        '{"target":"/caf\\u99e9\\u999b","status":999,"denial":null,"of":"ValueError(\'it\')",'
        '"event":"request","level":"info","timestamp":"9999-99-99T99:99:99.999999Z"}\n'
    )


def test_the_time_on_a_line_is_that_of_its_event(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(LogSettings(format="json"))

    before = datetime.now(UTC)
    structlog.get_logger("x").info("now")
    after = datetime.now(UTC)

    assert before <= datetime.fromisoformat(json.loads(said(capsys))["timestamp"]) <= after


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.lists(st.text()), st.text(), st.text("ab =\"'\t\n%/")
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(event=st.text(), fields=st.dictionaries(st.text("abcz_", min_size=1, max_size=5), VALUES))
def test_a_line_for_people_is_the_one_that_structlog_makes(
    event: str, fields: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure(LogSettings())

    structlog.get_logger("x").warning(event, **fields)

    written = said(capsys)
    told = {**fields, "event": event, "level": "warning", "timestamp": written.partition(" ")[0]}
    assert written == f"{structlog.dev.ConsoleRenderer(colors=False)(None, 'warning', told)}\n"


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_line_that_cannot_be_made_is_left_out_and_nothing_else(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError("no words")

    logs.configure(LogSettings.model_validate({"format": form}))

    structlog.get_logger("x").warning("broken", value=Broken())
    structlog.get_logger("x").warning("whole")

    text = said(capsys)
    assert "broken" not in text
    assert "whole" in text


def test_lines_come_out_in_the_order_in_which_they_were_logged(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(LogSettings(format="json"))

    for number in range(500):
        (structlog.get_logger("ours") if number % 2 else logging.getLogger("theirs")).warning(f"{number}")

    assert [json.loads(line)["event"] for line in said(capsys).splitlines()] == [str(each) for each in range(500)]


def test_a_line_comes_out_without_anyone_asking_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    written: queue.Queue[str] = queue.Queue()

    class Read(Gone):
        def write(self, text: str) -> int:
            written.put(text)
            return len(text)

    monkeypatch.setattr(sys, "stderr", Read())
    logs.configure(LogSettings())
    for event in ("first", "second"):  # the second once the thread is at rest again
        structlog.get_logger("x").warning(event)
        assert event in written.get(timeout=PATIENCE_S)


def test_lines_are_written_together_in_pieces_that_no_other_process_writes_into(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pieces: list[bytes] = []

    class Pipe(Gone):
        def write(self, text: str) -> int:
            pieces.append(text.encode())
            return len(text)

    monkeypatch.setattr(sys, "stderr", Pipe())
    logs.configure(LogSettings())
    for number in range(300):
        structlog.get_logger("x").warning("caf\u00e9" * (1500 if number == 150 else 40), number=number)
    for handler in logging.getLogger().handlers:
        handler.flush()

    lines = b"".join(pieces).decode().splitlines()
    assert [line.partition("number=")[2] for line in lines] == [str(number) for number in range(300)]
    assert all(piece.endswith(b"\n") for piece in pieces)
    assert [piece.count(b"\n") for piece in pieces if len(piece) > select.PIPE_BUF] == [1]  # the one that is so long
    assert len(pieces) < len(lines)


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
