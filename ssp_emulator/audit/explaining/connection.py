"""Remedies of the checks `tls` and `certificate`: how the consumer connects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssp_emulator.audit.explaining import pages
from ssp_emulator.audit.explaining.explanation import Remedy
from ssp_emulator.pki.verdict import CertificateFault

if TYPE_CHECKING:
    from ssp_emulator.audit.explaining.facts import Facts

_ISSUE = "`ssp-emulator certs issue --fqdn FQDN --role consumer` makes one"

_BY_FAULT = {
    CertificateFault.EXPIRED: f"The certificate {{subject}} has expired: show a current one; {_ISSUE}",
    CertificateFault.NOT_YET_VALID: "The certificate {subject} is not valid yet: show one that is, and see that the "
    "clock of whoever issued it is right",
    CertificateFault.UNTRUSTED_ISSUER: "The certificate {subject} is from {issuer}, which is not trusted here: show "
    "one from the emulated authority, or name your own authority's chain under `proxy.tls.trust` in emulator.yaml",
    CertificateFault.REVOKED: f"The certificate {{subject}} is revoked: show another; {_ISSUE}",
    CertificateFault.NOT_A_CLIENT_CERTIFICATE: "The certificate {subject} is not a client certificate: show one whose "
    f"extended key usage has clientAuth; {_ISSUE}",
}


def plain_http(_: Facts) -> Remedy:
    """The request came in clear."""
    return Remedy(
        "Use https:// to the proxy, and make a new token: this one crossed the network unencrypted", pages.SSP
    )


def no_certificate(_: Facts) -> Remedy:
    """No certificate was shown."""
    return Remedy(f"Show a client certificate in the TLS handshake (curl: --cert and --key); {_ISSUE}", pages.SSP)


def bad_certificate(facts: Facts) -> Remedy:
    """The certificate is not good, by what is wrong with it; the FQDN is another check's matter."""
    subject = facts.text("client", "certificate", "subject") or "that was shown"
    issuer = facts.text("client", "certificate", "issuer") or "an unknown issuer"
    for fault, line in _BY_FAULT.items():
        if facts.denied.endswith(fault.value):
            return Remedy(line.format(subject=subject, issuer=issuer), pages.SSP)
    return Remedy(f"Show a good client certificate; {_ISSUE}", pages.SSP)
