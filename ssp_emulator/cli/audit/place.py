"""Where the trail is that a command is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssp_emulator import config

if TYPE_CHECKING:
    from pathlib import Path


def journal_of(config_path: Path) -> Path:
    """Find the journal. The registry is not read: the trail is wanted most when something else is broken."""
    configuration = config.read(config_path)
    return configuration.path(configuration.settings.audit.journal)
