"""An expectation: which requests the stub provider answers how, and how many of them there were."""

from __future__ import annotations

import asyncio
import inspect
import json as json_
import math
import re
import threading
from collections.abc import Mapping
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from multidict import CIMultiDict

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from ssp_emulator.testing.stub.received import Received

_LOWEST, _HIGHEST = 200, 599
_FHIR_JSON = "application/fhir+json;charset=utf-8"
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.6.2
_VALUE = re.compile(r"[^\0\r\n]*")
__tracebackhide__ = True  # what is wrong is the test's, and so pytest shows its line


@dataclass(frozen=True)
class Answer:
    """What the stub provider answers: a status, fields, and a body, or in its place `json`; after `delay_s` seconds.

    `headers` are a mapping, or pairs, where one comes more than once. Raises `ValueError` for what no answer can be.
    """

    status: int = 200
    headers: Mapping[str, str] | Iterable[tuple[str, str]] = ()
    body: bytes | str = b""
    json: Any = None
    delay_s: float = 0.0

    content: bytes = field(init=False, repr=False)
    fields: CIMultiDict[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        status: Any = self.status  # whatever a test has put there
        if type(status) is not int or not _LOWEST <= status <= _HIGHEST:
            raise ValueError(f"status should be a number from {_LOWEST} to {_HIGHEST}, found {status!r}")
        if self.json is not None and self.body:
            raise ValueError("an answer should have a body or json, and not both")
        delay_s: Any = self.delay_s
        if not isinstance(delay_s, int | float) or not 0 <= delay_s < math.inf:
            raise ValueError(f"delay_s should be seconds from 0 on, found {delay_s!r}")
        object.__setattr__(self, "content", self._content())
        object.__setattr__(self, "fields", self._fields())

    def _content(self) -> bytes:
        """Return the body's bytes."""
        if self.json is not None:
            try:
                return json_.dumps(self.json, allow_nan=False).encode()
            except (TypeError, ValueError) as error:
                raise ValueError(f"json should have only what JSON has: {error}") from None
        body: Any = self.body
        if not isinstance(body, bytes | bytearray | str):
            why = f"body should be bytes or text, found {body!r}; json takes what JSON has"
            raise ValueError(why)  # noqa: TRY004 - one kind of error for all that no answer can be
        return body.encode() if isinstance(body, str) else bytes(body)

    def _fields(self) -> CIMultiDict[str]:
        """Return the header fields; JSON is FHIR's, unless they say otherwise."""
        said = self.headers.items() if isinstance(self.headers, Mapping) else self.headers
        fields: CIMultiDict[str] = CIMultiDict()
        for pair in said:
            match pair:
                case (str() as name, str() as value) if _NAME.fullmatch(name) and _VALUE.fullmatch(value):
                    fields.add(name, value)
                case _:
                    raise ValueError(f"headers should be names with a line of text each, found {pair!r}")
        if self.json is not None:
            fields.setdefault("Content-Type", _FHIR_JSON)
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
        if self.times is not None and (type(self.times) is not int or self.times < 1):
            raise ValueError(f"times should be 1 or more, found {self.times!r}")
        for name in ("method", "path", "interaction"):
            if not isinstance(pattern := getattr(self, name), str):
                raise ValueError(f"{name} should be a pattern, as text, found {pattern!r}")  # noqa: TRY004 - as above
        if self.by is not None and not callable(self.by):
            raise ValueError(f"by should be a function that makes an Answer, found {self.by!r}")

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
            answer: Any = self.by(request)
        else:
            answer = await _beside(self.by, request)  # it may block, and others are answered meanwhile
        if inspect.isawaitable(answer):
            answer = await _awaited(answer)
        if not isinstance(answer, Answer):
            raise TypeError(f"by should return an Answer, found {answer!r}")
        return answer

    def __str__(self) -> str:
        told = [self.method if self.method != "*" else "a request", f"for {self.path}" if self.path != "*" else ""]
        told.append(f"of {self.interaction}" if self.interaction != "*" else "")
        return " ".join(filter(None, told))


async def _beside(by: Callable[[Received], Any], request: Received) -> Any:
    """Call a function in a thread of its own, which nobody has to wait for: one that blocks may never return."""
    done: Future[Any] = Future()

    def call() -> None:
        try:
            made = by(request)
        except BaseException as error:  # noqa: BLE001 - whoever waits has to know, whatever it is
            _settle(done.set_exception, _usual(error))
        else:
            _settle(done.set_result, made)

    threading.Thread(target=call, name="ssp-stub-answer", daemon=True).start()
    return await asyncio.wrap_future(done)


async def _awaited(made: Awaitable[Any]) -> Any:
    """Wait for what an async function makes; raises what it does, and where it is cancelled by others, that."""
    waiting = asyncio.current_task()
    try:
        return await made
    except GeneratorExit:  # the loop is over
        raise
    except BaseException as error:
        usual = _usual(error)
        if usual is error or (waiting is not None and waiting.cancelling()):
            raise
        raise usual from error


def _usual(error: BaseException) -> Exception:
    """Return an error that can be passed on.

    What is no `Exception`, such as pytest.fail's, would end the loop or a task; a future refuses `StopIteration`.
    """
    if isinstance(error, Exception) and not isinstance(error, StopIteration):
        return error
    return RuntimeError(f"{type(error).__name__}: {error}".rstrip(": "))


def _settle(how: Callable[[Any], None], what: Any) -> None:
    with suppress(InvalidStateError, RuntimeError):  # nobody waits any more, or the loop is over
        how(what)


def _glob(pattern: str, text: str) -> bool:
    # Only * is special: a path may have brackets, and its query a question mark.
    return fnmatchcase(text, pattern.replace("[", "[[]").replace("?", "[?]"))
