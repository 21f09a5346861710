"""Requests made ahead of time: each has a trace ID and a token of its own, and is the bytes that go over the wire."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from uuid import uuid4

from ssp_emulator.exchange import TRACE_ID
from ssp_emulator.token.minting import unsigned
from ssp_emulator.token.rules import LIFETIME_S

if TYPE_CHECKING:
    from load.job import Sheet

PEOPLE = 50


def requests(sheet: Sheet, count: int, first: int = 0) -> list[bytes]:
    """Return so many requests, numbered from `first` on.

    Each has a token of its own, issued now, so they are good for as long as a token is; those who ask are so many
    people, as a practice has them, one after the other.
    """
    fields = "".join(f"{name}: {value}\r\n" for name, value in sheet.fields.items())
    before = f"GET {sheet.target} HTTP/1.1\r\n{fields}{TRACE_ID}: ".encode()
    between = b"\r\nAuthorization: Bearer "
    claims, issued = dict(sheet.claims), int(time.time())
    claims |= {"iat": issued, "exp": issued + LIFETIME_S}
    made = []
    for number in range(first, first + count):
        person = str(number % PEOPLE)
        claims |= {"jti": str(uuid4()), "sub": person}
        claims["requesting_practitioner"] = {**sheet.claims["requesting_practitioner"], "id": person}
        token = unsigned(claims).encode()
        made.append(b"%b%b%b%b\r\n\r\n" % (before, str(uuid4()).encode(), between, token))
    return made
