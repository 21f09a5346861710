"""The bytes of the made-up documents, made by code so that every one of them is known to the last byte."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Whole base64 groups (3 bytes each) and whole pattern lines (64 bytes each), so that each chunk can be encoded
# by itself and a document of 200 MB never stands in memory.
CHUNK_BYTES = 3 * 64 * 1024

_LINE = b"A line of a made-up document, as long as every other one: 64 B.\n"


class Content(Protocol):
    """The bytes of a document, whose number is known before they are made."""

    @property
    def size(self) -> int:
        """How many bytes there are."""

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes; every chunk but the last is a multiple of three bytes long."""


@dataclass(frozen=True)
class Fixed:
    """Content that is small enough to be held whole."""

    data: bytes

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return len(self.data)

    def chunks(self) -> Iterator[bytes]:
        """Yield all the bytes at once."""
        yield self.data


@dataclass(frozen=True)
class Pattern:
    """Plain text of `size` bytes: one line of 64 characters over and over, cut off where the size is reached."""

    size: int

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes, `CHUNK_BYTES` at a time."""
        chunk = _LINE * (CHUNK_BYTES // len(_LINE))
        whole, rest = divmod(self.size, CHUNK_BYTES)
        for _ in range(whole):
            yield chunk
        if rest:
            yield chunk[:rest]


def rtf(title: str, paragraphs: Sequence[str]) -> bytes:
    """Return a letter in Rich Text Format: a bold title and paragraphs, all ASCII without braces or backslashes."""
    body = "\n".join(f"{paragraph}\\par\\par" for paragraph in paragraphs)
    head = "{\\rtf1\\ansi\\ansicpg1252\\deff0{\\fonttbl{\\f0\\fswiss Arial;}}\n\\f0\\fs22\n"
    return f"{head}{{\\b\\fs28 {title}}}\\par\\par\n{body}\n}}\n".encode("ascii")


def html(title: str, paragraphs: Sequence[str]) -> bytes:
    """Return an HTML page with a heading and paragraphs, all text without markup."""
    body = "\n".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{title}</title></head>\n'
        f"<body>\n<h1>{title}</h1>\n{body}\n</body>\n</html>\n"
    ).encode()


def pdf(lines: Sequence[str]) -> bytes:
    """Return a PDF of one A4 page with lines of text, all ASCII without brackets or backslashes.

    Source: ISO 32000-1, 7.5 (file structure).
    """
    text = "BT /F1 12 Tf 72 770 Td 18 TL\n" + "".join(f"({line}) Tj T*\n" for line in lines) + "ET\n"
    objects = (
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        (
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
            "/Resources << /Font << /F1 5 0 R >> >> >>"
        ),
        f"<< /Length {len(text)} >>\nstream\n{text}endstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    written = "%PDF-1.4\n"
    offsets = []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(written))
        written += f"{number} 0 obj\n{content}\nendobj\n"
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    return (
        f"{written}xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
        f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(written)}\n%%EOF\n"
    ).encode("ascii")


def png(width: int, height: int) -> bytes:
    """Return a greyscale PNG image of a slope from black to white, `width` by `height` pixels.

    Source: PNG Specification, Third Edition, 5 (datastream structure).
    """
    row = bytes(255 * column // max(width - 1, 1) for column in range(width))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    # Level 0 stores without compressing, so that every zlib makes the same bytes of it.
    pixels = zlib.compress((b"\0" + row) * height, 0)
    chunks = ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_png_chunk(kind, data) for kind, data in chunks)


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
