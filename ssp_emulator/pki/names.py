"""Fully qualified domain names: those of the three parties, and what may be written into a certificate."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields

from ssp_emulator.pki.errors import PkiError

_LONGEST_NAME = 253
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)


@dataclass(frozen=True)
class Names:
    """The FQDNs of the SSP, the consumer and the provider.

    Takes names as `valid_fqdn` does. Raises `PkiError` for one that is not.
    """

    ssp: str = "ssp.example.nhs.uk"
    consumer: str = "consumer.example.nhs.uk"
    provider: str = "gp.example.nhs.uk"

    def __post_init__(self) -> None:
        for field in fields(self):
            object.__setattr__(self, field.name, valid_fqdn(getattr(self, field.name)))


def valid_fqdn(text: str) -> str:
    """Check that a text can stand as a host's name in a certificate, and give it in lower case.

    Takes letters, digits and hyphens in labels of at most 63 characters, at most 253 in all. One label alone is
    taken as well, as names in a container network are. Neither a wildcard, an IP address nor a final dot is taken,
    so a name that passes can never leave the folder as a file name.

    Raises `PkiError` saying which rule is broken.

    Source: RFC 1123, 2.1 (labels, the last one not numeric); RFC 1034, 3.1 (lengths); RFC 5280, 4.2.1.6 (dNSName).
    """
    name = text.lower()
    if len(name) > _LONGEST_NAME:
        raise PkiError(f"the FQDN has {len(name)} characters, at most {_LONGEST_NAME} are allowed")
    if "*" in name:
        raise PkiError(f"the FQDN {text!r} has a wildcard, the Spine registers whole names only")
    labels = name.split(".")
    for label in labels:
        if not _LABEL.fullmatch(label):
            raise PkiError(
                f"the FQDN {text!r} has the label {label!r}, a label is 1 to 63 letters, digits and inner hyphens"
            )
    if labels[-1].isdecimal():
        raise PkiError(f"the FQDN {text!r} ends in a number, a host's name is wanted and not an IP address")
    return name
