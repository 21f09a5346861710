"""Opening the trail's files: what is no file is refused at once, by whoever reads them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from support import trails

from ssp_emulator.audit.anchor import read_anchor
from ssp_emulator.audit.opening import open_to_read
from ssp_emulator.audit.reading import read

if TYPE_CHECKING:
    from pathlib import Path

    from ssp_emulator.audit.layout import Layout


def test_a_file_is_opened(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a\nb")
    with open_to_read(tmp_path / "a") as file:
        assert file.readlines() == [b"a\n", b"b"]


def put_in_its_place(path: Path, kind: str) -> None:
    path.unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_would_never_end_is_not(tmp_path: Path, kind: str) -> None:
    put_in_its_place(tmp_path / "a", kind)
    with pytest.raises(OSError, match="a is not a regular file"):
        open_to_read(tmp_path / "a")


@pytest.mark.parametrize("kind", ["pipe", "device"])
@pytest.mark.parametrize("name", ["journal.jsonl", "journal.000000000001.jsonl"])
def test_a_trail_is_read_without_what_is_no_file(layout: Layout, name: str, kind: str) -> None:
    trails.write(layout, map(trails.facts, range(1, 7)), segment=3)
    put_in_its_place(layout.folder / name, kind)

    assert len(list(read(layout.journal))) == 3


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_an_anchor_that_is_no_file_is_said(layout: Layout, kind: str) -> None:
    trails.write(layout, [trails.facts()])
    put_in_its_place(layout.anchor(0), kind)

    with pytest.raises(OSError, match=r"journal\.anchor is not a regular file"):
        read_anchor(layout.anchor(0))
