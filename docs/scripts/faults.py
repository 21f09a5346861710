"""Writes docs/faults.md out of the rules' own models and the shipped scenarios. Run by `make docs`."""

from __future__ import annotations

import inspect
import re
import sys
import typing
from itertools import groupby
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast, get_args, get_origin

import yaml
from pydantic_core import PydanticUndefined

from ssp_emulator.faults.effects import ALL, kinds
from ssp_emulator.faults.effects.effect import Context
from ssp_emulator.faults.effects.provider_error import BY_CODE, ProviderErrorEffect
from ssp_emulator.faults.effects.refusal import Refusal
from ssp_emulator.faults.rule import Match, Rule, When, Window
from ssp_emulator.faults.scenario import Scenario, read_all

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pydantic import BaseModel
    from pydantic.fields import FieldInfo

    from ssp_emulator.exchange import Exchange
    from ssp_emulator.faults.effects.effect import Effect

DOCS = Path(__file__).parents[1]
TARGET = DOCS / "faults.md"
SCENARIOS = DOCS.parent / "config" / "scenarios"
INTRODUCTION, EXAMPLES, API, COMPARISON = (
    Path(__file__).with_name(f"faults_{part}.txt") for part in ("introduction", "examples", "api", "comparison")
)

_BOUNDS = {"ge": "at least {}", "gt": "more than {}", "le": "at most {}", "lt": "less than {}"}
_LENGTHS = {"min_length": "at least {} {unit}", "max_length": "at most {} {unit}"}


def written() -> str:
    """Return the whole page."""
    return "\n".join(
        [
            INTRODUCTION.read_text(encoding="utf-8"),
            "## A rule\n",
            *_table(Rule),
            "### `match`: which requests\n",
            *_table(Match),
            "### `when`: which of them\n",
            *_table(When),
            "`window` has these:\n",
            *_table(Window),
            EXAMPLES.read_text(encoding="utf-8"),
            "## Effects\n",
            *_effects(),
            "## Scenarios\n",
            *_scenarios(),
            API.read_text(encoding="utf-8"),
            COMPARISON.read_text(encoding="utf-8"),
        ]
    )


def _effects() -> Iterator[str]:
    for group, members in groupby(ALL, key=lambda effect: effect.group):
        yield f"### {group}\n"
        for effect in members:
            yield from _effect(effect)


def _effect(effect: type[Effect]) -> Iterator[str]:
    title, more = _MORE.get(effect, (f"`{kinds(effect)[0]}`", ()))
    yield f"#### {title}\n"
    yield _paragraphs(effect)
    parameters = list(_table(effect, leaving_out=("kind",)))
    yield from parameters or ["It has no parameters.\n"]
    yield from more
    yield f"```yaml\neffect: {effect.example}\n```\n"


def _refusals() -> Iterator[str]:
    """Say each refusal in its own words, those of a request whose values are their names."""
    endpoint = SimpleNamespace(root="{registered root}", cpa_id="{cpa id}")
    named = SimpleNamespace(from_asid="{from}", to_asid="{to}", target_text="{target}", endpoint=endpoint)
    yield "| kind | status | text |\n| --- | --- | --- |"
    for kind in kinds(Refusal):
        denial = Refusal.model_validate({"kind": kind}).denial(cast("Exchange", named))
        yield f"| `{kind}` | {denial.form.status} | `{denial.text}` |"
    yield (
        "\n[refusals.md](refusals.md) says when the proxy itself refuses so.\n"
        "`rate-limited` and `unavailable` bring no `X-Rate-Limit` fields of their own: an answer has these only where\n"
        "limits are configured. The effect `headers` can add them.\n"
    )


def _provider_errors() -> Iterator[str]:
    yield "| code | status | display |\n| --- | --- | --- |"
    for code, kind in BY_CODE.items():
        said = f"{kind.value.display}; sent with the Spine code `{kind.value.code}`"
        yield f"| `{code}` | {kind.status} | {kind.value.display if kind.value.code == code else said} |"
    yield ""


# What an effect's section is called and has, beyond what every one has.
_MORE: dict[type[Effect], tuple[str, Iterable[str]]] = {
    Refusal: ("A kind for each refusal", [*_refusals()]),
    ProviderErrorEffect: ("`provider-error`", [*_provider_errors()]),
}


