"""The use case, as `demo` and `smoke` go through it: a document retrieved through the proxy."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any

import click

from ssp_emulator.demo.sending import Identity, sent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ssp_emulator.address import Address
    from ssp_emulator.demo.consumer import Request
    from ssp_emulator.pki.folder import CertificateFolder

DOCUMENT = "07a6483f-732b-461e-86b6-edb665c45510"
INTERACTION = "documents:fhir:rest:read:binary-1"
_OK = 200
_PASSED = ("pass", "skipped")


class RetrievalError(Exception):
    """The document was not retrieved; the text says why."""


async def retrieve(certificates: CertificateFolder, request: Request, proxy: Address) -> None:
    """Send a request for a document as the consumer, and print the document's facts.

    Raises `RetrievalError` where the answer is no document, `ConsumerError` where there is none.
    """
    ours = certificates.consumer
    async with sent(request, proxy, Identity(ours.certificate, ours.key, certificates.chain)) as answer:
        body = await answer.read()
    if answer.status != _OK:
        raise RetrievalError(f"the answer was {answer.status}: {body.decode('utf-8', 'replace')}")
    binary = json.loads(body)
    content = base64.b64decode(binary["content"])
    click.echo(f"{answer.status} {answer.reason}: a document")
    click.echo(f"  content type  {binary['contentType']}")
    click.echo(f"  size          {len(content)} bytes")
    click.echo(f"  SHA-256       {hashlib.sha256(content).hexdigest()}\n")


def not_passed(record: Mapping[str, Any]) -> list[str]:
    """Return the names of the checks in an audit record that did not pass."""
    return [check["check"] for check in record["checks"] if check["result"] not in _PASSED]
