"""Quiet: where the emulator's log goes in a process that is not its own."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    from collections.abc import Iterator

_OURS = "ssp_emulator"


@contextmanager
def through_logging() -> Iterator[None]:
    """Have the emulator log by the standard library's means, as pytest shows and captures it, and not on standard out.

    Where structlog is configured already, that is how the suite wants it. Others' loggers of structlog's stay the same.
    """
    if structlog.is_configured():
        yield
        return
    structlog.configure(logger_factory=_logger)
    try:
        yield
    finally:
        if structlog.get_config()["logger_factory"] is _logger:
            structlog.reset_defaults()


def _logger(*names: Any) -> Any:
    if names and str(names[0]).startswith(_OURS):
        return logging.getLogger(str(names[0]))
    return structlog.PrintLogger()
