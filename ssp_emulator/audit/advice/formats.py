"""Formats: what a consumer wants to read, and in which characters it writes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ssp_emulator.audit.advice.advice import Advice, Wanted
from ssp_emulator.audit.advice.bodies import has_body
from ssp_emulator.audit.advice.sources import general_guidance
from ssp_emulator.interactions import GP_CONNECT

if TYPE_CHECKING:
    from ssp_emulator.audit.advice.past import Seen
    from ssp_emulator.exchange import Exchange

_UTF_8 = re.compile(r""";[ \t]*charset="?utf-8"?[ \t]*(?:;|\Z)""", re.IGNORECASE)
_FORMAT = re.compile(r"(?:\A|&)_format=[^&]")
_LONGEST = 100


def _accept(exchange: Exchange, _: Seen) -> str | None:
    if any(exchange.headers.getall("Accept", ())) or _FORMAT.search(exchange.query) is not None:
        return None
    return "neither Accept nor _format"


def _charset(exchange: Exchange, _: Seen) -> str | None:
    interaction = exchange.interaction
    if interaction is None or not interaction.id.startswith(GP_CONNECT) or not has_body(exchange):
        return None
    said = exchange.headers.get("Content-Type")
    if said is None:
        return "a body, and no Content-Type"
    return None if _UTF_8.search(said) is not None else f"Content-Type: {said[:_LONGEST]}"


ACCEPT_MISSING = Advice(
    name="accept-missing",
    title="A request does not say which format it wants",
    remedy="Send Accept, such as application/fhir+json: without it the format is whatever each server falls back to.",
    wanted=Wanted.GOOD_PRACTICE,
    source=general_guidance("Content types"),
    look=_accept,
)

CHARSET_MISSING = Advice(
    name="charset-missing",
    title="Content-Type does not say that a body is in UTF-8",
    remedy="Say charset=utf-8 in the Content-Type of each request with a body.",
    wanted=Wanted.SPECIFICATION,
    source=general_guidance("Character encoding"),
    look=_charset,
)
