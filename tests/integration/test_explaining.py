"""Explanations of what really happened: a request, its record in the trail, and what that record is explained by."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from support import setup
from support.rules import rule
from support.running import running
from support.stub import StubProvider
from support.waiting import until

from ssp_emulator.audit.explaining import explain, pages
from ssp_emulator.pki.verdict import CertificateFault

if TYPE_CHECKING:
    from pathlib import Path

    from support.running import Running
    from support.stub import Play

    from ssp_emulator.audit.explaining.pages import Page
    from ssp_emulator.pki.folder import CertificateFolder

UNKNOWN = "999999999999"
CONSUMER, PROVIDER, READ = setup.CONSUMER, setup.PROVIDER, setup.READ_BINARY
NOTHING = f"{setup.DOCUMENTS}fhir:rest:read:nothing-1"
ASK_RULE = "X-Ssp-Emulator-Fault"

REFUSED: dict[str, tuple[dict[str, Any], str, Page | None]] = {
    "method": ({"method": "BREW"}, "Use GET, POST, PUT, PATCH, DELETE, HEAD or OPTIONS", pages.ERRORS),
    "no trace ID": (
        {"Ssp_TraceID": None},
        "Send the four Ssp headers once each: Ssp-TraceID was missing",
        pages.SSP,
    ),
    "an empty sender": ({"Ssp_From": ""}, "Send the four Ssp headers once each: Ssp-From was empty", pages.SSP),
    "two receivers": (
        {"fields": (("Ssp-To", "1"),)},
        "Send the four Ssp headers once each: Ssp-To came more than once",
        pages.SSP,
    ),
    "no UUID": ({"Ssp_TraceID": "42"}, "Send Ssp-TraceID as a GUID or UUID: it was 42", pages.SSP),
    "no URL": (
        {"target": "/Binary/1"},
        (
            "Append the provider's whole https URL to the proxy's address: the target should be an absolute URL that "
            "begins with https:// and a host"
        ),
        pages.SSP_IN_USE,
    ),
    "a sender that nobody knows": (
        {"Ssp_From": UNKNOWN},
        (
            f"Send the consumer's own ASID in Ssp-From, or register {UNKNOWN} under `systems` in registry.yaml: no "
            "system has it"
        ),
        pages.DIRECTORY,
    ),
    "an interaction that nobody knows": (
        {"Ssp_InteractionID": NOTHING},
        f"Send a known interaction ID in Ssp-InteractionID, letter by letter: {NOTHING} is not known",
        pages.ERRORS,
    ),
    "an interaction that is not sent": (
        {"Ssp_From": setup.OTHER_CONSUMER, "Ssp_InteractionID": setup.READ_METADATA},
        (
            f"Add {setup.READ_METADATA} under `sends` of {setup.OTHER_CONSUMER} in registry.yaml: its AS record does "
            "not hold it"
        ),
        pages.ERRORS,
    ),
    "another's certificate": (
        {"Ssp_From": PROVIDER},
        (
            f"Show the certificate of {PROVIDER}, or mend its `fqdn` in registry.yaml: the certificate's FQDN is "
            f"consumer.example.nhs.uk, and {PROVIDER} is registered with gp.example.nhs.uk"
        ),
        pages.SSP,
    ),
    "a receiver that nobody knows": (
        {"Ssp_To": UNKNOWN},
        (
            f"Look the provider's ASID up in the directory and send that in Ssp-To, or register {UNKNOWN} under "
            "`systems` in registry.yaml: no system has it"
        ),
        pages.DIRECTORY,
    ),
    "an interaction that is not received": (
        {"Ssp_To": setup.OTHER_PROVIDER},
        (
            f"Ask a provider that receives {READ}, or add it under `receives` of an endpoint of {setup.OTHER_PROVIDER} "
            "in registry.yaml: its MHS record does not hold it"
        ),
        pages.ERRORS,
    ),
    "another endpoint": (
        {"target": f"/{setup.ROOT.replace('.uk/', '.uk:443/')}/Binary/1"},
        (
            f"Begin the target with {setup.ROOT}, letter by letter as it is registered: where that goes on with "
            "“/A20047/STU3/1/gpconnect” the target has “:443/A20047/STU3/1/gpcon"
        ),
        pages.DIRECTORY,
    ),
    "half an endpoint": (
        {"target": f"/{setup.ROOT.removesuffix('/documents')}"},
        (
            f"Begin the target with {setup.ROOT}, letter by letter as it is registered: where that goes on with "
            "“/documents” the target has “its end”"
        ),
        pages.DIRECTORY,
    ),
    "no agreement": (
        {"Ssp_From": setup.OTHER_CONSUMER},
        (
            f"Ask for a data sharing agreement from {setup.OTHER_CONSUMER} to {PROVIDER} for {READ}: add it under "
            "`agreements` in registry.yaml"
        ),
        pages.ERRORS,
    ),
    "no token": (
        {"Authorization": None},
        (
            "Send the header Authorization once, with Bearer, a space and a fresh JSON Web Token (`ssp-emulator "
            "token`): it is missing"
        ),
        pages.AUDIT,
    ),
    "half a token": (
        {"Authorization": "Bearer e30.e30"},
        "Mend the token's JWT: it should have three parts joined by dots, the last may be empty; it has 2",
        pages.AUDIT,
    ),
    "a media type": (
        {"method": "POST", "fields": (("Content-Type", "text/plain"), ("Content-Length", "1")), "body": b"x"},
        (
            "Send the body as one of application/fhir+json, or list its type under `media.allowed` in emulator.yaml: "
            "it was text/plain"
        ),
        pages.ERRORS,
    ),
    "no HTTP": (
        {"fields": (("Bad Name", "x"),)},
        "Have the consumer's HTTP library send what HTTP allows: The request is not well-formed HTTP: ",
        pages.HTTP,
    ),
    "a rule that is not there": (
        {"fields": ((ASK_RULE, "nowhere"),)},
        f"Leave {ASK_RULE} out, or name a rule of `ssp-emulator fault list` in it: {ASK_RULE} should name fault rules",
        None,
    ),
}


@pytest.mark.parametrize(("changes", "remedy", "page"), REFUSED.values(), ids=REFUSED)
async def test_a_refusal_says_what_to_change_with_the_values_of_the_request(
    tmp_path: Path,
    certificates: CertificateFolder,
    provider: StubProvider,
    changes: dict[str, Any],
    remedy: str,
    page: Page | None,
) -> None:
    media = {"allowed": ["application/fhir+json"]}
    async with running(tmp_path, certificates, provider.port, media=media) as ssp:
        answer = await ssp.ask(**changes)

        told = explain(ssp.record())

    assert (told.remedy or "")[: len(remedy)] == remedy
    assert told.page == page
    assert f"refused with {answer.status}, " in told.summary


async def test_the_connections_refusals(ssp: Running) -> None:
    request = ssp.request()
    remedies = []
    for shown in ("plain", "none", "expired", "not-yet-valid", "untrusted", "revoked"):
        pair = ssp.certificates.invalid(shown) if shown not in ("plain", "none") else None
        wire = await ssp.wire(shown=pair, tls=shown != "plain")
        await wire.ask(request)
        remedies.append(explain(ssp.record()).remedy)

    beginnings = [" ".join((remedy or "").split()[:3]) for remedy in remedies[:2]]
    assert beginnings == ["Use https:// to", "Show a client"]
    words = ["has expired", "is not valid yet", "which is not trusted here", "is revoked"]
    assert [word in (remedy or "") for word, remedy in zip(words, remedies[2:], strict=True)] == [True] * 4


def test_every_fault_of_a_certificate_has_a_remedy_of_its_own() -> None:
    said = set()
    for fault in CertificateFault:
        text = f"SSL_CERTIFICATE_ERROR_{fault.value}"
        check = "sender" if fault is CertificateFault.FQDN_MISMATCH else "certificate"
        denial = {"reason": "certificate-error", "text": text}
        said.add(explain({"checks": [{"check": check, "result": "fail"}], "denial": denial}).remedy)

    assert len(said) == len(CertificateFault)


async def test_a_spent_limit_and_a_token_that_was_only_recorded(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    changes: dict[str, Any] = {"limits": {"sender": {"requests": 1}}, "token": {"mode": "record"}}
    async with running(tmp_path, certificates, provider.port, **changes) as ssp:
        await ssp.ask(Authorization=None)
        overlooked = explain(ssp.record())
        await ssp.ask(Authorization=None)
        spent = explain(ssp.record())

    assert overlooked.remedy is None
    assert (spent.remedy or "").startswith("Wait as many seconds as the answer's X-Rate-Limit-Reset says")
    assert f"{CONSUMER} has 0 of 1 left, " in (spent.remedy or "")


def answering(data: bytes) -> Play:
    """A provider that reads a request, sends some bytes, and closes."""

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(data)
        await writer.drain()

    return play


async def test_a_provider_that_refuses_breaks_off_or_speaks_no_http(ssp: Running, provider: StubProvider) -> None:
    told = []
    for data in (
        b"HTTP/1.1 404 None\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
        b"nonsense\r\n\r\n",
    ):
        provider.play = answering(data)
        with suppress(asyncio.IncompleteReadError):
            await ssp.ask()
        told.append(explain(ssp.record()))

    assert [each.page for each in told] == [pages.ERRORS, pages.SSP, pages.SSP]
    beginnings = (
        (
            "Read the OperationOutcome in the answer: the proxy let the request pass, and the provider at "
            f"127.0.0.1:{provider.port} answered 404"
        ),
        "Ask again: the answer was cut off, as the provider's was, and is not whole: ",
        "Nothing for the consumer to change, the provider has to be put right: ",
    )
    assert [(each.remedy or "")[: len(text)] for each, text in zip(told, beginnings, strict=True)] == [*beginnings]
    assert "but the answer was cut off" in told[1].summary


async def test_a_provider_that_is_away(tmp_path: Path, certificates: CertificateFolder) -> None:
    async with StubProvider(certificates) as gone:
        port = gone.port
    async with running(tmp_path, certificates, port) as ssp:
        await ssp.ask()

        told = explain(ssp.record())

    assert told.remedy == (
        f"Start the provider, or mend its `connect_to` in registry.yaml: no connection to 127.0.0.1:{port}: the "
        "connection is refused"
    )


async def test_a_consumer_that_leaves_and_a_rule_that_kept_it_waiting(ssp: Running, provider: StubProvider) -> None:
    provider.answer = b""  # never
    wire = await ssp.wire()
    await wire.send(ssp.request())
    await until(lambda: provider.received)
    await wire.close()
    await until(ssp.records)
    gone = explain(ssp.record())
    await ssp.emulator.control.put([rule("still", effect={"kind": "stall"})])
    wire = await ssp.wire()
    await wire.send(ssp.request())
    await until(lambda: ssp.emulator.faults.get("still").counts.fired)  # type: ignore[union-attr]
    await wire.close()
    await until(lambda: len(ssp.records()) == 2)
    stalled = explain(ssp.record())

    assert (gone.remedy or "").startswith("Have the consumer wait longer than ")
    assert "was gone before the answer" in gone.summary
    assert (stalled.remedy or "").startswith("The fault rule still (stall) did this on purpose: it stalled ")
    assert (stalled.remedy or "").endswith("`ssp-emulator fault remove still` lifts it")


@pytest.mark.parametrize(
    ("effect", "summary"),
    [
        ({"kind": "fot-check-failed"}, "the fault rule mine answered 403"),
        ({"kind": "connection-refused"}, "the fault rule mine answered 502"),
        ({"kind": "provider-error", "code": "NO_RECORD_FOUND"}, "the fault rule mine answered 404"),
        ({"kind": "status", "status": 503}, "the provider answered 200, which went on as 503"),
        ({"kind": "close"}, "the connection was closed without an answer"),
        ({"kind": "headers", "add": {"X-A": "1"}}, "the provider answered 200"),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else "",
)
async def test_what_a_fault_rule_did_is_said_to_be_its_doing(
    ssp: Running, effect: dict[str, Any], summary: str
) -> None:
    await ssp.emulator.control.put([rule("mine", effect=effect)])
    with suppress(asyncio.IncompleteReadError):
        await ssp.ask()

    told = explain(ssp.record())

    assert summary in told.summary
    assert (told.remedy or "").startswith(f"The fault rule mine ({effect['kind']}) did this on purpose: it ")
    assert (told.remedy or "").endswith("; `ssp-emulator fault remove mine` lifts it")
