"""Control of the rules: those that come in are made ready first, and then put in force all at once or not at all."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from ssp_emulator.errors import SetupError
from ssp_emulator.faults import scenario

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from ssp_emulator.faults.armed import Armed
    from ssp_emulator.faults.effects.effect import Context, Effect
    from ssp_emulator.faults.engine import Engine
    from ssp_emulator.faults.rule import Rule
    from ssp_emulator.faults.scenario import Scenario
    from ssp_emulator.located import InvalidFileError

    Spread = Callable[[Mapping[str, Armed], Callable[[], None]], Awaitable[None]]

_MOST = 2000


class RuleExistsError(SetupError):
    """A rule of that name is in force already, and was not to be replaced."""


class TooManyRulesError(SetupError):
    """More rules would be in force than can be looked at for each request."""


class Put(NamedTuple):
    """Rules that have been put in force, and the names of those among them that took another's place."""

    armed: tuple[Armed, ...]
    replaced: frozenset[str]


class Control:
    """Puts rules in force, from whoever is allowed to; `engine` has those that are.

    `context` is what rules are validated with, and names the folder that scenarios are in. `prepare` makes ready what
    effects need before they can act; it raises `SetupError` where that cannot be. `spread`, where other processes go by
    the same rules, takes those that are to be in force from now on, and what puts them in force in this process: it
    calls that once they are in force in all others. Where that cannot be, it raises `SetupError`, and nothing changes.
    """

    def __init__(
        self,
        engine: Engine,
        context: Context,
        prepare: Callable[[Iterable[Effect]], Awaitable[None]],
        spread: Spread | None = None,
    ) -> None:
        self.engine = engine
        self.context = context
        self._prepare = prepare
        self._spread = spread
        self._one_at_a_time = asyncio.Lock()
        self._changing = asyncio.Lock()

    async def put(
        self, rules: Iterable[Rule], *, origin: str | None = None, only: bool = False, replace: bool = True
    ) -> Put:
        """Put rules in force, all at once; a rule of the same name is replaced, and its counts begin anew.

        `origin` is the scenario that they come from; `only` lifts every other rule; without `replace` it raises
        `RuleExistsError` where one of the names is taken. Raises `SetupError` where an effect cannot be made ready.
        Where it raises, nothing has changed.
        """
        rules = tuple(rules)
        async with self._one_at_a_time:
            if not replace and (taken := sorted(self._in_force(rules))):
                raise RuleExistsError(f"in force already: {', '.join(taken)}")
            kept = set() if only else {armed.rule.name for armed in self.engine}
            if (number := len(kept | {rule.name for rule in rules})) > _MOST:
                raise TooManyRulesError(f"there would be {number} rules in force, and {_MOST} are the most")
            await self._prepare([rule.effect for rule in rules])
            async with self._changing:
                replaced = self._in_force(rules)
                armed = self.engine.arm(rules, scenario=origin)
                await self._hold(armed if only else {**self.engine.rules, **armed})
            return Put(tuple(armed.values()), replaced)

    async def remove(self, name: str) -> bool:
        """Lift a rule; tell whether there was one."""
        async with self._changing:
            rules = self.engine.rules
            if name not in rules:
                return False
            await self._hold({kept: armed for kept, armed in rules.items() if kept != name})
            return True

    async def clear(self) -> int:
        """Lift every rule, and return how many there were."""
        async with self._changing:
            lifted = len(self.engine.rules)
            await self._hold({})
            return lifted

    async def apply(self, name: str, *, only: bool = False) -> Scenario:
        """Put the rules of a scenario in force, as its file has them now. Raises `SetupError`."""
        found = await asyncio.to_thread(scenario.read_named, name, self.context)
        await self.put(found.rules, origin=found.name, only=only)
        return found

    async def scenarios(self) -> list[Scenario | InvalidFileError]:
        """Return every scenario by name, and in the place of one that is not good, what is wrong with it."""
        return await asyncio.to_thread(scenario.read_all, self.context)

    async def _hold(self, rules: Mapping[str, Armed]) -> None:
        if self._spread is None:
            self.engine.hold(rules)
        else:
            await self._spread(rules, lambda: self.engine.hold(rules))

    def _in_force(self, rules: Iterable[Rule]) -> frozenset[str]:
        return frozenset(rule.name for rule in rules if self.engine.get(rule.name) is not None)
