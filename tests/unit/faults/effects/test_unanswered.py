"""What happens in place of an answer, or within it: where each of its effects acts, and what it does there."""

from __future__ import annotations

from typing import Any

import pytest
from support.chains import answer, effect, firing, problem
from support.deliveries import Consumer, deliver, instead

from ssp_emulator.faults.effects.effect import Ending, Stage
from ssp_emulator.message import Framing

STALL, CLOSE, RESET = ("left",), ("end", Ending.DROP), ("end", Ending.RESET)
KINDS = {
    "stall": ("stalled", STALL),
    "close": ("closed the connection", CLOSE),
    "reset": ("reset the connection", RESET),
}
WITHIN = ("stall", "reset")
HEAD = ("begin", Framing.LENGTH, False)


@pytest.mark.parametrize("kind", [*KINDS, "garbage"])
def test_where_they_act(kind: str) -> None:
    assert effect(kind).stages == effect(kind, at="request").stages == (Stage.INSTEAD,)
    assert effect(kind, at="answer").stages == (Stage.CUT,)


@pytest.mark.parametrize("kind", WITHIN)
def test_within_a_body_they_act_on_the_answer(kind: str) -> None:
    assert effect(kind, after_bytes=0).stages == (Stage.CUT,)
    assert effect(kind, after_bytes=0, at="answer").stages == (Stage.CUT,)


@pytest.mark.parametrize(("kind", "what", "done"), [(kind, *row) for kind, row in KINDS.items()])
async def test_before_the_provider_is_asked(kind: str, what: str, done: tuple[Any, ...]) -> None:
    noted = firing()

    assert await instead(effect(kind), Consumer(), noted) == [done]
    assert noted.did == [f"{what} before the provider was asked"]


@pytest.mark.parametrize(("kind", "what", "done"), [(kind, *row) for kind, row in KINDS.items()])
async def test_in_place_of_an_answer(kind: str, what: str, done: tuple[Any, ...]) -> None:
    noted = firing()

    assert await deliver(effect(kind, at="answer"), Consumer(), noted, answer(b"body", status=404), b"body") == [done]
    assert noted.did == [f"{what} in place of the answer, which was 404"]


PIECES: dict[str, tuple[int, list[bytes], list[bytes]]] = {
    "at once": (0, [b"body"], []),
    "within a piece": (3, [b"body"], [b"bod"]),
    "between pieces": (2, [b"bo", b"dy"], [b"bo"]),
    "in a later piece": (3, [b"b", b"", b"ody"], [b"b", b"od"]),
}


@pytest.mark.parametrize("kind", WITHIN)
@pytest.mark.parametrize(("after_bytes", "pieces", "written"), PIECES.values(), ids=PIECES)
async def test_within_a_body(kind: str, after_bytes: int, pieces: list[bytes], written: list[bytes]) -> None:
    noted, consumer = firing(), Consumer()
    what, done = KINDS[kind]

    did = await deliver(effect(kind, after_bytes=after_bytes), consumer, noted, answer(b"body"), *pieces)

    assert did[0] == HEAD
    assert did[-2:] == [("flush",), done]
    assert consumer.written == written
    assert not any(write[2] for write in did if write[0] == "write")
    assert noted.did == [f"{what} after {after_bytes} bytes of the body"]


@pytest.mark.parametrize("kind", [*WITHIN, "truncate"])
@pytest.mark.parametrize(("pieces", "framing"), [((b"bo", b"dy"), Framing.LENGTH), ((b"",), Framing.NONE)])
async def test_what_is_not_longer_goes_out_whole(kind: str, pieces: tuple[bytes, ...], framing: Framing) -> None:
    noted, consumer = firing(), Consumer()

    did = await deliver(effect(kind, after_bytes=4), consumer, noted, answer(b"body", framing=framing), *pieces)

    assert did[-1] == ("write", pieces[-1], True)
    assert noted.did == [
        "nothing: the body had no more than 4 bytes" if framing is Framing.LENGTH else "nothing: the answer has no body"
    ]


PROBLEMS: dict[str, tuple[str, dict[str, Any], str]] = {
    "at another place": ("close", {"at": "body"}, "at: Input should be 'request' or 'answer'"),
    "close within": ("close", {"after_bytes": 1}, "after_bytes: Extra inputs are not permitted"),
    "stall within a request": (
        "stall",
        {"after_bytes": 1, "at": "request"},
        "at should be answer where there are after_bytes, found request",
    ),
    "reset within a request": (
        "reset",
        {"after_bytes": 1, "at": "request"},
        "at should be answer where there are after_bytes, found request",
    ),
    "less than nothing": ("reset", {"after_bytes": -1}, "greater than or equal to 0"),
    "too much": ("stall", {"after_bytes": (1 << 30) + 1}, "less than or equal to 1073741824"),
    "no whole number": ("stall", {"after_bytes": 1.5}, "valid integer"),
}


@pytest.mark.parametrize(("kind", "parameters", "what"), PROBLEMS.values(), ids=PROBLEMS)
def test_what_is_refused(kind: str, parameters: dict[str, Any], what: str) -> None:
    assert what in problem(kind, **parameters)
