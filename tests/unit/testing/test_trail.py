"""The trail of a test, out of the pages of an admin API that is behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qs, urlsplit

from support import trails

from ssp_emulator.testing.trail import Trail

if TYPE_CHECKING:
    from ssp_emulator.testing.emulated import Emulated


class Api:
    """Answers with pages in their turn, and keeps what it was asked."""

    def __init__(self, *pages: dict[str, Any]) -> None:
        self.pages = list(pages)
        self.asked_for: list[dict[str, list[str]]] = []

    def asked(self, _: str, path: str, *, expects: str) -> dict[str, Any]:
        self.asked_for.append(parse_qs(urlsplit(path).query))
        page = self.pages.pop(0)
        assert expects in page
        return page


class OfApi:
    is_ours = False

    def __init__(self, api: Api) -> None:
        self.api = api


def page(*sequences: int, behind: int = 0, after: str | None = None) -> dict[str, Any]:
    """Return a page with records, the newest first."""
    exchanges = [
        {**trails.facts(), "sequence": each, "worker": 0, "explanation": {"summary": "", "remedy": None}}
        for each in sequences
    ]
    return {"exchanges": exchanges, "records": {"kept": 3, "removed": 0, "behind": behind}, "next": after}


def test_while_the_index_is_behind_it_is_asked_again_from_the_start() -> None:
    api = Api(page(), page(2, after="a"), page(1, behind=3), page(3, 2, after="b"), page(1))
    trail = Trail(cast("Emulated", OfApi(api)))

    assert [each.record["sequence"] for each in trail.exchanges()] == [1, 2, 3]
    assert [asked.get("after") for asked in api.asked_for] == [None, None, ["a"], None, ["b"]]
