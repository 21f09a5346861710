"""The public pages that explanations point to."""

from __future__ import annotations

from typing import NamedTuple

_HUB = "https://developer.nhs.uk/apis"


class Page(NamedTuple):
    """A public page: its title, with whose it is, and its address."""

    title: str
    url: str


SSP = Page("Spine Core, Spine Secure Proxy implementation guide", f"{_HUB}/spine-core/ssp_implementation_guide.html")
SSP_IN_USE = Page("GP Connect, Spine Secure Proxy", f"{_HUB}/gpconnect-1-6-0/integration_spine_secure_proxy.html")
ERRORS = Page("GP Connect, Error handling", f"{_HUB}/gpconnect/development_fhir_error_handling_guidance.html")
AUDIT = Page(
    "GP Connect, Cross-organisation audit and provenance",
    f"{_HUB}/gpconnect-1-6-0/integration_cross_organisation_audit_and_provenance.html",
)
DIRECTORY = Page(
    "GP Connect, Spine Directory Service", f"{_HUB}/gpconnect-1-6-0/integration_spine_directory_service.html"
)
SDS = Page(
    "Spine Directory Service, FHIR API",
    "https://digital.nhs.uk/developer/api-catalogue/spine-directory-service-fhir",
)
TOKENS = Page("Spine Core, Access tokens and audit (JWT)", f"{_HUB}/spine-core/security_jwt.html")
HTTP = Page("RFC 9112, HTTP/1.1", "https://www.rfc-editor.org/rfc/rfc9112")
