"""Heads of messages, as bytes: what is passed on from one hop to the other, and what each hop has for itself.

Fields keep their order, case and number; nothing is decoded on the way.

Source: RFC 9110, 7.6.1 (Connection and the hop-by-hop fields); RFC 7239 (Forwarded); RFC 9112, 6 (framing); RFC 6797
(Strict-Transport-Security); Spine Core SSP implementation guide, "Forwarding".
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from ssp_emulator.faults.header import ASK
from ssp_emulator.message import Framing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssp_emulator.message import Field, Fields

HSTS: Field = (b"Strict-Transport-Security", b"max-age=31536000; includeSubDomains")
_HSTS_NAME, _HSTS_LINE = HSTS[0].lower(), b"%b: %b\r\n" % HSTS

_HOP_BY_HOP = frozenset({b"connection", b"keep-alive", b"proxy-connection", b"te", b"transfer-encoding", b"upgrade"})
_STAYS = _HOP_BY_HOP | {ASK.lower().encode()}  # what is said to the emulator is no provider's business
# Connection may name any field as hop-by-hop; without these the next hop would read another message than we did.
_NEVER_DROPPED = frozenset({b"content-length", b"host"})

_LONGEST_HOST = 255  # letters of one that is remembered: a name has no more, and a field may have thousands
_RATE_LIMIT = b"x-rate-limit-"


def request_head(
    method: str, path_and_query: str, authority: str, fields: Fields, framing: Framing, forwarded: bytes
) -> bytes:
    """Return the head of the request that goes to the provider.

    The consumer's `Host` becomes the target's authority, where it stood; its hop-by-hop fields stay behind, and
    `Forwarded` is added with where the request came from.
    """
    lines = [f"{method} {path_and_query} HTTP/1.1\r\n".encode("utf-8", "surrogateescape")]
    host = b"Host: " + authority.encode() + b"\r\n"
    dropped = b"content-length" if framing is Framing.CHUNKED else None  # RFC 9112, 6.2: never both
    has_host = False
    for lowered, name, value in passed_on(fields):
        if lowered == b"host":
            lines.append(host)
            has_host = True
        elif lowered != dropped:
            lines.append(b"%b: %b\r\n" % (name, value))
    if not has_host:
        lines.insert(1, host)
    if framing is Framing.CHUNKED:
        lines.append(b"Transfer-Encoding: chunked\r\n")
    lines.append(b"Forwarded: %b\r\n\r\n" % forwarded)
    return b"".join(lines)


def answer_head(
    status: int,
    phrase: bytes,
    fields: Fields,
    framing: Framing,
    connection: bytes | None,
    additions: Fields = (),
    omit: frozenset[bytes] = frozenset(),
) -> bytes:
    """Return the head of the answer that goes to the consumer.

    The provider's fields go on but for those of its hop. Strict-Transport-Security and the `additions` come after
    them, each where the provider says nothing of the kind; `Vary` names what answers differ by, and so can only grow.
    What `omit` names, in lower case, is not added. `connection` is the value of our own `Connection` field, if it needs
    one.
    """
    lines = [b"HTTP/1.1 %d %b\r\n" % (status, phrase)]
    there = set()
    has_length = framing is Framing.LENGTH or framing is Framing.NONE
    for lowered, name, value in passed_on(fields):
        if lowered != b"content-length" or has_length:
            there.add(_kind(lowered))
            lines.append(b"%b: %b\r\n" % (name, value))
    if _HSTS_NAME not in there and _HSTS_NAME not in omit:
        lines.append(_HSTS_LINE)
    there.discard(b"vary")
    for name, value in additions:
        if _kind(lowered := name.lower()) not in there and lowered not in omit:
            lines.append(b"%b: %b\r\n" % (name, value))
    if framing is Framing.CHUNKED:
        lines.append(b"Transfer-Encoding: chunked\r\n")
    if connection is not None:
        lines.append(b"Connection: " + connection + b"\r\n")
    lines.append(b"\r\n")
    return b"".join(lines)


def interim_head(status: int, phrase: bytes, fields: Fields) -> bytes:
    """Return an interim head (1xx) that goes to the consumer before the answer's own."""
    lines = [b"%b: %b\r\n" % (name, value) for _, name, value in passed_on(fields)]
    return b"HTTP/1.1 %d %b\r\n%b\r\n" % (status, phrase, b"".join(lines))


def passed_on(fields: Fields) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Yield the end-to-end fields, each with its name in lower case before it.

    The hop-by-hop ones stay behind, and those that `Connection` names.
    """
    lowered = [(name.lower(), name, value) for name, value in fields]
    named = _named_by_connection(lowered)
    stays = _STAYS | named if named else _STAYS
    return (field for field in lowered if field[0] not in stays)


def forwarded(client_host: str, host: str | None, proto: str) -> bytes:
    """Return the value of `Forwarded`: who asked, what `Host` they asked for, and over which scheme."""
    made = _forwarded if host is None or len(host) <= _LONGEST_HOST else _forwarded.__wrapped__
    return made(client_host, host, proto)


@lru_cache(maxsize=1024)
def _forwarded(client_host: str, host: str | None, proto: str) -> bytes:
    node = f'"[{client_host}]"' if ":" in client_host else client_host
    asked = "" if host is None else f";host={_quoted(host)}"
    return f"for={node}{asked};proto={proto}".encode("utf-8", "surrogateescape")


def chunk(piece: bytes) -> bytes:
    """Return a piece of a body as one chunk; an empty piece, which would end the body, as nothing."""
    return b"%x\r\n%b\r\n" % (len(piece), piece) if piece else b""


LAST_CHUNK = b"0\r\n\r\n"


def _kind(lowered: bytes) -> bytes:
    """Return what a field is about: its name, but for those that only make sense together."""
    return _RATE_LIMIT if lowered.startswith(_RATE_LIMIT) else lowered


def _named_by_connection(fields: list[tuple[bytes, bytes, bytes]]) -> frozenset[bytes]:
    said = [value for lowered, _, value in fields if lowered == b"connection"]
    return frozenset(token.strip().lower() for value in said for token in value.split(b",")) - _NEVER_DROPPED


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
