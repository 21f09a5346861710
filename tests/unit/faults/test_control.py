"""Control: rules are made ready one set after the other, and then put in force all at once or not at all."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from support.rules import counts, rule
from support.waiting import PATIENCE_S

from ssp_emulator.errors import SetupError
from ssp_emulator.faults.control import Control, RuleExistsError
from ssp_emulator.faults.effects.effect import Context

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ssp_emulator.faults.effects.effect import Effect
    from ssp_emulator.faults.engine import Engine


class Preparing:
    """What makes effects ready, each time as slowly as a test wants: it waits for `go_on`, and may then fail."""

    def __init__(self) -> None:
        self.begun: list[list[str]] = []
        self.has_begun = asyncio.Event()
        self.go_on = asyncio.Event()
        self.failure: SetupError | None = None

    async def __call__(self, effects: Iterable[Effect]) -> None:
        self.begun.append([effect.kind for effect in effects])
        self.has_begun.set()
        await self.go_on.wait()
        if self.failure is not None:
            raise self.failure


@pytest.fixture
def preparing() -> Preparing:
    return Preparing()


@pytest.fixture
def control(engine: Engine, preparing: Preparing, tmp_path: Path) -> Control:
    return Control(engine, Context(tmp_path), preparing)


async def turns() -> None:
    """Let every other task go as far as it can without anybody's help."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_one_of_two_that_take_the_same_name_at_once_gets_it(
    engine: Engine, control: Control, preparing: Preparing
) -> None:
    first = asyncio.create_task(control.put([rule("a", description="first")], replace=False))
    await preparing.has_begun.wait()
    second = asyncio.create_task(control.put([rule("a", description="second")], replace=False))
    await turns()  # the second comes while the first is being made ready
    begun = list(preparing.begun)
    preparing.go_on.set()
    async with asyncio.timeout(PATIENCE_S):
        done, refused = await asyncio.gather(first, second, return_exceptions=True)

    assert begun == [["unavailable"]]
    assert isinstance(refused, RuleExistsError)
    assert str(refused).startswith("in force already: a")
    assert not isinstance(done, BaseException)
    assert done.replaced == frozenset()
    assert [armed.rule.description for armed in engine] == ["first"]


async def test_two_that_replace_each_other_come_in_their_order(
    engine: Engine, control: Control, preparing: Preparing
) -> None:
    first = asyncio.create_task(control.put([rule("a", description="first")]))
    await preparing.has_begun.wait()
    second = asyncio.create_task(control.put([rule("a", description="second"), rule("b")]))
    await turns()
    preparing.go_on.set()
    async with asyncio.timeout(PATIENCE_S):
        made = await asyncio.gather(first, second)

    assert [sorted(put.replaced) for put in made] == [[], ["a"]]
    assert [(armed.rule.name, armed.rule.description) for armed in engine] == [("a", "second"), ("b", "")]


async def test_nothing_is_in_force_before_all_of_it_is_ready(
    engine: Engine, control: Control, preparing: Preparing
) -> None:
    putting = asyncio.create_task(control.put([rule("a"), rule("b", effect={"kind": "latency", "delay_ms": 1})]))
    await preparing.has_begun.wait()
    await turns()

    assert list(engine) == []
    preparing.go_on.set()
    await putting
    assert preparing.begun == [["unavailable", "latency"]]
    assert [armed.rule.name for armed in engine] == ["a", "b"]


async def test_what_cannot_be_made_ready_changes_nothing_and_keeps_nobody_out(
    engine: Engine, control: Control, preparing: Preparing
) -> None:
    preparing.go_on.set()
    await control.put([rule("a")])
    preparing.failure = SetupError("no certificates")
    with pytest.raises(SetupError, match=r"^no certificates$"):
        await control.put([rule("a", description="anew"), rule("b")], only=True)
    there = [(armed.rule.name, armed.rule.description) for armed in engine]
    preparing.failure = None
    async with asyncio.timeout(PATIENCE_S):
        done = await control.put([rule("c")])

    assert there == [("a", "")]
    assert counts(engine, "a") == (0, 0, 0)
    assert [armed.rule.name for armed in done.armed] == ["c"]


async def test_one_name_that_is_taken_keeps_all_out_before_anything_is_made_ready(
    engine: Engine, control: Control, preparing: Preparing
) -> None:
    preparing.go_on.set()
    await control.put([rule("a"), rule("b")])
    preparing.begun.clear()

    with pytest.raises(RuleExistsError, match=r"^in force already: a, b"):
        await control.put([rule("c"), rule("b"), rule("a")], replace=False)
    assert preparing.begun == []
    assert [armed.rule.name for armed in engine] == ["a", "b"]
