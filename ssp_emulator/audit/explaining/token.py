"""Remedies of the check `token`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ssp_emulator.audit.explaining import pages
from ssp_emulator.audit.explaining.explanation import Remedy

if TYPE_CHECKING:
    from ssp_emulator.audit.explaining.facts import Facts
    from ssp_emulator.audit.explaining.pages import Page

_HEADER = "The header Authorization "
_CLAIM = re.compile(r"The token's (?P<claim>JWT (?:header|claims|signature)|\S+) (?P<problem>.+)")


def bad_token(facts: Facts) -> Remedy:
    """The header, or a claim, is missing or wrong."""
    page = _page(facts)
    if facts.denied.startswith(_HEADER):
        line = (
            "Send the header Authorization once, with Bearer, a space and a fresh JSON Web Token (`ssp-emulator token`)"
        )
        return Remedy(f"{line}: it {facts.denied.removeprefix(_HEADER)}", page)
    found = _CLAIM.match(facts.denied)
    if found is None:
        return Remedy("Send a fresh JSON Web Token that has every claim of its dialect", page)
    claim, problem = found["claim"], found["problem"]
    if "this sender's tokens are signed" in problem or "registered for the sender" in problem:
        sender = facts.sender or "the sender"
        line = f"Sign the token with the private half of the `token_key` that registry.yaml has for {sender}"
        return Remedy(f"{line}: its {claim} {problem}", page)
    if claim == "exp":
        return Remedy(f"Make a new token for each request, with exp five minutes after iat: its exp {problem}", page)
    return Remedy(f"Mend the token's {claim}: it {problem}", page)


def no_resource(facts: Facts) -> Remedy:
    """A claim is not the FHIR resource that it should be."""
    found = _CLAIM.match(facts.denied)
    if found is None:
        return Remedy("Put the FHIR resource that it should be into each claim that holds one", _page(facts))
    claim, problem = found["claim"], found["problem"]
    return Remedy(f"Put the FHIR resource that it should be into the token's {claim}: it {problem}", _page(facts))


def _page(facts: Facts) -> Page:
    return pages.TOKENS if facts.text("claims", "dialect") == "spine-core" else pages.AUDIT
