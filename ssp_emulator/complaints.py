"""What pydantic finds wrong, in our words: the key, what is wrong there, and what would be right."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

Key = tuple[str | int, ...]

# What pydantic begins its sentences with; ours begin with the key.
_SUBJECT = re.compile(r"^(Value error, |(Input|String|List) (?=should))")
_TAG = "kind"  # the field that tells the members of a union apart
_OF_A_KEY = "[key]"  # what pydantic adds where a mapping's key is wrong, and not its value


def complaints(error: ValidationError, model: type[BaseModel]) -> Iterator[tuple[Key, str]]:
    """Yield each problem: its key, as it stands in the data, and a sentence that says what is wrong there."""
    for detail in error.errors():
        key, models = _followed(detail["loc"], model)
        if detail["type"] in {"union_tag_invalid", "union_tag_not_found"}:
            yield (*key, _TAG), _of_the_tag(detail, models)
        else:
            yield key, _sentence(detail, models)


def dotted(key: Key) -> str:
    """Return a key as people write it: `systems[0].asid`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in key).removeprefix(".")


def _sentence(detail: ErrorDetails, models: Sequence[type[BaseModel]]) -> str:
    kind, found = detail["type"], detail["input"]
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        return _not_here("is not a key here", str(detail["loc"][-1]), sorted(_fields(models)))
    if kind in {"model_type", "model_attributes_type", "dict_type"}:
        return f"should be keys with their values, found {_shown(found)}"
    if kind == "string_type" and isinstance(found, int | float):
        return f'should be text: put it in quotes, "{found}"'
    said = _SUBJECT.sub("", detail["msg"])
    return said if kind == "value_error" else f"{said}, found {_shown(found)}"


def _of_the_tag(detail: ErrorDetails, models: Sequence[type[BaseModel]]) -> str:
    if detail["type"] == "union_tag_not_found":
        return "is missing"
    tag = str(detail["input"].get(_TAG)) if isinstance(detail["input"], dict) else ""
    return _not_here(f"there is no {_shown(tag)}", tag, [name for model in models for name in _tags(model)])


def _not_here(problem: str, found: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(found, known, n=1)
    return f"{problem}; did you mean {near[0]}?" if near else f"{problem}; these are: {', '.join(known)}"


def _followed(loc: Key, model: type[BaseModel]) -> tuple[Key, Sequence[type[BaseModel]]]:
    """Follow a place in the data through the models: return its key, and the models that could hold its end.

    Pydantic puts the tag of a union's member among the steps, which no file has.
    """
    at: Sequence[type[BaseModel]] = (model,)
    key: list[str | int] = []
    for step in loc:
        annotations = [found for each in at if (found := _aliases(each).get(str(step))) is not None]
        if isinstance(step, str) and annotations:
            key.append(step)
            at = list(dict.fromkeys(inner for annotation in annotations for inner in _models_in(annotation)))
        elif len(at) > 1 and len(tagged := [each for each in at if step in _tags(each)]) == 1:
            at = tagged
        elif step != _OF_A_KEY:
            key.append(step)
    return tuple(key), at


def _fields(models: Sequence[type[BaseModel]]) -> set[str]:
    return {name for model in models for name in _aliases(model)}


def _aliases(model: type[BaseModel]) -> dict[str, Any]:
    return {field.alias or name: field.annotation for name, field in model.model_fields.items()}


def _tags(model: type[BaseModel]) -> tuple[Any, ...]:
    return get_args(model.model_fields[_TAG].annotation) if _TAG in model.model_fields else ()


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
