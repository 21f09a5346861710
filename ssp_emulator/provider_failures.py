"""Why a provider could not be reached, as the audit has it: the same words for a misfortune and for its imitation.

The words on certificates are OpenSSL's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ssp_emulator.address import Address

REFUSED = "the connection is refused"
UNKNOWN_NAME = "its name is not known"
EXPIRED = "certificate has expired"


def wrong_host(host: str) -> str:
    """Say that a certificate is not the one of a host."""
    return f"Hostname mismatch, certificate is not valid for '{host}'."


def no_connection(address: Address, why: str) -> str:
    """Say that no connection could be made."""
    return f"no connection to {address}: {why}"


def bad_certificate(address: Address, why: str) -> str:
    """Say that the provider's certificate is not good."""
    return f"the certificate at {address} is not good: {why}"
