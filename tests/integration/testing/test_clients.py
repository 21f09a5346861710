"""What the plugin gives out fits the clients that consumers are written with, whether they block or not."""

from __future__ import annotations

import ssl
import urllib.request
from typing import TYPE_CHECKING

import aiohttp
import httpx
from cryptography.hazmat.primitives.serialization.pkcs12 import load_key_and_certificates

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from ssp_emulator.testing.ssp import Ssp

METADATA = "documents:fhir:rest:read:metadata-1"
FHIR = "application/fhir+json"


def test_requests(ssp: Ssp, retrieve: Callable[..., requests.Response]) -> None:
    answer = retrieve()

    assert (answer.status_code, answer.headers["Content-Type"].partition(";")[0]) == (200, FHIR)


def test_httpx(ssp: Ssp) -> None:
    with httpx.Client(verify=ssp.ssl_context, timeout=10) as client:
        answer = client.get(ssp.url_for(METADATA), headers=ssp.headers(METADATA))

    assert answer.json()["resourceType"] == "CapabilityStatement"


async def test_httpx_in_the_test_s_own_event_loop(ssp: Ssp) -> None:
    async with httpx.AsyncClient(verify=ssp.ssl_context, timeout=10) as client:
        answer = await client.get(ssp.url_for(METADATA), headers=ssp.headers(METADATA))

    assert answer.status_code == 200
    ssp.assert_exchanged(times=1, interaction=METADATA, status=200)


async def test_aiohttp(ssp: Ssp) -> None:
    search = "documents:fhir:rest:search:patient-1"
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=ssp.ssl_context)) as session,
        session.get(ssp.url_for(search, nhs_number="9000000009"), headers=ssp.headers(search)) as answer,
    ):
        found = await answer.json(content_type=FHIR)

    assert (found["resourceType"], found["type"]) == ("Bundle", "searchset")


def test_the_standard_library(ssp: Ssp) -> None:
    request = urllib.request.Request(ssp.url_for(METADATA), headers=ssp.headers(METADATA))
    with urllib.request.urlopen(request, context=ssp.ssl_context, timeout=10) as answer:
        assert answer.status == 200


def test_the_keystore_opens_with_its_password_and_holds_the_consumer_s_certificate(ssp: Ssp) -> None:
    files = ssp.certificates

    key, certificate, more = load_key_and_certificates(files.keystore.read_bytes(), files.keystore_password.encode())

    assert key is not None
    assert certificate is not None
    assert certificate.subject.rfc4514_string().startswith("CN=consumer.example.nhs.uk,")
    assert len(more) == 2


def test_a_certificate_that_the_ssp_has_to_refuse(ssp: Ssp) -> None:
    revoked = ssp.certificates.invalid("revoked")
    context = ssl.create_default_context(cafile=ssp.certificates.trust)
    context.load_cert_chain(revoked.certificate, revoked.key)

    with httpx.Client(verify=context, timeout=10) as client:
        answer = client.get(ssp.url_for(METADATA), headers=ssp.headers(METADATA))

    assert answer.status_code == 495
    ssp.assert_exchanged(times=1, status=495, denial="certificate-error")
