"""The anchor: two lines that are rewritten in place, and read back strictly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssp_emulator.audit.anchor import Anchor, Anchored, read_anchor
from ssp_emulator.audit.chain import GENESIS, Link

if TYPE_CHECKING:
    from pathlib import Path

DIGESTS = st.text("0123456789abcdef", min_size=64, max_size=64)
LINKS = st.builds(Link, st.integers(0, 10**12 - 1), DIGESTS)
A, B = Link(7, "a" * 64), Link(3, "b" * 64)
WHOLE = b"head 000000000007 %s\nbase 000000000003 %s\n" % (b"a" * 64, b"b" * 64)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("anchor") / "journal.anchor"


def write(path: Path, *changes: tuple[str, Link]) -> None:
    with path.open("r+b" if path.exists() else "w+b") as file:
        anchor = Anchor(file.fileno())
        for what, link in changes:
            {"head": anchor.set_head, "base": anchor.set_base}[what](link)


def test_an_anchor_letter_by_letter(path: Path) -> None:
    write(path, ("head", A), ("base", B))

    assert path.read_bytes() == WHOLE


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["head", "base"]), LINKS), max_size=10), LINKS, LINKS)
def test_what_was_said_last_is_read_back(path: Path, changes: list[tuple[str, Link]], head: Link, base: Link) -> None:
    path.unlink(missing_ok=True)

    write(path, ("head", GENESIS), ("base", GENESIS), *changes, ("base", base), ("head", head))

    assert read_anchor(path) == Anchored(head, base)
    assert path.stat().st_size == len(WHOLE)  # however often it is rewritten


def test_where_there_is_none_there_is_none(tmp_path: Path) -> None:
    assert read_anchor(tmp_path / "journal.anchor") is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        WHOLE[:-1],
        WHOLE + b"\n",
        WHOLE + WHOLE,
        WHOLE[: len(WHOLE) // 2],
        b"\0" * len(WHOLE),
        b"\xff" * len(WHOLE),
        WHOLE.replace(b"head", b"tail"),
        WHOLE.replace(b"a", b"A"),
        WHOLE.replace(b"000000000007", b"00000000000x"),
        WHOLE.replace(b"\n", b"\r\n"),
    ],
)
def test_what_is_no_whole_anchor_is_none(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "journal.anchor"
    path.write_bytes(data)

    assert read_anchor(path) is None


@settings(deadline=None)
@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_a_damaged_byte_is_another_link_or_no_anchor_and_never_an_error(path: Path, place: int, change: int) -> None:
    damaged = bytearray(WHOLE)
    damaged[place] ^= change
    path.write_bytes(bytes(damaged))

    assert read_anchor(path) != Anchored(A, B)


def test_an_anchor_that_cannot_be_read_is_an_error_and_not_none(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        read_anchor(tmp_path)
