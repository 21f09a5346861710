"""Where the admin API is reached, where that is not where it listens: a container's port has another number outside."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ssp_emulator.address import Address
from ssp_emulator.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE = "SSP_EMULATOR_ADMIN_URL"
_URL = re.compile(r"(?P<scheme>https?)://(?P<address>[^/?#@]+)/?\Z")


class PublishedError(SetupError):
    """The environment's URL is none; the text names the variable."""


def url_of(listening: Address, environment: Mapping[str, str]) -> str | None:
    """Return the URL, without a slash at its end, at which callers reach the API that listens at an address.

    It is what the environment says, or else the address itself, on loopback where that is every address of the machine.
    None where the environment has port 0: any that was free, so that nobody here knows it. Raises `PublishedError`.
    """
    text = environment.get(VARIABLE, "").strip()
    if not text:
        return f"http://{listening.reachable}"
    found = _URL.match(text)
    try:
        address = Address.parse(found["address"]) if found is not None else None
    except ValueError:
        address = None
    if found is None or address is None:
        raise PublishedError(
            f'the environment variable {VARIABLE} should be as in "http://127.0.0.1:8440", found {text!r}'
        )
    return f"{found['scheme']}://{address}" if address.port else None
