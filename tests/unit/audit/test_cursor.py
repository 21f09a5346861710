from __future__ import annotations

from base64 import urlsafe_b64encode
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.trails import BEGAN

from ssp_emulator.audit.cursor import Cursor, CursorError

TIMES = st.datetimes(min_value=BEGAN.replace(year=1000, tzinfo=None)).map(
    lambda moment: moment.isoformat(timespec="milliseconds") + "Z"
)
CURSORS = st.builds(Cursor, TIMES, st.integers(0, 9999), st.integers(1, 10**18 - 1))


def of(plain: str) -> str:
    return urlsafe_b64encode(plain.encode()).rstrip(b"=").decode()


@settings(deadline=None)
@given(CURSORS)
def test_a_cursor_is_read_as_it_was_written(cursor: Cursor) -> None:
    assert Cursor.of(str(cursor)) == cursor
    assert set(str(cursor)) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@settings(deadline=None)
@given(st.text() | st.binary().map(lambda data: urlsafe_b64encode(data).decode()) | st.text().filter(bool).map(repr))
def test_garbage_is_no_cursor(text: str) -> None:
    with suppress(CursorError):
        assert str(Cursor.of(text)) == text


@settings(deadline=None)
@given(CURSORS, st.integers(0), st.characters())
def test_a_cursor_with_another_character_in_it_is_another_or_none(cursor: Cursor, place: int, other: str) -> None:
    text = str(cursor)
    place %= len(text)
    changed = text[:place] + other + text[place + 1 :]
    try:
        assert (Cursor.of(changed) == cursor) is (changed == text)
    except CursorError:
        assert changed != text


GOOD = "2026-03-04T12:00:00.000Z 0 1"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "ŵ",
        of(GOOD) + "=",
        of(GOOD) + "\n",
        of(GOOD.replace("03-04", "02-30")),
        of(GOOD.replace(".000", "")),
        of(GOOD + "0" * 18),
        of("2026-03-04T12:00:00.000Z 01 1"),
        of("2026-03-04T12:00:00.000Z 0 0"),
        of("2026-03-04T12:00:00.000Z -1 1"),
        of(GOOD + " "),
        of("ŵ" * 9),
    ],
)
def test_what_is_nearly_a_cursor_is_none(text: str) -> None:
    assert Cursor.of(of(GOOD)) == Cursor("2026-03-04T12:00:00.000Z", 0, 1)
    with pytest.raises(CursorError):
        Cursor.of(text)
