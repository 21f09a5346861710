from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from ssp_emulator.audit.question import Question
from ssp_emulator.cli.audit.asking import question_of

A_MOMENT = "should be a date and time with its offset, as in 2026-11-22T22:30:00Z (in a URL, + is written %2B)"
NOW = datetime(2026, 3, 4, 12, 0, 0, 500_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("asked", "question"),
    [
        ({"from": None, "count": False, "limit": None}, Question()),
        ({"from": "1", "count": True, "limit": "7"}, Question(from_asid="1", count=True, limit=7)),
        ({"since": "90s"}, Question(since="2026-03-04T11:58:30.500Z")),
        ({"since": "15m", "until": "5m"}, Question(since="2026-03-04T11:45:00.500Z", until="2026-03-04T11:55:00.500Z")),
        ({"since": "2h"}, Question(since="2026-03-04T10:00:00.500Z")),
        ({"since": "1d"}, Question(since="2026-03-03T12:00:00.500Z")),
        ({"since": "2026-03-04T12:00:00+01:00"}, Question(since="2026-03-04T11:00:00.000Z")),
        ({"text": "15m"}, Question(text="15m")),
    ],
)
def test_options_ask_a_question(asked: dict[str, Any], question: Question) -> None:
    assert question_of(asked, NOW) == question


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"trace_id": ""}, "error: --trace-id should not be empty\n"),
        ({"limit": "0"}, "error: --limit should be a number from 1 to 1000, found '0'\n"),
        *(
            ({"since": text}, f"error: --since {A_MOMENT}, found {text!r}\n")
            for text in ("15", "0m", "1w", "-5m", "999999d")
        ),
    ],
)
def test_a_bad_one_ends_the_command(asked: dict[str, Any], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        question_of(asked, NOW)
    assert ended.value.code == 2
    assert capsys.readouterr() == ("", said)
