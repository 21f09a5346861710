"""Questions about the trail, as options of commands."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from ssp_emulator.audit.question import FILTERS, PAGING, Question, QuestionError
from ssp_emulator.cli.output import BAD_USAGE, fail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from ssp_emulator.audit.question import Term

_BACK = re.compile(r"([1-9][0-9]{0,5})([smhd])\Z")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_MOMENT = "date-time"


def filters(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say which records are wanted."""
    return _with_options(command, FILTERS)


def paging(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command those that say which page of them."""
    return _with_options(command, PAGING)


def question_of(asked: Mapping[str, Any], now: datetime) -> Question:
    """Return the question that options ask, or end the process with what is wrong with one of them.

    A moment may also be said as how long ago it was: 15m, 2h or 1d.
    """
    strings = {name: _text(name, value, now) for name, value in asked.items() if value not in (None, False)}
    try:
        return Question.of(strings)
    except QuestionError as error:
        fail(f"{_option(error.parameter)} {error.message}", code=BAD_USAGE)


def _with_options(command: Callable[..., None], terms: Iterable[Term]) -> Callable[..., None]:
    for name, description, schema in reversed(tuple(terms)):
        is_flag = schema.get("type") == "boolean"
        back = " Or how long ago: 15m, 2h, 1d." if schema.get("format") == _MOMENT else ""
        command = click.option(
            _option(name),
            name,
            is_flag=is_flag,
            metavar=None if is_flag else name.rpartition("_")[2].upper(),
            help=_sentence(description, schema) + back,
        )(command)
    return command


def _sentence(description: str, schema: Mapping[str, Any]) -> str:
    if schema.get("type") != "integer":
        return description
    span = f"{schema['minimum']} to {schema['maximum']}"
    return f"{description.removesuffix('.')}, {span}; {schema['default']} unless given."


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _text(name: str, value: Any, now: datetime) -> str:
    if value is True:
        return "true"
    if name in _MOMENTS and (back := _BACK.match(value)) is not None:
        with suppress(OverflowError):  # before the first year that there is
            return (now - timedelta(**{_UNITS[back[2]]: int(back[1])})).isoformat()
    return str(value)


_MOMENTS = {name for name, _, schema in FILTERS if schema.get("format") == _MOMENT}
