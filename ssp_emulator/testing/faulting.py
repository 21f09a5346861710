"""Faulting: fault rules that are in force for as long as a block lasts, and how often they fired."""

from __future__ import annotations

import re
import secrets
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ssp_emulator.cli.calling import RefusedError, UnansweredError
from ssp_emulator.testing.errors import AskingError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ssp_emulator.testing.emulated import Emulated

__tracebackhide__ = True  # what is wrong is the test's, and so pytest shows its line

_NOT_OF_A_NAME = re.compile(r"[^a-z0-9._-]+")
_LONGEST_NAME = 64
_NONE = {"matched": 0, "fired": 0, "asked": 0}


class Fault:
    """Rules that a test has put in force; what they have counted can be asked while they are, and afterwards.

    `name` is the first rule's in the audit trail, and `names` are those of all.
    """

    def __init__(self, faults: Faults, names: list[str]) -> None:
        self._faults = faults
        self._counts = {name: dict(_NONE) for name in names}
        self._in_force = True

    @property
    def names(self) -> list[str]:
        """The rules' names, as they are in force."""
        return list(self._counts)

    @property
    def name(self) -> str:
        """The name of the first rule."""
        return self.names[0]

    @property
    def fired(self) -> int:
        """How often they fired."""
        return self._counted("fired")

    @property
    def matched(self) -> int:
        """How many requests, or connections, they matched."""
        return self._counted("matched")

    def keep(self) -> None:
        """Keep what has been counted so far, because the rules are about to be lifted."""
        self._refresh()
        self._in_force = False

    def _counted(self, which: str) -> int:
        if self._in_force:
            self._refresh()
        return sum(counts[which] for counts in self._counts.values())

    def _refresh(self) -> None:
        there = self._faults.counts()
        # One that has lifted itself, as by `ttl_s`, is not there any more: what it had counted last stays.
        self._counts.update({name: there[name] for name in self._counts if name in there})


class Faults:
    """The fault rules of one test, in an emulator. `test` is the test's name."""

    def __init__(self, emulated: Emulated, test: str) -> None:
        self._emulated = emulated
        self._api = emulated.api
        self._mark = f"{_slug(test)[:20].strip('._-') or 'test'}-{secrets.token_hex(4)}"
        self._ours: dict[str, str] = {}  # what the test calls a rule, by the name that it has in force
        self._all: dict[str, str] = {}  # the same, with those that have been lifted
        self._made = 0

    def clear(self) -> None:
        """Lift what may be lifted: every rule where nobody else has any, else those of this test."""
        if self._emulated.clears:
            self._call("DELETE", "/faults", None, "lifting the rules")
            self._ours.clear()
        else:
            for name in list(self._ours):
                self._lift(name)

    @contextmanager
    def rule(self, rule: Mapping[str, Any]) -> Iterator[Fault]:
        """Have a rule in force; without a name it gets one. Raises `AskingError` where it is not valid."""
        said = rule.get("name")
        name = self._named(said, rule)
        self._call("POST", "/faults", {**rule, "name": name}, "the rule")
        with self._in_force({name: said or name}) as fault:
            yield fault

    @contextmanager
    def scenario(self, name: str) -> Iterator[Fault]:
        """Have a scenario's rules in force. Raises `AskingError`, also where one of them is already."""
        found = self._call("GET", "/scenarios", None, "the scenario")
        rules: list[str] = next((each["rules"] for each in found["scenarios"] if each["name"] == name), [])
        if taken := sorted(set(rules) & set(self.counts())):
            raise AskingError(f"the scenario {name!r} has rules that are in force already: {', '.join(taken)}")
        done = self._call("POST", f"/scenarios/{quote(name, safe='')}/apply", {"only": False}, "the scenario")
        with self._in_force({rule["name"]: rule["name"] for rule in done["faults"]}) as fault:
            yield fault

    def known_as(self, name: str) -> str:
        """Return the name that a rule of the test's has in force; a name that is none of those as it is."""
        return next((in_force for in_force, said in self._all.items() if said == name), name)

    def counts(self) -> dict[str, dict[str, int]]:
        """Return what each rule in force has counted."""
        shown = self._call("GET", "/faults", None, "the rules in force")
        return {rule["name"]: rule["counts"] for rule in shown["faults"]}

    @contextmanager
    def _in_force(self, names: Mapping[str, str]) -> Iterator[Fault]:
        self._ours.update(names)
        self._all = {**self._all, **names}
        fault = Fault(self, list(names))
        try:
            yield fault
        except BaseException:
            with suppress(AskingError):  # what the test itself raises says more
                self._end(fault)
            raise
        else:
            self._end(fault)

    def _end(self, fault: Fault) -> None:
        """Lift a fault's rules, but for those that are lifted already.

        A block that a test has left open is closed much later, when a rule of that name may be another test's.
        """
        if still := [name for name in fault.names if name in self._ours]:
            fault.keep()
            for name in still:
                self._lift(name)

    def _lift(self, name: str) -> None:
        self._ours.pop(name, None)
        try:
            self._api.asked("DELETE", f"/faults/{quote(name, safe='')}")
        except RefusedError:
            pass  # it has lifted itself, or somebody has
        except UnansweredError as error:
            raise AskingError(str(error)) from None

    def _named(self, said: Any, rule: Mapping[str, Any]) -> Any:
        """Return the name to put a rule in force by: the test's own where nobody else can have one of that name."""
        self._made += 1
        effect = rule.get("effect")
        kind = str(effect.get("kind", "fault")) if isinstance(effect, dict) else "fault"
        name = said if said is not None else f"{_slug(kind) or 'fault'}-{self._made}"
        if self._emulated.is_ours or not isinstance(name, str):  # whatever it is, the emulator says what is wrong
            return name
        return f"{name[: _LONGEST_NAME - len(self._mark) - 1]}-{self._mark}"

    def _call(self, method: str, path: str, value: Any, what: str) -> Any:
        try:
            return self._api.asked(method, path, value)
        except RefusedError as error:
            raise AskingError(_refused(error, what)) from None
        except UnansweredError as error:
            raise AskingError(str(error)) from None
        except TypeError as error:
            raise AskingError(f"{what} should have only what JSON has: {error}") from None


def _refused(error: RefusedError, what: str) -> str:
    told = [f"{each['key']}: {each['message']}" for each in error.problem.get("errors", [])]
    return "\n".join([f"{what} is refused:", *told]) if told else f"{what} is refused: {error}"


def _slug(text: str) -> str:
    return _NOT_OF_A_NAME.sub("-", text.lower()).strip("._-")
