"""Dribble: what goes out at a time, however it came."""

from __future__ import annotations

from typing import Any

import pytest
from support.chains import answer, effect, firing, problem
from support.deliveries import Consumer, deliver

from ssp_emulator.message import Framing

PIECES: dict[str, tuple[list[bytes], list[tuple[bytes, bool]]]] = {
    "shorter": ([b"ab"], [(b"ab", True)]),
    "as long": ([b"abc"], [(b"abc", True)]),
    "longer": ([b"abcd"], [(b"abc", False), (b"d", True)]),
    "twice as long": ([b"abcdef"], [(b"abc", False), (b"def", True)]),
    "in pieces": ([b"a", b"bcde", b"f"], [(b"abc", False), (b"def", True)]),
    "the last one empty": ([b"abc", b""], [(b"abc", False), (b"", True)]),
    "the first one empty": ([b"", b"abcd"], [(b"", False), (b"abc", False), (b"d", True)]),
    "empty": ([b""], [(b"", True)]),
}


@pytest.mark.parametrize(("pieces", "written"), PIECES.values(), ids=PIECES)
async def test_so_many_go_out_at_a_time(pieces: list[bytes], written: list[tuple[bytes, bool]]) -> None:
    noted = firing()

    did = await deliver(effect("dribble", bytes=3, every_ms=0), Consumer(), noted, answer(), *pieces)

    assert did == [("begin", Framing.LENGTH, False), *(("write", *write) for write in written)]
    assert noted.did == ["sent 3 bytes every 0 ms"]


PROBLEMS: dict[str, tuple[dict[str, Any], str]] = {
    "none at a time": ({"bytes": 0, "every_ms": 1}, "bytes: Input should be greater than or equal to 1"),
    "too many": ({"bytes": (1 << 20) + 1, "every_ms": 1}, "bytes: Input should be less than or equal to 1048576"),
    "back in time": ({"bytes": 1, "every_ms": -1}, "every_ms: Input should be greater than or equal to 0"),
    "over an hour": ({"bytes": 1, "every_ms": 3_600_001}, "every_ms: Input should be less than or equal to 3600000"),
    "no number": ({"bytes": "1", "every_ms": 1}, "bytes: Input should be a valid integer"),
    "half of it": ({"bytes": 1}, "every_ms: Field required"),
}


@pytest.mark.parametrize(("parameters", "what"), PROBLEMS.values(), ids=PROBLEMS)
def test_what_is_refused(parameters: dict[str, Any], what: str) -> None:
    assert what in problem("dribble", **parameters)
