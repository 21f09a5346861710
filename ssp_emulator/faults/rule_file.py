"""A file of rules, as people write one for a running emulator: one rule, a list of them, or a scenario's form."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from ssp_emulator import strict_json
from ssp_emulator.complaints import complaints
from ssp_emulator.faults.scenario import Draft
from ssp_emulator.located import InvalidFileError, Located, Problem, parse

if TYPE_CHECKING:
    from ssp_emulator.complaints import Key
    from ssp_emulator.faults.effects.effect import Context

_STEP = re.compile(r"\[([0-9]+)\]|([^.\[\]]+)")


class RuleFile:
    """Rules as they are written in a YAML or JSON document; `file` is its name for messages.

    Raises `InvalidFileError` where the text is neither.
    """

    def __init__(self, text: str, file: str) -> None:
        self._document = _parsed(text, file)
        data = self._document.data
        self._has_rules = isinstance(data, dict) and "rules" in data
        self._is_list = isinstance(data, list)
        self._data = data if self._has_rules else {"rules": data if self._is_list else [data]}

    @property
    def rules(self) -> Any:
        """The rules as JSON's types. Raises `InvalidFileError` where YAML has said what JSON cannot."""
        try:
            return json.loads(json.dumps(self._data["rules"], allow_nan=False, default=_moment))
        except (ValueError, TypeError, RecursionError) as error:
            raise InvalidFileError([self._document.problem((), f"should have only what JSON has: {error}")]) from error

    def validate(self, context: Context) -> None:
        """Validate the rules without an emulator. Raises `InvalidFileError` with every problem that they have."""
        try:
            Draft.model_validate(self._data, context=context)
        except ValidationError as error:
            found = complaints(error, Draft)
            raise InvalidFileError(self._problem(key, message) for key, message in found) from error

    def problem(self, key: str, message: str) -> Problem:
        """Name a problem at a dotted key of `{"rules": […]}`, which is how an emulator has seen the rules."""
        steps = (int(place) if place else name for place, name in _STEP.findall(key))
        return self._problem(tuple(steps), message)

    def _problem(self, key: Key, message: str) -> Problem:
        if not self._has_rules and key[:1] == ("rules",):
            key = key[1:] if self._is_list else key[2:]
        return self._document.problem(key, message)


def _parsed(text: str, file: str) -> Located:
    """Parse a document. What is JSON is read as JSON, in which 1e3 is a number; YAML knows its lines."""
    try:
        data = strict_json.loads(text)
    except strict_json.JsonError as error:
        if file.endswith(".json"):
            raise InvalidFileError([Problem(file, error.line, "", f"not JSON: {error}")]) from error
        return parse(text, file)
    try:
        return replace(parse(text.replace("\t", " "), file), data=data)  # in JSON a tab is white space
    except InvalidFileError:
        return Located(file, data, None)


def _moment(value: object) -> str:
    if isinstance(value, date):  # a datetime is one
        return value.isoformat()
    raise TypeError(f"found {value!r}")
