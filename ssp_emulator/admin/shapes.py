"""The shapes of what is asked and answered about faults and scenarios; but for `Several`, for the API's description."""

from __future__ import annotations

from pydantic import BaseModel, Field

from ssp_emulator.faults.armed import Counts
from ssp_emulator.faults.rule import Name, Rule
from ssp_emulator.faults.scenario import Rules


class _Standing(BaseModel):
    scenario: str | None = Field(description="the scenario that it came from")
    since: str = Field(description="when it was put in force, UTC", examples=["2026-11-22T22:30:00.000Z"])
    expires_in_s: float | None = Field(description="seconds until it lifts itself")
    counts: Counts


class RuleInForce(_Standing, Rule):
    """A rule that is in force, with what is not the default, and what has come of it."""


class RuleOfPath(Rule):
    """A rule whose name the path says; where it says it too, that should be the same."""

    name: Name = Field(default_factory=str, description="that of the path, or left out")


class InForce(BaseModel):
    """Rules that are in force."""

    faults: list[RuleInForce]


class Listing(InForce):
    """Every rule that is in force, and the seed that their decisions depend on."""

    seed: int


class Lifted(BaseModel):
    """How many rules were lifted."""

    lifted: int


class ScenarioFound(BaseModel):
    """A scenario, with the names of its rules."""

    name: str
    description: str
    rules: list[str]


class ProblemInFile(BaseModel):
    """What is wrong with a file."""

    file: str
    line: int | None
    key: str
    message: str


class Scenarios(BaseModel):
    """Every scenario, and what is wrong with the files that are not good."""

    scenarios: list[ScenarioFound]
    problems: list[ProblemInFile]


class Several(Rules):
    """Rules that are put in force together; `replace` says that those of the same names may be replaced."""

    replace: bool = False
