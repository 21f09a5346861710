"""The emulator's own log: structured lines on standard error, for people or for machines.

Local variables are never in it: a token may be among them.
"""

from __future__ import annotations

import logging
import queue
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from structlog.typing import Processor

    from ssp_emulator.settings import LogSettings

_MOST = 10_000
_FLUSH_PATIENCE_S = 1.0


class StandardError(logging.Handler):
    """Writes lines to standard error from a thread of its own, so that no request waits for whoever reads them.

    Where nobody does, lines are lost once `_MOST` of them are waiting.
    """

    def __init__(self) -> None:
        super().__init__()
        self._stream = sys.stderr
        self._lines: queue.Queue[str | threading.Event] = queue.Queue(_MOST)
        threading.Thread(target=self._write, name="log", daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        """Hand a line to the thread."""
        with suppress(Exception):  # whatever is wrong with a line of the log, it is not the request's
            self._lines.put_nowait(self.format(record))

    def flush(self) -> None:
        """Wait a moment until the lines so far are out."""
        out = threading.Event()
        with suppress(queue.Full):
            self._lines.put_nowait(out)
            out.wait(_FLUSH_PATIENCE_S)

    def _write(self) -> None:
        while True:
            line = self._lines.get()
            if isinstance(line, threading.Event):
                line.set()
                continue
            with suppress(OSError, ValueError, AttributeError):  # closed, or never there
                self._stream.write(f"{line}\n")
                self._stream.flush()


def configure(settings: LogSettings) -> None:
    """Set up the log of the whole process, the libraries' too, in the settings' format and from their level."""
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = StandardError()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering(settings)],
        )
    )
    logging.basicConfig(handlers=[handler], level=settings.level.upper(), force=True)


def _rendering(settings: LogSettings) -> list[Processor]:
    if settings.format == "json":
        without_locals = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        return [structlog.processors.ExceptionRenderer(without_locals), structlog.processors.JSONRenderer()]
    colours = sys.stderr is not None and sys.stderr.isatty()
    return [structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=structlog.dev.plain_traceback)]
