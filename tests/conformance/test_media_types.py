"""Media types, over real sockets: any by default, and 415 for what is not listed where some are; any content coding.

Source: GP Connect 1.6.2, "Error handling", 415; Spine Core SSP implementation guide, "Content types"; RFC 9110, 8.4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.running import running

if TYPE_CHECKING:
    from pathlib import Path

    from support.running import Running
    from support.stub import StubProvider

    from ssp_emulator.pki.folder import CertificateFolder

LISTED = {"allowed": ["application/fhir+json", "Application/FHIR+XML"]}


@pytest.mark.parametrize("media_type", ["text/html", "application/x-odd; a=b", "image/tiff", "nonsense"])
async def test_by_default_any_media_type_passes(ssp: Running, provider: StubProvider, media_type: str) -> None:
    answer = await ssp.ask(method="POST", body=b"x", fields=(("Content-Length", "1"),), Content_Type=media_type)

    assert answer.status == 200
    assert provider.received[0].all("Content-Type") == [media_type]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ([("Content-Type", "application/fhir+json;charset=utf-8"), ("Content-Length", "1")], 200),
        ([("content-type", "APPLICATION/fhir+xml"), ("Content-Length", "1")], 200),
        ([], 200),
        ([("Content-Type", "text/html"), ("Content-Length", "1")], 415),
        ([("Content-Length", "1")], 415),
    ],
    ids=["listed, with a parameter", "listed, in another case", "no body", "not listed", "not said"],
)
async def test_where_some_are_listed_another_is_415(
    tmp_path: Path,
    certificates: CertificateFolder,
    provider: StubProvider,
    fields: list[tuple[str, str]],
    status: int,
) -> None:
    async with running(tmp_path, certificates, provider.port, media=LISTED) as ssp:
        answer = await ssp.ask(method="POST", body=b"x" if fields else b"", fields=tuple(fields))

        assert answer.status == status
        assert len(provider.received) == (1 if status == 200 else 0)
        if status == 415:
            (issue,) = answer.json()["issue"]
            assert answer.phrase == "Unsupported Media Type"
            assert (issue["code"], issue["diagnostics"]) == ("not-supported", "Unsupported_Media_Type")
            assert issue["details"]["coding"][0]["code"] == "415"
            assert ssp.record()["checks"][-1]["check"] == "media"
            assert ssp.record()["checks"][-1]["result"] == "fail"


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "compress", "gzip, x-odd", "no such coding"])
async def test_content_codings_are_nobodys_business(ssp: Running, provider: StubProvider, coding: str) -> None:
    body = b"\x1f\x8b\x08\x00 not what it says\x00\xff"
    provider.answer = (
        b"HTTP/1.1 200 OK\r\nContent-Encoding: %b\r\nContent-Length: %d\r\n\r\n" % (coding.encode(), len(body)) + body
    )
    fields = (("Content-Encoding", coding), ("Content-Length", str(len(body))))

    answer = await ssp.ask(method="POST", fields=fields, body=body)

    assert provider.received[0].all("Content-Encoding") == answer.all("Content-Encoding") == [coding]
    assert provider.received[0].body == answer.body == body
