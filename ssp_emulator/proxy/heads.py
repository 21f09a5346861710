"""Heads of messages, as bytes: what is passed on from one hop to the other, and what each hop has for itself.

Fields keep their order, case and number; nothing is decoded on the way.

Source: RFC 9110, 7.6.1 (Connection and the hop-by-hop fields); RFC 7239 (Forwarded); RFC 9112, 6 (framing); RFC 6797
(Strict-Transport-Security); Spine Core SSP implementation guide, "Forwarding".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssp_emulator.faults.header import ASK
from ssp_emulator.message import Framing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ssp_emulator.message import Field, Fields

HSTS: Field = (b"Strict-Transport-Security", b"max-age=31536000; includeSubDomains")

_HOP_BY_HOP = frozenset({b"connection", b"keep-alive", b"proxy-connection", b"te", b"transfer-encoding", b"upgrade"})
_STAYS = _HOP_BY_HOP | {ASK.lower().encode()}  # what is said to the emulator is no provider's business
# Connection may name any field as hop-by-hop; without these the next hop would read another message than we did.
_NEVER_DROPPED = frozenset({b"content-length", b"host"})

_RATE_LIMIT = b"x-rate-limit-"


def request_head(
    method: str, path_and_query: str, authority: str, fields: Fields, framing: Framing, forwarded: str
) -> bytes:
    """Return the head of the request that goes to the provider.

    The consumer's `Host` becomes the target's authority, where it stood; its hop-by-hop fields stay behind, and
    `Forwarded` is added with where the request came from.
    """
    lines = [f"{method} {path_and_query} HTTP/1.1\r\n".encode("utf-8", "surrogateescape")]
    host = b"Host: " + authority.encode() + b"\r\n"
    end_to_end = list(passed_on(fields))
    if not any(name.lower() == b"host" for name, _ in end_to_end):
        lines.append(host)
    dropped = b"content-length" if framing is Framing.CHUNKED else None  # RFC 9112, 6.2: never both
    for name, value in end_to_end:
        lowered = name.lower()
        if lowered != dropped:
            lines.append(host if lowered == b"host" else name + b": " + value + b"\r\n")
    if framing is Framing.CHUNKED:
        lines.append(b"Transfer-Encoding: chunked\r\n")
    lines.append(b"Forwarded: " + forwarded.encode("utf-8", "surrogateescape") + b"\r\n\r\n")
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
    for name, value in passed_on(fields):
        lowered = name.lower()
        if lowered == b"content-length" and framing is not Framing.LENGTH and framing is not Framing.NONE:
            continue
        there.add(_kind(lowered))
        lines.append(name + b": " + value + b"\r\n")
    there.discard(b"vary")
    lines += [
        name + b": " + value + b"\r\n"
        for name, value in (HSTS, *additions)
        if _kind(lowered := name.lower()) not in there and lowered not in omit
    ]
    if framing is Framing.CHUNKED:
        lines.append(b"Transfer-Encoding: chunked\r\n")
    if connection is not None:
        lines.append(b"Connection: " + connection + b"\r\n")
    lines.append(b"\r\n")
    return b"".join(lines)


def interim_head(status: int, phrase: bytes, fields: Fields) -> bytes:
    """Return an interim head (1xx) that goes to the consumer before the answer's own."""
    lines = [name + b": " + value + b"\r\n" for name, value in passed_on(fields)]
    return b"HTTP/1.1 %d %b\r\n%b\r\n" % (status, phrase, b"".join(lines))


def passed_on(fields: Fields) -> Iterable[Field]:
    """Return the end-to-end fields: without the hop-by-hop ones, and those that `Connection` names."""
    fields = tuple(fields)
    named = _named_by_connection(fields)
    return (field for field in fields if (name := field[0].lower()) not in _STAYS and name not in named)


def forwarded(client_host: str, host: str | None, proto: str) -> str:
    """Return the value of `Forwarded`: who asked, what `Host` they asked for, and over which scheme."""
    node = f'"[{client_host}]"' if ":" in client_host else client_host
    asked = "" if host is None else f";host={_quoted(host)}"
    return f"for={node}{asked};proto={proto}"


def chunk(piece: bytes) -> bytes:
    """Return a piece of a body as one chunk; an empty piece, which would end the body, as nothing."""
    return b"%x\r\n%b\r\n" % (len(piece), piece) if piece else b""


LAST_CHUNK = b"0\r\n\r\n"


def _kind(lowered: bytes) -> bytes:
    """Return what a field is about: its name, but for those that only make sense together."""
    return _RATE_LIMIT if lowered.startswith(_RATE_LIMIT) else lowered


def _named_by_connection(fields: Fields) -> frozenset[bytes]:
    names = {
        token.strip().lower() for name, value in fields if name.lower() == b"connection" for token in value.split(b",")
    }
    return frozenset(names - _NEVER_DROPPED)


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
