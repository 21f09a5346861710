"""LDIF: entries of a directory as text that any LDAP server can load.

Source: RFC 2849, "The LDAP Data Interchange Format"; RFC 4514, "String Representation of Distinguished Names".
"""

from __future__ import annotations

import re
from base64 import b64encode
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

VERSION = "version: 1\n"

_WIDTH = 76
# RFC 2849's SAFE-STRING, less two things that it leaves to the writer: a space at the end, which editors take away, and
# control characters, which terminals obey.
_PLAIN = re.compile(r"[!-9;=-~]([ -~]*[!-~])?\Z")
_SPECIAL = re.compile(r'["+,;<>\\]|^[ #]| \Z')


def entry(dn: str, lines: Iterable[str]) -> str:
    """Return an entry: its distinguished name, whose values are `escaped` already, and the `line`s of its attributes.

    A blank line stands between entries, and none after `VERSION`, where some readers would take it for an empty entry.
    """
    return "".join((line("dn", dn), *lines))


def line(attribute: str, value: str) -> str:
    """Return an attribute's value as a line, folded where it is long, and in base64 where it is not plain ASCII."""
    if _PLAIN.match(value):
        text = f"{attribute}: {value}"
    else:
        text = f"{attribute}:: {b64encode(value.encode('utf-8')).decode('ascii')}".rstrip()
    return f"{text}\n" if len(text) <= _WIDTH else _folded(text)


def escaped(value: str) -> str:
    """Return a value as it stands in a distinguished name."""
    return _SPECIAL.sub(r"\\\g<0>", value).replace("\0", r"\00")


def _folded(text: str) -> str:
    """Continue a long line on others, each of which begins with a space that does not belong to the value."""
    first, rest = text[:_WIDTH], text[_WIDTH:]
    step = _WIDTH - 1
    return "\n ".join((first, *(rest[at : at + step] for at in range(0, len(rest), step)))) + "\n"
