"""Remedies where the provider was not reached, was too slow, broke off, or refused by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssp_emulator import provider_failures
from ssp_emulator.audit.explaining import pages
from ssp_emulator.audit.explaining.explanation import Remedy

if TYPE_CHECKING:
    from ssp_emulator.audit.explaining.facts import Facts


def unreachable(facts: Facts) -> Remedy:
    """There was no connection, no TLS, or no HTTP."""
    error = facts.provider_error
    if error is None:
        return Remedy("Look under `provider` in the record, and at the provider's own log", pages.SSP)
    if provider_failures.REFUSED in error:
        return Remedy(f"Start the provider, or mend its `connect_to` in registry.yaml: {error}", pages.SSP)
    if provider_failures.UNKNOWN_NAME in error:
        return Remedy(f"Give the provider a `connect_to` in registry.yaml whose name is known: {error}", pages.SSP)
    if error.startswith("the certificate at "):
        return Remedy(
            "Give the provider a certificate for the host of its registered root, from an authority that "
            f"`providers.tls.trust` in emulator.yaml names: {error}",
            pages.SSP,
        )
    return Remedy(f"Nothing for the consumer to change, the provider has to be put right: {error}", pages.SSP)


def too_slow(facts: Facts) -> Remedy:
    """The provider took too long, to be connected to or to answer."""
    error = facts.provider_error or "the provider took too long"
    setting = "connect_timeout_s" if error.startswith("no connection") else "first_byte_timeout_s"
    return Remedy(
        f"Find out why the provider is slow, or give it longer with `providers.{setting}` in emulator.yaml: {error}",
        pages.SSP,
    )


def broke_off(facts: Facts) -> Remedy | None:
    """The provider's answer ended too early, and so did the consumer's; None where it was not the provider."""
    if facts.provider_error is None or not facts.broken_off:
        return None
    line = "Ask again: the answer was cut off, as the provider's was, and is not whole"
    return Remedy(f"{line}: {facts.provider_error}", pages.SSP)


def refused(facts: Facts) -> Remedy | None:
    """The provider answered with an error of its own; None where it did not, or where a fault made another of it."""
    status = facts.provider_status
    if status is None or status < 400 or status != facts.status:
        return None
    where = f" at {facts.provider_address}" if facts.provider_address is not None else ""
    return Remedy(
        f"Read the OperationOutcome in the answer: the proxy let the request pass, and the provider{where} answered "
        f"{status:g}",
        pages.ERRORS,
    )
