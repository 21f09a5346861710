"""Fetching a document: the read and the migrate interaction, both streamed."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from aiohttp import web

from ssp_emulator import fhir
from ssp_emulator.demo.provider.context import ADMISSION, DATASET
from ssp_emulator.demo.provider.errors import ProviderError
from ssp_emulator.demo.provider.interactions import MIGRATE_BINARY
from ssp_emulator.demo.provider.respond import accepts_gzip, headers_for, wanted_format
from ssp_emulator.provider_errors import ErrorKind

if TYPE_CHECKING:
    from ssp_emulator.demo.provider.model import StoredFile
    from ssp_emulator.fhir import Format
    from ssp_emulator.token.parsing import Json

# Stands where the content goes; neither ids nor media types have this character.
_PLACE = "@"


async def fetch(request: web.Request) -> web.StreamResponse:
    """Answer `GET /Binary/[id]` for either interaction.

    Source: GP Connect Access Document 1.6.2, "Retrieve a document" and "Migrate a document".
    """
    admission = request[ADMISSION]
    file = request.app[DATASET].file(request.match_info["id"])
    if file is None:
        raise ProviderError(ErrorKind.NO_RECORD_FOUND, "There is no document with this id.")
    if admission.interaction == MIGRATE_BINARY:
        check_migratable(file, admission.claims)
    else:
        check_readable(file)
    return await stream(request, file)


def check_readable(file: StoredFile) -> None:
    """Raise ProviderError, NO_RECORD_FOUND, for a file that the read interaction does not give out.

    Source: GP Connect Access Document 1.6.2, "Retrieve a document"; for a confidential one, "Documents guidance".
    """
    if file.confidential:
        # As if it were not there: that it exists is confidential too.
        raise ProviderError(ErrorKind.NO_RECORD_FOUND, "There is no document with this id.")
    if not file.is_readable:
        raise ProviderError(
            ErrorKind.NO_RECORD_FOUND,
            f"The document exceeds the file size limit of 5MB: it has {file.content.size} bytes.",
        )


def check_migratable(file: StoredFile, claims: Json) -> None:
    """Raise ProviderError, NOT_AUTHORISED, for a confidential file that the token's scope does not open.

    Source: GP Connect Access Document 1.6.2, "Migrate a document".
    """
    if file.confidential and not shows_confidential(claims):
        raise ProviderError(
            ErrorKind.NOT_AUTHORISED,
            "The document is confidential and the token's requested_scope does not include conf/R.",
        )


def envelope(file: StoredFile, form: Format) -> tuple[bytes, bytes]:
    """Return what stands before and after the base64 text of a Binary, in either format."""
    binary = {
        "resourceType": "Binary",
        "id": file.id,
        "meta": {"versionId": file.version_id},
        "contentType": file.media_type,
        "content": _PLACE,
    }
    before, _, after = fhir.write(binary, form).partition(_PLACE.encode())
    return before, after


async def stream(request: web.BaseRequest, file: StoredFile) -> web.StreamResponse:
    """Send a file as a Binary, encoding it chunk by chunk under a length that is known beforehand.

    With gzip the length is not known, and the answer is sent in HTTP chunks instead.
    """
    form = wanted_format(request)
    before, after = envelope(file, form)
    response = web.StreamResponse(headers=headers_for(form, file.version_id))
    if accepts_gzip(request):
        response.enable_compression(web.ContentCoding.gzip)
    else:
        response.content_length = len(before) + (file.content.size + 2) // 3 * 4 + len(after)
    await response.prepare(request)
    await response.write(before)
    for chunk in file.content.chunks():
        await response.write(base64.b64encode(chunk))
    await response.write_eof(after)
    return response


def shows_confidential(claims: Json) -> bool:
    """Tell whether the token's scope opens confidential documents: it holds `conf/R`.

    Source: GP Connect 1.6.2, "Cross-organisation audit and provenance", requested_scope.
    """
    scope = claims.get("requested_scope")
    return isinstance(scope, str) and "conf/R" in scope.split()
