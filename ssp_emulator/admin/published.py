"""Where the admin API is reached, where that is not where it listens: a container's port has another number outside."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ssp_emulator.address import Address
from ssp_emulator.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ssp_emulator.settings import Settings

VARIABLE = "SSP_EMULATOR_ADMIN_URL"
_URL = re.compile(r"(?P<scheme>https?)://(?P<address>[^/?#@]+?)(?P<range>-[0-9]{1,5})?/?\Z", re.IGNORECASE)


class PublishedError(SetupError):
    """The environment's URL is none; the text names the variable."""


def examine_published(settings: Settings, environment: Mapping[str, str]) -> None:
    """Raise `PublishedError` where refusals are to link to the API, and what the environment says of it is no URL."""
    if settings.admin.listen is not None:
        described_at(settings, Address.parse(settings.admin.listen), environment)


def described_at(settings: Settings, listening: Address | None, environment: Mapping[str, str]) -> str | None:
    """Return the URL that refusals are to link to, without a slash at its end, of the API that listens at an address.

    It is what the environment says, or else the address itself, on loopback where that is every address of the machine.
    None where there is no API, where refusals are not to link to it, and where the environment has port 0 or a range of
    ports: one that was free, so that nobody here knows it. Raises `PublishedError`.
    """
    if listening is None or not settings.errors.described_by:
        return None
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
            f'the environment variable {VARIABLE} should be a URL with a port, as in "http://127.0.0.1:8440", '
            f"found {text!r}"
        )
    is_known = address.port != 0 and found["range"] is None
    return f"{found['scheme'].lower()}://{address}" if is_known else None
