"""Remedies of the checks `sender`, `receiver`, `endpoint` and `agreement`: who may ask whom, and where."""

from __future__ import annotations

import re
from itertools import takewhile
from typing import TYPE_CHECKING

from ssp_emulator.audit.explaining import pages
from ssp_emulator.audit.explaining.explanation import Remedy

if TYPE_CHECKING:
    from ssp_emulator.audit.explaining.facts import Facts

_REGISTERED_FQDN = re.compile(r"a certificate for (\S+), the FQDN of ")
_ROOT = "a target below "
_GLIMPSE = 24  # characters of a URL that show where it goes astray


def unknown_or_unentitled_sender(facts: Facts) -> Remedy:
    """Ssp-From is nobody's, the interaction is not known, or it is not on the sender's AS record."""
    sender, interaction = facts.sender or "the ASID", facts.interaction or "the interaction"
    match facts.failed.found if facts.failed is not None else "":
        case "no system with this ASID":
            line = f"Send the consumer's own ASID in Ssp-From, or register {sender} under `systems` in registry.yaml"
            return Remedy(f"{line}: no system has it", pages.DIRECTORY)
        case "no such interaction":
            return unknown_interaction(facts)
        case _:
            return Remedy(
                f"Add {interaction} under `sends` of {sender} in registry.yaml: its AS record does not hold it",
                pages.ERRORS,
            )


def unknown_interaction(facts: Facts) -> Remedy:
    """The interaction is not in the catalogue."""
    interaction = facts.interaction or "the one that was sent"
    line = f"Send a known interaction ID in Ssp-InteractionID, letter by letter: {interaction} is not known"
    return Remedy(line, pages.ERRORS)


def another_certificate(facts: Facts) -> Remedy:
    """The certificate is good, and another system's."""
    names = ", ".join(facts.texts("client", "certificate", "names")) or "missing"
    sender = facts.sender or "the sender"
    found = _REGISTERED_FQDN.match(facts.failed.expected) if facts.failed is not None else None
    if found is None:
        return Remedy(f"Show the certificate whose FQDN is registered for {sender}: this one's is {names}", pages.SSP)
    return Remedy(
        f"Show the certificate of {sender}, or mend its `fqdn` in registry.yaml: the certificate's FQDN is {names}, "
        f"and {sender} is registered with {found[1]}",
        pages.SSP,
    )


def unknown_receiver(facts: Facts) -> Remedy:
    """Ssp-To is nobody's."""
    receiver = facts.receiver or "that ASID"
    return Remedy(
        f"Look the provider's ASID up in the directory and send that in Ssp-To, or register {receiver} under `systems` "
        "in registry.yaml: no system has it",
        pages.DIRECTORY,
    )


def receiver_without_interaction(facts: Facts) -> Remedy:
    """The interaction is not on the receiver's MHS record."""
    receiver, interaction = facts.receiver or "the provider", facts.interaction or "the interaction"
    return Remedy(
        f"Ask a provider that receives {interaction}, or add it under `receives` of an endpoint of {receiver} in "
        "registry.yaml: its MHS record does not hold it",
        pages.ERRORS,
    )


def endpoint(facts: Facts) -> Remedy:
    """The target is not below the registered root."""
    if facts.failed is None or not facts.failed.expected.startswith(_ROOT):
        return Remedy("Begin the target with the service root URL, letter by letter as it is registered", pages.ERRORS)
    root, asked = facts.failed.expected.removeprefix(_ROOT), facts.failed.found
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(root, asked, strict=False)))
    right, found = (url[same : same + _GLIMPSE] or "its end" for url in (root, asked))
    return Remedy(
        f"Begin the target with {root}, letter by letter as it is registered: where that goes on with “{right}” the "
        f"target has “{found}”",
        pages.DIRECTORY,
    )


def agreement(facts: Facts) -> Remedy:
    """Nobody has agreed to it."""
    return Remedy(
        f"Ask for a data sharing agreement from {facts.sender or 'the sender'} to {facts.receiver or 'the receiver'} "
        f"for {facts.interaction or 'the interaction'}: add it under `agreements` in registry.yaml",
        pages.ERRORS,
    )
