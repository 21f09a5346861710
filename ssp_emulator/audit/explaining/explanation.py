"""What an explanation is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from ssp_emulator.audit.explaining.pages import Page


class Remedy(NamedTuple):
    """What to change, in one line, and the public page to read; None where there is none for it."""

    line: str
    page: Page | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """A record in plain words.

    `summary` is one sentence: who asked whom for what, and what became of it. `remedy` is one line, what to change and
    with which values; None where nothing went wrong. `page` is the public page to read about it.
    """

    summary: str
    remedy: str | None = None
    page: Page | None = None

    def json(self) -> dict[str, Any]:
        """Return it in JSON's types."""
        page = None if self.page is None else {"title": self.page.title, "url": self.page.url}
        return {"summary": self.summary, "remedy": self.remedy, "page": page}
