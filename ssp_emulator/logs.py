"""The emulator's own log: structured lines on standard error, for people or for machines.

Local variables are never in it: a token may be among them. Each request has a line, so a line has to cost little: ours
are made without the standard library's records, those of libraries come through them.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from select import PIPE_BUF
from typing import TYPE_CHECKING

import structlog

from ssp_emulator.ascii_json import ascii_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from structlog.typing import EventDict, Processor, WrappedLogger

    from ssp_emulator.settings import LogSettings

_MOST = 10_000
_GATHER_S = 0.02  # waking the thread costs more than a line, and nobody sees that one comes so much later
_FLUSH_PATIENCE_S = 1.0

_NOT_PLAIN = frozenset({"exc_info", "exception", "stack", "logger", "logger_name"})
_QUOTED = re.compile(r"""[ \t\r\n="']""")


class StandardError:
    """Writes lines to standard error from a thread of its own, so that no request waits for whoever reads them.

    Where nobody does, lines are lost once `_MOST` of them are waiting.
    """

    def __init__(self) -> None:
        self._stream = sys.stderr
        self._lines: deque[str | threading.Event] = deque()
        self._is_due = threading.Event()
        self._is_urgent = threading.Event()
        threading.Thread(target=self._go_on, name="log", daemon=True).start()

    def put(self, line: str) -> None:
        """Hand a line to the thread."""
        if len(self._lines) < _MOST:
            self._lines.append(line)
            if not self._is_due.is_set():
                self._is_due.set()

    debug = info = warning = error = critical = put  # as structlog calls it, once a line is made

    def flush(self) -> None:
        """Wait a moment until the lines so far are out."""
        if len(self._lines) < _MOST:
            out = threading.Event()
            self._lines.append(out)
            self._is_urgent.set()
            self._is_due.set()
            out.wait(_FLUSH_PATIENCE_S)

    def _go_on(self) -> None:
        while True:
            self._is_due.wait()
            self._is_urgent.wait(_GATHER_S)
            self._is_urgent.clear()
            self._is_due.clear()  # before: what comes from now on sets it again
            self._write([self._lines.popleft() for _ in range(len(self._lines))])

    def _write(self, lines: list[str | threading.Event]) -> None:
        for piece in _pieces(line for line in lines if isinstance(line, str)):
            with suppress(OSError, ValueError, AttributeError):  # closed, or never there
                self._stream.write(piece)
                self._stream.flush()
        for out in lines:
            if isinstance(out, threading.Event):
                out.set()


def _pieces(lines: Iterable[str]) -> Iterator[str]:
    """Yield lines with their ends, as many at once as a pipe takes whole: other processes may write to the same one.

    Source: POSIX, write() (requests of `PIPE_BUF` bytes or less are not interleaved with others).
    """
    piece, size = "", 0
    for line in lines:
        length = len(line.encode(errors="backslashreplace")) + 1
        if size + length > PIPE_BUF and piece:
            yield piece
            piece, size = "", 0
        piece, size = f"{piece}{line}\n", size + length
    if piece:
        yield piece


class _Libraries(logging.Handler):
    """Takes what libraries log by the standard library's means."""

    def __init__(self, out: StandardError) -> None:
        super().__init__()
        self._out = out

    def emit(self, record: logging.LogRecord) -> None:
        """Have a line written."""
        with suppress(Exception):  # whatever is wrong with a line of the log, it is not the request's
            self._out.put(self.format(record))

    def flush(self) -> None:
        """Wait a moment until the lines so far are out."""
        self._out.flush()


class _Stamp:
    """Puts the time on an event, in UTC; what a second has in common is written once."""

    def __init__(self) -> None:
        self._latest = 0, ""

    def __call__(self, _logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
        """Return the event with its `timestamp`."""
        second, rest_ns = divmod(time.time_ns(), 1_000_000_000)
        at, written = self._latest
        if second != at:
            written = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
            self._latest = second, written
        event["timestamp"] = f"{written}.{rest_ns // 1000:06}Z"
        return event


def configure(settings: LogSettings, **told: object) -> None:
    """Set up the log of the whole process, the libraries' too, in the settings' format and from their level.

    What else is told stands in each of the emulator's own lines.
    """
    out = StandardError()
    rendered = _rendered(settings)
    shared: list[Processor] = [structlog.stdlib.add_log_level, _Stamp()]
    own: list[Processor] = [_telling(told)] if told else []
    structlog.configure(
        processors=[*own, *shared, _whatever_is_wrong(rendered)],
        wrapper_class=structlog.make_filtering_bound_logger(settings.level),
        logger_factory=lambda *_: out,
        cache_logger_on_first_use=True,
    )
    handler = _Libraries(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, rendered],
        )
    )
    logging.basicConfig(handlers=[handler], level=settings.level.upper(), force=True)


def _telling(told: Mapping[str, object]) -> Processor:
    def tell(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        event.update(told)
        return event

    return tell


def _rendered(settings: LogSettings) -> Processor:
    if settings.format == "json":
        return _as_json()
    colours = sys.stderr is not None and sys.stderr.isatty()
    renderer = structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=structlog.dev.plain_traceback)
    return renderer if colours else _as_plain_text(renderer)


def _whatever_is_wrong(rendered: Processor) -> Processor:
    """Return what makes lines, and drops those that cannot be made: whatever it is, it is not the request's."""

    def line(logger: WrappedLogger, name: str, event: EventDict) -> str:
        try:
            return str(rendered(logger, name, event))
        except Exception as error:
            raise structlog.DropEvent from error

    return line


def _as_json() -> Processor:
    without_locals = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    exceptions = structlog.processors.ExceptionRenderer(without_locals)

    def line(logger: WrappedLogger, name: str, event: EventDict) -> str:
        told = exceptions(logger, name, event) if "exc_info" in event else event
        return ascii_json(told, repr).decode()

    return line


def _as_plain_text(renderer: structlog.dev.ConsoleRenderer) -> Processor:
    """Return what makes a usual event the same line as structlog's renderer, in a tenth of its time."""

    def line(logger: WrappedLogger, name: str, event: EventDict) -> str:
        if not _NOT_PLAIN.isdisjoint(event):
            return renderer(logger, name, event)
        head = f"{event.pop('timestamp')} [{event.pop('level'):<9}] {event.pop('event'):<30}"
        return " ".join([head, *[f"{key}={_plain(event[key])}" for key in sorted(event)]]).rstrip(" ")

    return line


def _plain(value: object) -> str:
    return value if isinstance(value, str) and _QUOTED.search(value) is None else repr(value)