def _scenarios() -> Iterator[str]:
    yield "In `config/scenarios`; `ssp-emulator fault apply NAME` puts one in force.\n"
    yield "| scenario | what it plays | its rules |\n| --- | --- | --- |"
    for scenario in read_all(Context(SCENARIOS)):
        if not isinstance(scenario, Scenario):
            raise scenario
        rules = ", ".join(f"`{rule.name}` ({rule.effect.kind})" for rule in scenario.rules)
        yield f"| `{scenario.name}` | {' '.join(scenario.description.split())} | {rules} |"
    yield ""


def _table(model: type[BaseModel], leaving_out: Iterable[str] = ()) -> Iterator[str]:
    fields = [(field.alias or name, field) for name, field in model.model_fields.items() if name not in leaving_out]
    if not fields:
        return
    yield "| key | takes | default | what it is |\n| --- | --- | --- | --- |"
    hints = typing.get_type_hints(model, include_extras=True)
    for name, field in fields:
        attribute = next(key for key, value in model.model_fields.items() if value is field)
        takes = _cell(_takes(hints[attribute], field.metadata))
        yield f"| `{name}` | {takes} | {_default(field)} | {_cell(field.description or '')} |"
    yield ""


def _takes(annotation: Any, metadata: Iterable[Any] = ()) -> str:
    """Say in words what a field takes: its type, range and choices."""
    bounds = dict(_bounds(metadata))
    while get_origin(annotation) is typing.Annotated:
        annotation, *more = get_args(annotation)
        bounds = {**dict(_bounds(more)), **bounds}
    members = [member for member in get_args(annotation) if member is not type(None)]
    if get_origin(annotation) is typing.Literal:
        return " or ".join(f"`{value}`" for value in members)
    if _is_union(annotation) and len(members) == 1:
        return _takes(members[0], [_Bound(bounds)])
    said = ", ".join([_named(annotation), *_said(bounds, _unit(annotation))])
    return f"{said}; each is {_takes(members[0])}" if get_origin(annotation) is list else said


def _named(annotation: Any) -> str:
    text = str(annotation)
    if "datetime" in text:
        return "a time of day in UTC, or a moment"
    if get_origin(annotation) is list:
        return "a list"
    if get_origin(annotation) is dict:
        return "a mapping of names to values"
    if inspect.isclass(annotation) and issubclass(annotation, str) and hasattr(annotation, "__members__"):
        return " or ".join(f"`{member.value}`" for member in annotation)
    names = {bool: "`true` or `false`", int: "a whole number", float: "a number", str: "text"}
    return names.get(annotation, "see below")


class _Bound:
    """Bounds that were found already, in the form in which pydantic hands them on."""

    def __init__(self, found: dict[str, Any]) -> None:
        self.__dict__.update(found)


def _bounds(metadata: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    for each in metadata:
        for source in (each, *getattr(each, "metadata", ())):
            for name in (*_BOUNDS, *_LENGTHS):
                if (value := getattr(source, name, None)) is not None:
                    yield name, value


def _said(bounds: dict[str, Any], unit: str) -> Iterator[str]:
    for least, most, what in (("ge", "le", ""), ("min_length", "max_length", f" {unit}")):
        if {least, most} <= bounds.keys():
            yield f"{_number(bounds[least])} to {_number(bounds[most])}{what}"
            bounds = {name: value for name, value in bounds.items() if name not in (least, most)}
    for name, value in bounds.items():
        yield {**_BOUNDS, **_LENGTHS}[name].format(_number(value), unit=unit)


def _number(value: float) -> str:
    return f"{value:,}".replace(",", " ") if isinstance(value, int) and value >= 10_000 else f"{value:g}"


def _unit(annotation: Any) -> str:
    return "entries" if get_origin(annotation) in (list, dict) else "characters"


def _is_union(annotation: Any) -> bool:
    return type(None) in get_args(annotation)


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "required"
    if field.default is None:
        return "none"
    if hasattr(field.default, "model_dump"):
        return "all"
    return f"`{yaml.safe_dump(field.default, default_flow_style=True).split(chr(10))[0]}`"


def _paragraphs(effect: type[Effect]) -> str:
    said = inspect.getdoc(effect) or ""
    return "\n\n".join(" ".join(part.split()) for part in said.split("\n\n")) + "\n"


def _cell(text: str) -> str:
    return re.sub(r"(?<!\\)\|", r"\\|", text)


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        sys.exit(0 if TARGET.read_text(encoding="utf-8") == written() else "docs/faults.md is stale: run `make docs`")
    TARGET.write_text(written(), encoding="utf-8")
