"""Every error body of the proxy's own, provoked for real: whole, letter by letter, in JSON and in XML.

What is expected is written out by hand, here and in `support/outcomes.py`. The XML is read by a parser that is not
ours and compared element by element, in its order, and has to be an OperationOutcome to the published STU3 model too.

Source: GP Connect 1.6.2, "Error handling" (Spine Secure Proxy errors, BAD_REQUEST, INVALID_RESOURCE); Spine Core SSP
implementation guide, "Response status codes"; nhsconnect/gpconnect-provider-testing issues 97 and 178 (415).
"""

from __future__ import annotations

import json
import socket
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from fhir.resources.STU3.operationoutcome import OperationOutcome
from lxml import etree
from support import outcomes, setup
from support.running import running
from support.tokens import bearer, gp_connect_1
from support.unwritable import unwritable_journal

from ssp_emulator.outcome import Reason

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from pathlib import Path

    from support.stub import StubProvider
    from support.wire import Answer

    from ssp_emulator.pki.folder import CertificateFolder

FROM, TO, UNKNOWN = setup.CONSUMER, setup.PROVIDER, "999999999999"
TARGET = f"{setup.ROOT}/Binary/1?a=<b>&c='d'"  # what XML has to escape
ELSEWHERE = "https://elsewhere.nhs.uk/Binary/1?a=<b>&c='d'"
NOTHING_KNOWN = "urn:nhs:names:services:gpconnect:fhir:rest:read:nothing-1"
JSON, XML, FHIR = "application/fhir+json", "application/fhir+xml", "{http://hl7.org/fhir}"


@dataclass(frozen=True)
class Case:
    """How an error is provoked, and what it looks like; the body is without the id that is new for each answer."""

    reason: Reason
    line: tuple[int, str]
    body: outcomes.Body
    changes: dict[str, Any] = field(default_factory=dict)
    connection: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    shown: str | None = None  # a certificate of the emulated PKI
    claims: dict[str, Any] | None = None
    provider: str = "answers"
    fails: bool = False  # the emulator itself, over a mistake of its own


def own(reason: Reason, status: int, phrase: str, issue_type: str, text: str, **how: Any) -> Case:
    """An error in the proxy's own shape."""
    body = {"resourceType": "OperationOutcome", "id": ..., **outcomes.proxy_error(issue_type, status, text)}
    return Case(reason, (status, phrase), body, **how)


def bad(text: str, **how: Any) -> Case:
    return Case(Reason.BAD_REQUEST, (400, "Bad Request"), outcomes.bad_request(text), **how)


def forbidden(reason: Reason, text: str, **changes: str) -> Case:
    return own(reason, 403, "Forbidden", "forbidden", text, changes=changes)


def method(name: str) -> Case:
    outcome = outcomes.method_not_allowed()
    return Case(Reason.METHOD_NOT_ALLOWED, (405, "Method Not Allowed"), outcome, {"method": name})


def failed(reason: Reason, status: int, phrase: str, text: str, **how: Any) -> Case:
    said = f"{text}_COMMUNICATING_TO_ENDPOINT_URL_{TARGET}"
    return own(reason, status, phrase, "transient", said, changes={"target": f"/{TARGET}"}, **how)


