"""The one shape of an advisory: what it is called, what a consumer should do, who says so, and how it is seen."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ssp_emulator.audit.advice.past import Seen
    from ssp_emulator.exchange import Exchange


class Wanted(StrEnum):
    """Who wants it so: a page that is binding for consumers, or nobody but good sense; the value is for people."""

    SPECIFICATION = "specification"
    GOOD_PRACTICE = "good practice"


@dataclass(frozen=True, slots=True)
class Source:
    """A public page: its title, with the section, and its address."""

    title: str
    url: str


class Look(Protocol):
    """Anything that looks at an exchange of a known sender, and at what came before it."""

    def __call__(self, exchange: Exchange, seen: Seen, /) -> str | None:
        """Return what was found, for people; None where there is nothing to advise."""
        ...


@dataclass(frozen=True, slots=True)
class Advice:
    """One advisory: its name in records, its title, what to do, and its source."""

    name: str
    title: str
    remedy: str
    wanted: Wanted
    source: Source
    look: Look = field(repr=False)
    of_the_past: bool = False  # it looks at what came before alone
