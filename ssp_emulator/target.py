"""The target: the provider's URL that a consumer puts behind the proxy's address.

`GET /https://gp.example.nhs.uk/A20047/STU3/1/gpconnect/documents/Binary/1`, whole and unchanged.

Source: Spine Core SSP implementation guide, "Constructing the URL"; National Record Locator, "Retrieval: SSP" (the
percent-encoded form); RFC 3986 for what a URL is.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from ssp_emulator.address import is_host_name

_SCHEME = re.compile(r"https:(/{1,2})(?!/)", re.IGNORECASE)
_ENCODED = re.compile(r"[a-z]+%3A%2F%2F", re.IGNORECASE)
_FORBIDDEN = re.compile(r"[^\x21-\x5b\x5d-\x7e]")  # 5C is the backslash
_END_OF_AUTHORITY = re.compile(r"[/?#]")
_PORT = re.compile(r"[0-9]{1,5}\Z")


class Form(StrEnum):
    """How a target was written."""

    LITERAL = "literal"
    ENCODED = "percent-encoded"
    COLLAPSED = "slashes collapsed"


class TargetError(ValueError):
    """A target cannot be understood; the text says what is wrong with it."""


class Target(NamedTuple):
    """A provider's URL: whole (`text`), and as its parts go on the wire."""

    text: str
    authority: str
    path_and_query: str
    form: Form

    def is_below(self, root: str) -> bool:
        """Tell whether this is a service root URL or something below it; exact, on a path-segment boundary."""
        return self.text.startswith(root) and self.text[len(root) : len(root) + 1] in ("", "/", "?")


def parse(raw: str) -> Target:
    """Read the target out of a request's path.

    Takes the path with its leading slash and its query, just as it came. Raises `TargetError`.
    """
    if not raw.startswith("/"):
        raise TargetError("the request's path should be /https://… with the provider's URL in it")
    written, form = _plain(raw[1:]), Form.LITERAL
    scheme = _SCHEME.match(written)
    if scheme is None and _ENCODED.match(written):
        written, form = _plain(_decoded(written)), Form.ENCODED
        scheme = _SCHEME.match(written)
    if scheme is None:
        raise TargetError("the target should be an absolute URL that begins with https:// and a host")
    if scheme[1] == "/":
        written, form = f"{written[: scheme.end(1)]}/{written[scheme.end() :]}", Form.COLLAPSED
    return _parts(written, form)


def _plain(text: str) -> str:
    if found := _FORBIDDEN.search(text):
        raise TargetError(f"the target holds the character {_named(found[0])}, which has to be percent-encoded")
    return text


def _parts(text: str, form: Form) -> Target:
    rest = text.partition("//")[2]
    end = _END_OF_AUTHORITY.search(rest)
    place = end.start() if end is not None else len(rest)
    authority, tail = rest[:place], rest[place:]
    if "#" in tail:
        raise TargetError("the target should have no fragment (#)")
    if (problem := _problem_with(authority)) is not None:
        raise TargetError(problem)
    if _has_dot_segment(tail.partition("?")[0]):
        raise TargetError("the target's path should have no . or .. segment, raw or percent-encoded")
    return Target(text, authority, tail if tail.startswith("/") else f"/{tail}", form)


@lru_cache(maxsize=256)  # the text alone decides, and there are as many as there are providers
def _problem_with(authority: str) -> str | None:
    if "@" in authority:
        return "the target should have no user information (@) before its host"
    host, colon, port = authority.partition(":")
    if not is_host_name(host.removesuffix(".")):
        return f"the target should have a host after https://, found {authority!r}"
    if colon and not _is_port(port):
        return f"the target should have a port from 1 to 65535 after its host, found {port!r}"
    return None


def _is_port(text: str) -> bool:
    return _PORT.match(text) is not None and 0 < int(text) <= 65535


def _decoded(written: str) -> str:
    """Undo the percent-encoding of a whole URL; a query that stands outside it is left alone."""
    encoded, question_mark, query = written.partition("?")
    return unquote_to_bytes(encoded).decode("latin-1") + question_mark + query


def _has_dot_segment(path: str) -> bool:
    if "/." not in path and "%" not in path:  # a segment begins behind a slash
        return False
    # Some servers decode %2F, and %5C as another slash, before they walk a path: so they part segments here too.
    plain = path.lower().replace("%2e", ".").replace("%2f", "/").replace("%5c", "/")
    return any(segment in {".", ".."} for segment in plain.split("/"))


def _named(character: str) -> str:
    return repr(character) if character.isprintable() and character.isascii() else f"U+{ord(character):04X}"
