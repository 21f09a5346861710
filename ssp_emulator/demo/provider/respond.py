"""How an answer is put on the wire: its format, its headers, and gzip where the consumer takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from ssp_emulator import fhir
from ssp_emulator.demo.provider.errors import ProviderError
from ssp_emulator.provider_errors import ErrorKind

if TYPE_CHECKING:
    from ssp_emulator.fhir import Format, Resource

# A body smaller than one packet gains nothing from gzip.
_WORTH_COMPRESSING_BYTES = 1024


def wanted_format(request: web.BaseRequest) -> Format:
    """Return the format that a request asks for by `_format`, else by `Accept`, else JSON.

    Raises ProviderError, UNSUPPORTED_MEDIA_TYPE, where that is neither of FHIR's two.

    Source: FHIR STU3, "RESTful API", content types and encodings.
    """
    asked = request.query.get("_format")
    if asked is not None:
        form = fhir.named(asked)
        source = "The query parameter _format"
    else:
        accept = ",".join(request.headers.getall("Accept", ["*/*"]))
        form = fhir.preferred(accept, default=fhir.Format.JSON)
        source = "The header Accept"
    if form is None:
        raise ProviderError(
            ErrorKind.UNSUPPORTED_MEDIA_TYPE,
            f"{source} asks for neither application/fhir+json nor application/fhir+xml.",
        )
    return form


def headers_for(form: Format, version_id: str | None = None) -> dict[str, str]:
    """Return an answer's headers: its media type, that it is not to be stored, and its version as an ETag.

    Source: FHIR STU3, "RESTful API", resource metadata; GP Connect 1.6.2, "FHIR API guidance", caching.
    """
    headers = {"Content-Type": form.value, "Cache-Control": "no-store"}
    if version_id is not None:
        headers["ETag"] = f'W/"{version_id}"'
    return headers


def accepts_gzip(request: web.BaseRequest) -> bool:
    """Tell whether `Accept-Encoding` names gzip with a quality above zero.

    Source: RFC 9110, 12.5.3.
    """
    for part in ",".join(request.headers.getall("Accept-Encoding", [])).lower().split(","):
        coding, *parameters = (piece.strip() for piece in part.split(";"))
        if coding == "gzip":
            return not any(_is_zero_quality(parameter) for parameter in parameters)
    return False


def answer(request: web.BaseRequest, resource: Resource) -> web.Response:
    """Answer 200 with a resource in the format that the request asks for."""
    return _response(request, resource, wanted_format(request), status=200)


def answer_error(request: web.BaseRequest, error: ProviderError) -> web.Response:
    """Answer with an error, in JSON where the request asks for a format that there is not."""
    try:
        form = wanted_format(request)
    except ProviderError:
        form = fhir.Format.JSON
    return _response(request, error.outcome(), form, status=error.status)


def _response(request: web.BaseRequest, resource: Resource, form: Format, *, status: int) -> web.Response:
    body = fhir.write(resource, form)
    response = web.Response(status=status, body=body, headers=headers_for(form))
    if len(body) >= _WORTH_COMPRESSING_BYTES and accepts_gzip(request):
        response.enable_compression(web.ContentCoding.gzip)
    return response


def _is_zero_quality(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    try:
        return name.strip() == "q" and float(value) == 0
    except ValueError:
        return False
