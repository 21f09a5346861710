"""Check 12: media types, where the configuration lists any."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ssp_emulator.checks.media import media as check
from ssp_emulator.outcome import Denial, Reason
from ssp_emulator.verdict import Result, Verdict, allow, skip

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssp_emulator.exchange import Exchange
    from ssp_emulator.spine import Spine

JSON, XML = "application/fhir+json", "application/fhir+xml"
REFUSED = Denial(Reason.UNSUPPORTED_MEDIA_TYPE, "Unsupported_Media_Type")


def test_by_default_every_media_type_passes(request_for: Callable[..., Exchange], spine: Spine) -> None:
    exchange = request_for(headers={"Content-Type": "text/html"})
    assert check(exchange, spine) == skip("every media type is allowed")


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({}, "no body"),
        ({"Content-Length": "0"}, "no body"),
        ({"Content-Type": JSON}, JSON),
        ({"Content-Type": "Application/FHIR+JSON ; charset=utf-8"}, "Application/FHIR+JSON ; charset=utf-8"),
        ({"Content-Type": XML, "Content-Length": "2"}, XML),
    ],
)
def test_what_is_listed_passes(
    headers: dict[str, str], found: str, request_for: Callable[..., Exchange], spine: Spine
) -> None:
    listed = replace(spine, media_types=frozenset({JSON, XML}))
    assert check(request_for(headers=headers), listed) == allow(found)


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({"Content-Type": "text/html"}, "text/html"),
        ({"Content-Type": ""}, ""),
        ({"Content-Type": f"{JSON}x"}, f"{JSON}x"),
        ({"Content-Type": [JSON, "text/html"]}, f"{JSON}, text/html"),
        ({"Content-Type": [JSON, JSON]}, f"{JSON}, {JSON}"),
        ({"Content-Type": [f"{JSON};charset=utf-8", "text/html"]}, f"{JSON};charset=utf-8, text/html"),
        ({"Content-Length": "2"}, "application/octet-stream"),
        ({"Transfer-Encoding": "chunked"}, "application/octet-stream"),
    ],
)
def test_what_is_not_listed_is_a_415(
    headers: dict[str, str | list[str]], found: str, request_for: Callable[..., Exchange], spine: Spine
) -> None:
    listed = replace(spine, media_types=frozenset({JSON, XML}))
    verdict = check(request_for(headers=headers), listed)
    assert verdict == Verdict(Result.FAILED, found or "application/octet-stream", f"one of {JSON}, {XML}", REFUSED)
