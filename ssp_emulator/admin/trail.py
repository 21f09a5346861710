"""What all answers about the trail's records share."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar

from ssp_emulator.admin.problem import CallError
from ssp_emulator.admin.route import Parameter
from ssp_emulator.audit.index import IndexingError, SlowError
from ssp_emulator.audit.question import Question, QuestionError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from ssp_emulator.audit.question import Term
    from ssp_emulator.audit.reading import Record

    Explain = Callable[[Record], dict[str, Any]]

_PATIENCE_S = 5
T = TypeVar("T")


def parameters(terms: Iterable[Term]) -> tuple[Parameter, ...]:
    """Return a question's terms as a route's parameters."""
    return tuple(Parameter(*term) for term in terms)


def question_of(strings: Mapping[str, str]) -> Question:
    """Read a question; raises `CallError`."""
    try:
        return Question.of(strings)
    except QuestionError as error:
        raise unreadable(error) from error


def unreadable(error: QuestionError) -> CallError:
    """Return a question that cannot be asked as what the caller is told."""
    return CallError(400, str(error), [{"key": error.parameter, "message": error.message}])


async def answered(answer: Awaitable[T]) -> T:
    """Return what the index answers; raises `CallError` where it does not."""
    try:
        return await answer
    except IndexingError as error:
        raise CallError(503, " ".join(error.lines), headers={"Retry-After": str(_PATIENCE_S)}) from error
    except SlowError as error:
        said = "the search took too long and was given up; narrow it, as by since and until, or by from and to"
        raise CallError(503, said) from error


def told(record: Record, explain: Explain) -> Record:
    """Return a record with its explanation."""
    return {**record, "explanation": explain(record)}


def written(value: dict[str, Any]) -> bytes:
    """Return an answer's body."""
    return json.dumps(value, separators=(",", ":")).encode()