FAULTS = {
    "EXPIRED": "expired", "NOT_YET_VALID": "not-yet-valid", "UNTRUSTED_ISSUER": "untrusted", "REVOKED": "revoked",
    "FQDN_MISMATCH": "wrong-fqdn", "NOT_A_CLIENT_CERTIFICATE": "a server's",
}  # fmt: skip
NO_MORE = {"requests": 0}
NO_URL = "the target should be an absolute URL that begins with https:// and a host"
POSTED = {"method": "POST", "body": b"x", "fields": (("Content-Type", "text/html"), ("Content-Length", "1"))}
CASES: dict[str, Case] = {
    "400 header": bad("The header Ssp-To is missing", changes={"Ssp_To": None}),
    "400 header with markup": bad("The header Ssp-TraceID is not a GUID or UUID", changes={"Ssp_TraceID": "<&'\">"}),
    "400 target": bad(f"The target URL is not usable: {NO_URL}", changes={"target": "/http://gp.example.nhs.uk/"}),
    "400 receiver": bad(f"The header Ssp-To is not a registered ASID: {UNKNOWN}", changes={"Ssp_To": UNKNOWN}),
    "400 token": bad("The header Authorization is missing", changes={"Authorization": None}),
    "400 claim": bad("The token's reason_for_request is empty", claims={"reason_for_request": ""}),
    "400 no HTTP": bad(
        "The request is not well-formed HTTP: Invalid header token", changes={"fields": (("Bad Name", "x"),)}
    ),
    "400 endpoint": own(
        Reason.ENDPOINT_VARIES, 400, "Bad Request", "invalid",
        f"ENDPOINT_{setup.ROOT}_CPAID_{setup.CPA_ID}_VARIES_FROM_TARGETURL_{ELSEWHERE}",
        changes={"target": f"/{ELSEWHERE}"},
    ),
    "403 sender": forbidden(Reason.ASID_CHECK_FAILED, f"ASID_CHECK_FAILED_MESSAGESENDER_{UNKNOWN}", Ssp_From=UNKNOWN),
    "403 interaction": forbidden(
        Reason.ASID_CHECK_FAILED, f"ASID_CHECK_FAILED_MESSAGESENDER_{FROM}", Ssp_InteractionID=NOTHING_KNOWN
    ),
    "403 receiver": forbidden(
        Reason.PARTYKEY_CHECK_FAILED, f"PARTYKEY_INTERACTION_CHECK_FAILED_MESSAGERECEIVER_{setup.OTHER_PROVIDER}",
        Ssp_To=setup.OTHER_PROVIDER,
    ),
    "403 agreement": forbidden(
        Reason.FOT_CHECK_FAILED, f"FOT_CHECK_FAILED_MESSAGESENDER_{setup.OTHER_CONSUMER}_MESSAGERECEIVER_{TO}",
        Ssp_From=setup.OTHER_CONSUMER,
    ),
    "405 unknown to HTTP": method("BREW"),
    "405 known to HTTP": method("TRACE"),
    "415 media type": own(
        Reason.UNSUPPORTED_MEDIA_TYPE, 415, "Unsupported Media Type", "not-supported", "Unsupported_Media_Type",
        changes=POSTED, settings={"media": {"allowed": ["application/fhir+json"]}},
    ),
    "415 interaction": own(
        Reason.UNSUPPORTED_INTERACTION, 415, "Unsupported Media Type", "not-supported",
        f"ASID_CHECK_FAILED_MESSAGESENDER_{FROM}",
        changes={"Ssp_InteractionID": NOTHING_KNOWN}, settings={"compatibility": "observed-2018"},
    ),
    "422": Case(
        Reason.INVALID_RESOURCE, (422, "Unprocessable Entity"),
        outcomes.invalid_resource(
            "The token's requesting_device is not a FHIR resource: its resourceType is no FHIR type"
        ),
        claims={"requesting_device": {"resourceType": "Gadget"}},
    ),
    "429": own(
        Reason.RATE_LIMITED, 429, "Too Many Requests", "throttled",
        f"RATE_LIMIT_EXCEEDED_MESSAGESENDER_{FROM}", settings={"limits": {"sender": NO_MORE}},
    ),
    "503": own(
        Reason.UNAVAILABLE, 503, "Service Unavailable", "throttled",
        f"RATE_LIMIT_EXCEEDED_MESSAGERECEIVER_{TO}", settings={"limits": {"receiver": NO_MORE}},
    ),
    **{
        f"495 {fault}": own(
            Reason.CERTIFICATE_ERROR, 495, "SSL Certificate Error", "security",
            f"SSL_CERTIFICATE_ERROR_{fault}", shown=shown,
        )
        for fault, shown in FAULTS.items()
    },
    "496": own(
        Reason.CERTIFICATE_REQUIRED, 496, "SSL Certificate Required", "login",
        "SSL_CERTIFICATE_REQUIRED", connection={"shown": None},
    ),
    "497": own(
        Reason.PLAIN_HTTP, 497, "HTTP Request Sent to HTTPS Port", "security",
        "HTTP_REQUEST_SENT_TO_HTTPS_PORT", connection={"tls": False},
    ),
    "502": failed(Reason.BAD_GATEWAY, 502, "Bad Gateway", "ERROR", provider="is no HTTP"),
    "504 no answer": failed(
        Reason.GATEWAY_TIMEOUT, 504, "Gateway Timeout", "TIMEOUT",
        settings={"providers": {"first_byte_timeout_s": 0.1}}, provider="is silent",
    ),
    "504 no connection": failed(
        Reason.GATEWAY_TIMEOUT, 504, "Gateway Timeout", "TIMEOUT",
        settings={"providers": {"connect_timeout_s": 0.1}}, provider="shakes no hands",
    ),
    "599": failed(
        Reason.NETWORK_TIMEOUT, 599, "Network Connect Timeout Error", "TIMEOUT",
        settings={"providers": {"connect_timeout_s": 0.1, "connect_timeout_status": 599}}, provider="shakes no hands",
    ),
    "500": Case(
        Reason.INTERNAL_ERROR, (500, "Internal Server Error"),
        outcomes.spine_error(
            "INTERNAL_SERVER_ERROR", "Unexpected internal server error",
            "The emulator failed on this request; its log says why.", issue_type="processing",
        ),
        fails=True,
    ),
    "503 not recorded": own(
        Reason.NOT_RECORDED, 503, "Service Unavailable", "transient",
        "The emulator cannot write its audit trail; its log says why.",
        settings={"audit": {"journal": "full/journal.jsonl"}},
    ),
}  # fmt: skip


