"""The public pages that advisories rest on."""

from __future__ import annotations

from ssp_emulator.audit.advice.advice import Source

_GUIDE = "https://developer.nhs.uk/apis/spine-core/ssp_implementation_guide.html"
_GP_CONNECT = "https://developer.nhs.uk/apis/gpconnect-1-6-0"
_RFC = "https://www.rfc-editor.org/rfc"


def ssp_guide(section: str) -> Source:
    """Return a section of the Spine Secure Proxy implementation guide."""
    return Source(f"Spine Core, Spine Secure Proxy implementation guide: {section}", _GUIDE)


def audit_and_provenance(section: str) -> Source:
    """Return a section of GP Connect's page on the token."""
    return Source(
        f"GP Connect 1.6, Cross-organisation audit and provenance: {section}",
        f"{_GP_CONNECT}/integration_cross_organisation_audit_and_provenance.html",
    )


def spine_secure_proxy(section: str) -> Source:
    """Return a section of GP Connect's page on the proxy."""
    return Source(
        f"GP Connect 1.6, Spine Secure Proxy: {section}", f"{_GP_CONNECT}/integration_spine_secure_proxy.html"
    )


def general_guidance(section: str) -> Source:
    """Return a section of GP Connect's general API guidance."""
    return Source(
        f"GP Connect 1.6, General API guidance: {section}", f"{_GP_CONNECT}/development_general_api_guidance.html"
    )


def ssp_retrieval(section: str) -> Source:
    """Return a section of the National Record Locator's page on retrieval through the proxy."""
    return Source(
        f"National Record Locator, SSP Retrieval: {section}", "https://developer.nhs.uk/apis/nrl/retrieval_ssp.html"
    )


def rfc(number: int, section: str, title: str) -> Source:
    """Return a section of a standard of the internet."""
    return Source(f"RFC {number}, {section}: {title}", f"{_RFC}/rfc{number}#section-{section}")
