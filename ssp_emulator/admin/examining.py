"""What is wrong with the admin API's set-up, before anything is started."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssp_emulator.admin.guard import examine_guard
from ssp_emulator.admin.published import examine_published

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ssp_emulator.config import Configuration


def examine_admin(configuration: Configuration, environment: Mapping[str, str]) -> None:
    """See whether who may call is said, and where they do.

    Raises `InvalidFileError`, `TokenError` and `PublishedError`.
    """
    examine_guard(configuration, environment)
    examine_published(configuration.settings, environment)
