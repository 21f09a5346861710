"""What an editor is told of a text's form: the pattern that our own validator holds, and what would be right."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pydantic import Field

if TYPE_CHECKING:
    from collections.abc import Iterable

_GROUP_NAME = re.compile(r"\(\?P<\w+>")


def hint(form: re.Pattern[str], right: str, examples: Iterable[str] = ()) -> Any:
    r"""Return what a JSON Schema says of a text that `form` matches from its beginning, and of nothing else.

    Takes the pattern that the validator goes by (ending in `\Z`), what would be right where a text does not match, and
    examples, which editors offer. `patternErrorMessage` is no keyword of JSON Schema: it is what VS Code and others
    show in place of the pattern. It stands in an `Annotated`, beside the validator.
    """
    told: dict[str, Any] = {"pattern": ecma(form), "patternErrorMessage": right}
    if listed := list(examples):
        told["examples"] = listed
    return Field(json_schema_extra=told)


def ecma(form: re.Pattern[str]) -> str:
    """Return a pattern as JSON Schema has it, whose expressions are ECMAScript's and search anywhere in a text."""
    text = _GROUP_NAME.sub("(", form.pattern).replace(r"\Z", "$")
    return f"^(?:{text})$" if "|" in text else f"^{text.removesuffix('$')}$"
