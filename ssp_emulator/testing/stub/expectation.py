"""An expectation: which requests the stub provider answers how, and how many of them there were."""

from __future__ import annotations

import asyncio
import inspect
import json as json_
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from ssp_emulator.testing.stub.received import Received

_LOWEST, _HIGHEST = 200, 599
_FHIR_JSON = "application/fhir+json;charset=utf-8"


@dataclass(frozen=True)
class Answer:
    """What the stub provider answers: a status, fields, and a body, or in its place `json`; after `delay_s` seconds."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | str = b""
    json: Any = None
    delay_s: float = 0.0

    def __post_init__(self) -> None:
        if not _LOWEST <= self.status <= _HIGHEST:
            raise ValueError(f"status should be a number from {_LOWEST} to {_HIGHEST}, found {self.status!r}")
        if self.json is not None and self.body:
            raise ValueError("an answer should have a body or json, and not both")
        if self.delay_s < 0:
            raise ValueError(f"delay_s should be seconds from 0 on, found {self.delay_s!r}")

    @property
    def content(self) -> bytes:
        """The body's bytes."""
        if self.json is not None:
            return json_.dumps(self.json).encode()
        return self.body.encode() if isinstance(self.body, str) else self.body

    @property
    def fields(self) -> dict[str, str]:
        """The header fields; JSON is FHIR's, unless they say otherwise."""
        fields = dict(self.headers)
        if self.json is not None and "content-type" not in {name.lower() for name in fields}:
            fields["Content-Type"] = _FHIR_JSON
        return fields


@dataclass
class Expectation:
    """Requests of a kind, and what is answered to them.

    `method`, `path` and `interaction` are patterns, in which `*` stands for any characters; `path` is compared with the
    path alone, and with path and query where the pattern has a `?`. `times` is how many of them are answered so, None
    for any number; `received` are those that were. One that is `optional` need not come.
    """

    answer: Answer
    by: Callable[[Received], Answer | Awaitable[Answer]] | None = None
    method: str = "*"
    path: str = "*"
    interaction: str = "*"
    times: int | None = None
    optional: bool = False
    received: list[Received] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.times is not None and self.times < 1:
            raise ValueError(f"times should be 1 or more, found {self.times}")

    @property
    def is_used_up(self) -> bool:
        """Whether there have been as many as are answered so."""
        return self.times is not None and len(self.received) >= self.times

    @property
    def missed(self) -> str | None:
        """What to say where not all has come that was expected; None where it has."""
        if self.optional or (self.received if self.times is None else self.is_used_up):
            return None
        wanted = "none came" if not self.received else f"{len(self.received)} of {self.times} came"
        return f"the stub provider expected {self}, and {wanted}"

    def matches(self, request: Received) -> bool:
        """Tell whether a request is of the kind."""
        path = request.path if "?" in self.path else request.path.partition("?")[0]
        return (
            fnmatchcase(request.method, self.method)
            and _glob(self.path, path)
            and _glob(self.interaction, request.interaction or "")
        )

    async def answer_to(self, request: Received) -> Answer:
        """Return the answer to a request; raises what the test's own function does."""
        if self.by is None:
            return self.answer
        if inspect.iscoroutinefunction(self.by):
            answer = await self.by(request)
        else:
            answer = await asyncio.to_thread(self.by, request)  # it may block, and others are answered meanwhile
        if not isinstance(answer, Answer):
            raise TypeError(f"by should return an Answer, found {answer!r}")
        return answer

    def __str__(self) -> str:
        told = [self.method if self.method != "*" else "a request", f"for {self.path}" if self.path != "*" else ""]
        told.append(f"of {self.interaction}" if self.interaction != "*" else "")
        return " ".join(filter(None, told))


def _glob(pattern: str, text: str) -> bool:
    # Only * is special: a path may have brackets, and its query a question mark.
    return fnmatchcase(text, pattern.replace("[", "[[]").replace("?", "[?]"))
