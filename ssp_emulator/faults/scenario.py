"""A scenario: a named set of rules, as one file in the folder of the faults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ssp_emulator.errors import SetupError
from ssp_emulator.faults.rule import Name, Rule
from ssp_emulator.files import text_of
from ssp_emulator.located import InvalidFileError, parse

if TYPE_CHECKING:
    from pathlib import Path

    from ssp_emulator.faults.effects.effect import Context

_SUFFIX = ".yaml"


class NoScenarioError(SetupError):
    """There is no scenario of that name; the text says which there are."""


Description = Annotated[str, Field(min_length=1, max_length=2000)]


class Rules(BaseModel):
    """Rules that come together."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    rules: Annotated[list[Rule], Field(min_length=1, max_length=1000)] = Field(description="its rules, in their order")

    @model_validator(mode="after")
    def _has_each_once(self) -> Self:
        names = [rule.name for rule in self.rules]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"should have each rule once, found {', '.join(twice)} more than once")
        return self


class Scenario(Rules):
    """Rules that make one story together, and what the story is."""

    name: Name = Field(description="its name, which is that of its file without .yaml")
    description: Description = Field(description="what the story is, for people")


class Draft(Rules):
    """A scenario's form, of which only the rules matter; a name and a description may be there."""

    name: Name | None = None
    description: Description | None = None


def read(path: Path, context: Context) -> Scenario:
    """Read a scenario's file, which is named as the scenario is. Raises `InvalidFileError` with all its problems."""
    document = parse(text_of(path), str(path))
    scenario = document.validated(Scenario, context)
    expected = path.name.removesuffix(_SUFFIX)
    if scenario.name != expected:
        said = f"should be that of its file, {expected!r}, found {scenario.name!r}"
        raise InvalidFileError([document.problem(("name",), said)])
    return scenario


def read_named(name: str, context: Context) -> Scenario:
    """Read the scenario of a name. Raises `NoScenarioError` and `InvalidFileError`."""
    there = {path.name.removesuffix(_SUFFIX): path for path in _files(context)}
    if name not in there:
        raise NoScenarioError(
            f"there is no scenario {name!r} in {context.folder}; these are: {', '.join(there) or 'none'}"
        )
    return read(there[name], context)


def read_all(context: Context) -> list[Scenario | InvalidFileError]:
    """Read every scenario, by name; in the place of one that is not good stands what is wrong with it."""
    found: list[Scenario | InvalidFileError] = []
    for path in _files(context):
        try:
            found.append(read(path, context))
        except InvalidFileError as error:
            found.append(error)
    return found


def _files(context: Context) -> list[Path]:
    return sorted(context.folder.glob(f"*{_SUFFIX}"))
