"""Writes docs/audit.md and docs/audit.schema.json out of the record's model. Run by `make docs`."""

from __future__ import annotations

import inspect
import json
import sys
from pathlib import Path
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from ssp_emulator import schemas
from ssp_emulator.audit.model import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS = Path(__file__).parents[1]
TARGET, SCHEMA = DOCS / "audit.md", DOCS / "audit.schema.json"
PROMISES, READING, SHIPPING = (
    Path(__file__).with_name(f"audit_{part}.txt") for part in ("promises", "reading", "shipping")
)

FIELDS = """\
One line of the journal is one JSON object with these fields, every one of them always there but where it says so.
[audit.schema.json](audit.schema.json) is the same as a JSON Schema (2020-12). A field is named by its path here;
`checks[]` are the entries of a list.
"""

_TYPES = {str: "text", int: "whole number", float: "number", bool: "`true` or `false`"}


def written() -> str:
    """Return the whole page."""
    return "\n".join(
        [
            PROMISES.read_text(encoding="utf-8"),
            "## The record's fields\n",
            FIELDS,
            "| field | type | what it is |\n| --- | --- | --- |",
            *_rows(Record),
            "",
            READING.read_text(encoding="utf-8"),
            SHIPPING.read_text(encoding="utf-8"),
        ]
    )


def schema() -> str:
    """Return the JSON Schema of a record."""
    return json.dumps(schemas.schema("audit"), indent=2) + "\n"


def _rows(model: type[BaseModel], path: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        at = f"{path}{field.alias or name}"
        inner, is_list = _inner(field.annotation)
        absent = "" if field.is_required() else "; may not be there"
        yield f"| `{at}` | {_type(field.annotation)}{absent} | {_cell(field.description or '')} |"
        if inspect.isclass(inner) and issubclass(inner, BaseModel):
            yield from _rows(inner, f"{at}[]." if is_list else f"{at}.")


def _inner(annotation: Any) -> tuple[Any, bool]:
    """Return what a field holds, none of it aside, and whether it holds a list of that."""
    (held,) = _members(annotation)
    return (get_args(held)[0], True) if get_origin(held) is list else (held, False)


def _type(annotation: Any) -> str:
    (held,) = _members(annotation)
    nullable = " or null" if NoneType in get_args(annotation) else ""
    if get_origin(held) is list:
        (entry,) = get_args(held)
        return f"list of {'objects' if issubclass(entry, BaseModel) else _TYPES[entry]}{nullable}"
    if get_origin(held) is Literal:
        shown = (value if isinstance(value, str) else json.dumps(value) for value in get_args(held))
        return ", ".join(f"`{value}`" for value in shown) + nullable
    return f"{'object' if issubclass(held, BaseModel) else _TYPES[held]}{nullable}"


def _members(annotation: Any) -> list[Any]:
    if get_origin(annotation) not in (Union, UnionType):
        return [annotation]
    return [member for member in get_args(annotation) if member is not NoneType]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    made = {TARGET: written(), SCHEMA: schema()}
    if sys.argv[1:] == ["--check"]:
        stale = [
            path.name for path, text in made.items() if not path.exists() or path.read_text(encoding="utf-8") != text
        ]
        sys.exit(f"docs: {', '.join(stale)} stale: run `make docs`" if stale else 0)
    for path, text in made.items():
        path.write_text(text, encoding="utf-8")
