"""Remedies of the checks `method`, `headers`, `target` and `media`, and of what is no request in HTTP."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ssp_emulator.audit.explaining import pages
from ssp_emulator.audit.explaining.explanation import Remedy
from ssp_emulator.faults.header import ASK

if TYPE_CHECKING:
    from ssp_emulator.audit.explaining.facts import Facts

_HEADER = re.compile(r"The header (?P<name>\S+) (?P<problem>.+)")


def method(facts: Facts) -> Remedy:
    """The method is none that goes on."""
    allowed = facts.failed.expected if facts.failed is not None else "a method that the answer's Allow names"
    return Remedy(f"Use {' or '.join(allowed.rsplit(' ', 1)).replace(' ', ', ', allowed.count(' ') - 1)}", pages.ERRORS)


def headers(facts: Facts) -> Remedy:
    """An Ssp header is missing, empty, there twice, or of another form."""
    found = _HEADER.match(facts.denied)
    if found is None:
        return Remedy("Send the four Ssp headers, each of them once", pages.SSP)
    name, problem = found["name"], found["problem"]
    if problem.startswith("is not ") and facts.failed is not None:
        return Remedy(f"Send {name} as {problem.removeprefix('is not ')}: it was {facts.failed.found}", pages.SSP)
    past = re.sub(r"^is ", "was ", problem)
    return Remedy(f"Send the four Ssp headers once each: {name} {past}", pages.SSP)


def target(facts: Facts) -> Remedy:
    """The path is not a provider's URL."""
    problem = facts.denied.removeprefix("The target URL is not usable: ")
    return Remedy(f"Append the provider's whole https URL to the proxy's address: {problem}", pages.SSP_IN_USE)


def media(facts: Facts) -> Remedy:
    """The body is of a media type that is not listed."""
    if facts.failed is None:
        return Remedy("Send the body as a media type that `media.allowed` in emulator.yaml lists", pages.ERRORS)
    return Remedy(
        f"Send the body as {facts.failed.expected}, or list its type under `media.allowed` in emulator.yaml: "
        f"it was {facts.failed.found}",
        pages.ERRORS,
    )


def malformed(facts: Facts) -> Remedy:
    """No check refused it: it breaks the rules of HTTP, or it asks for a fault rule that is not there."""
    if ASK.lower() in facts.denied.lower():
        return Remedy(f"Leave {ASK} out, or name a rule of `ssp-emulator fault list` in it: {facts.denied}")
    return Remedy(f"Have the consumer's HTTP library send what HTTP allows: {facts.denied}", pages.HTTP)