def test_every_reason_for_a_refusal_is_provoked() -> None:
    assert {case.reason for case in CASES.values()} == set(Reason)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_an_error_is_whole_and_exact_in_json_and_in_xml(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider, case: Case
) -> None:
    async with asking(case, tmp_path, certificates, provider) as ask:
        answers = [(media_type, await ask(media_type)) for media_type in (JSON, XML, JSON, XML)]

    ids = set()
    for media_type, answer in answers:
        assert_head(answer, case, media_type)
        assert answer.one("Content-Length") == str(len(answer.body))
        read = OperationOutcome.model_validate_json if media_type == JSON else OperationOutcome.model_validate_xml
        model = read(answer.body)
        body = {name: model.id if name == "id" else value for name, value in case.body.items()}
        assert json.loads(model.model_dump_json()) == body
        if media_type == JSON:
            assert json.dumps(answer.json()) == json.dumps(body)  # in the same order too
        else:
            assert list(elements_of(etree.fromstring(answer.body))) == list(elements_for(body))
        ids.add(model.id and str(UUID(model.id)))
    # Where there is one, it is a UUID, and new each time.
    assert len(ids) == 4 if "id" in case.body else ids == {None}


ANY_METHOD = {name: case for name, case in CASES.items() if "method" not in case.changes}


@pytest.mark.parametrize("case", ANY_METHOD.values(), ids=ANY_METHOD)
async def test_an_error_of_a_head_is_its_head_alone(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider, case: Case
) -> None:
    async with asking(case, tmp_path, certificates, provider) as ask:
        assert_head(await ask(XML, method="HEAD"), case, XML)


def assert_head(answer: Answer, case: Case, media_type: str) -> None:
    assert (answer.status, answer.phrase) == case.line
    assert answer.one("Content-Type") == f"{media_type};charset=utf-8"
    assert answer.one("Cache-Control") == "no-store"
    assert answer.one("Strict-Transport-Security") == "max-age=31536000; includeSubDomains"
    assert answer.all("Allow") == (["GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS"] if answer.status == 405 else [])


def elements_for(value: Any, path: str = "/OperationOutcome") -> Iterator[tuple[str, str | None]]:
    """Return what an outcome's XML has to be: each element's path and value, in FHIR's order."""
    yield path, None if isinstance(value, dict) else value
    for name, each in value.items() if isinstance(value, dict) else ():
        for one in each if isinstance(each, list) else [each]:
            if name != "resourceType":
                yield from elements_for(one, f"{path}/{name}")


def elements_of(element: etree._Element, path: str = "") -> Iterator[tuple[str, str | None]]:
    """Return what a document is, in the same way; there is nothing in it but elements of FHIR's and their values."""
    assert element.tag.startswith(FHIR)
    assert set(element.attrib) <= {"value"}
    assert not (element.text or "").strip()
    here = f"{path}/{element.tag.removeprefix(FHIR)}"
    yield here, element.get("value")
    for child in element:
        yield from elements_of(child, here)


@asynccontextmanager
async def asking(
    case: Case, folder: Path, certificates: CertificateFolder, provider: StubProvider
) -> AsyncIterator[Callable[..., Awaitable[Answer]]]:
    """Run an emulator for a case; yield what asks for its error in a media type, on a connection of its own."""

    async def say_nothing(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async def ask(media_type: str, **changes: Any) -> Answer:
        connection = dict(case.connection)
        if case.shown is not None:
            servers = {"a server's": certificates.ssp_server}
            connection["shown"] = servers.get(case.shown) or certificates.invalid(case.shown)
        if case.claims is not None:
            changes["Authorization"] = bearer({**gp_connect_1(), **case.claims})
        wire = await ssp.wire(**connection)
        answer = await wire.ask(ssp.request(**{**case.changes, **changes}, Connection="close", Accept=media_type))
        assert await wire.is_closed(), "something came behind the answer"
        if case.reason is not Reason.NOT_RECORDED:
            text = case.body["issue"][0].get("diagnostics", "405: Method Not Allowed")
            assert ssp.record()["denial"] == {"reason": case.reason.value, "text": text}
            assert ssp.record()["status"] == case.line[0]
        return answer

    async def fail(*_: object) -> None:
        raise ZeroDivisionError

    if case.reason is Reason.NOT_RECORDED:
        unwritable_journal(folder / "full")
    if case.provider == "is no HTTP":
        provider.answer = b"this is no HTTP\r\n\r\n"
    provider.play = say_nothing if case.provider == "is silent" else None
    with socket.create_server(("127.0.0.1", 0)) as listening:  # it takes connections, and shakes no hands
        port = listening.getsockname()[1] if case.provider == "shakes no hands" else provider.port
        with pytest.MonkeyPatch.context() as patch:
            if case.fails:
                patch.setattr("ssp_emulator.proxy.forwarding.Forwarding.forward", fail)
            async with running(folder, certificates, port, **case.settings) as ssp:
                yield ask
