"""The link by which a refusal names its own explanation: on whatever the proxy refuses, and on nothing else.

Source: RFC 8288, 3 (Link), and IANA's link relations, "describedby".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.rules import rule
from support.running import running

if TYPE_CHECKING:
    from pathlib import Path

    from support.running import Running
    from support.stub import StubProvider

    from ssp_emulator.pki.folder import CertificateFolder

TRACE_ID = "629ea9ba-a077-4d99-b289-7a9b19fd4e03"

REFUSED: dict[str, tuple[int, dict[str, Any]]] = {
    "a check": (403, {"Ssp_From": "999999999999"}),
    "a header check": (400, {"Ssp_To": None}),
    "a method": (405, {"method": "BREW"}),
    "what is no HTTP": (400, {"fields": (("Bad Name", "x"),)}),
    "HEAD": (403, {"method": "HEAD", "Ssp_From": "999999999999"}),
    "XML": (403, {"Ssp_From": "999999999999", "Accept": "application/fhir+xml"}),
}


def link(ssp: Running) -> str:
    return f'<http://{ssp.emulator.admin_address}/api/v1/traces/{TRACE_ID}>; rel="describedby"'


@pytest.mark.parametrize(("status", "changes"), REFUSED.values(), ids=REFUSED)
async def test_a_refusal_links_to_its_explanation(ssp: Running, status: int, changes: dict[str, Any]) -> None:
    answer = await ssp.ask(**{"Ssp_TraceID": TRACE_ID, **changes})

    assert answer.status == status
    assert answer.all("Link") == [link(ssp)]


async def test_so_do_plain_http_and_a_missing_certificate(ssp: Running) -> None:
    request = ssp.request(Ssp_TraceID=TRACE_ID)

    plain = await (await ssp.wire(tls=False)).ask(request)
    bare = await (await ssp.wire(shown=None)).ask(request)

    assert [(answer.status, answer.all("Link")) for answer in (plain, bare)] == [(497, [link(ssp)]), (496, [link(ssp)])]


async def test_so_do_a_provider_that_fails_and_a_fault_that_imitates_a_refusal(
    ssp: Running, provider: StubProvider
) -> None:
    await ssp.emulator.control.put([rule("off", when={"probability": 0})])
    provider.answer = b"nonsense\r\n\r\n"

    failed = await ssp.ask(Ssp_TraceID=TRACE_ID)
    imitated = await ssp.ask(Ssp_TraceID=TRACE_ID, fields=(("X-Ssp-Emulator-Fault", "off"),))

    assert (failed.status, failed.all("Link")) == (502, [link(ssp)])
    assert (imitated.status, imitated.all("Link")) == (503, [link(ssp)])


async def test_a_providers_answer_is_its_own(ssp: Running, provider: StubProvider) -> None:
    provider.answer = b'HTTP/1.1 404 None\r\nLink: </x>; rel="next"\r\nContent-Length: 0\r\n\r\n'

    answer = await ssp.ask(Ssp_TraceID=TRACE_ID)

    assert (answer.status, answer.all("Link")) == (404, ['</x>; rel="next"'])


@pytest.mark.parametrize(
    "changes",
    [
        {"Ssp_TraceID": None},
        {"Ssp_TraceID": "42"},
        {"Ssp_TraceID": f'{TRACE_ID}>; rel="next"'},
        {"Ssp_TraceID": TRACE_ID, "fields": (("Ssp-TraceID", TRACE_ID),)},
    ],
    ids=["none", "no UUID", "one that would break out", "two"],
)
async def test_without_one_trace_id_that_is_a_uuid_there_is_no_link(ssp: Running, changes: dict[str, Any]) -> None:
    answer = await ssp.ask(**changes)

    assert (answer.status, answer.all("Link")) == (400, [])


@pytest.mark.parametrize(
    "settings",
    [{"errors": {"described_by": False}}, {"admin": {"listen": None}}],
    ids=["switched off", "there is no admin API"],
)
async def test_where_there_is_nothing_to_link_to_there_is_no_link(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider, settings: dict[str, Any]
) -> None:
    async with running(tmp_path, certificates, provider.port, **settings) as ssp:
        answer = await ssp.ask(Ssp_TraceID=TRACE_ID, Ssp_From="999999999999")

        assert (answer.status, answer.all("Link")) == (403, [])


@pytest.mark.parametrize(
    ("said", "links"),
    [
        ("http://127.0.0.1:9000", [f'<http://127.0.0.1:9000/api/v1/traces/{TRACE_ID}>; rel="describedby"']),
        ("http://127.0.0.1:0", []),
    ],
)
async def test_the_environment_says_where_callers_reach_it(
    tmp_path: Path,
    certificates: CertificateFolder,
    provider: StubProvider,
    monkeypatch: pytest.MonkeyPatch,
    said: str,
    links: list[str],
) -> None:
    monkeypatch.setenv("SSP_EMULATOR_ADMIN_URL", said)
    async with running(tmp_path, certificates, provider.port) as ssp:
        answer = await ssp.ask(Ssp_TraceID=TRACE_ID, Ssp_From="999999999999")

        assert (answer.status, answer.all("Link")) == (403, links)
