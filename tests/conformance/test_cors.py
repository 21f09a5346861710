"""OPTIONS, answered by the proxy itself, and the CORS fields of every other answer.

Source: Spine Core SSP implementation guide, "CORS"; the public provider test suite, which reads the methods from
Access-Control-Request-Method; Fetch standard, "CORS protocol".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support import setup
from support.running import running
from support.stub import OK

if TYPE_CHECKING:
    from pathlib import Path

    from support.running import Running
    from support.stub import StubProvider
    from support.wire import Answer

    from ssp_emulator.pki.folder import CertificateFolder

APP = "https://app.example.nhs.uk"
EVERY = "GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS"
NO_SSP = dict.fromkeys(("Ssp_TraceID", "Ssp_From", "Ssp_To", "Ssp_InteractionID", "Authorization"))
PREFLIGHT = {**NO_SSP, "Origin": APP, "Access_Control_Request_Method": "GET"}


def methods(answer: Answer) -> str:
    """Return the methods that an answer lists, in both of their places."""
    assert answer.one("Access-Control-Allow-Methods") == answer.one("Access-Control-Request-Method")
    return answer.one("Access-Control-Allow-Methods")


async def test_a_browsers_preflight_gets_every_method(ssp: Running, provider: StubProvider) -> None:
    answer = await ssp.ask(method="OPTIONS", **PREFLIGHT)

    assert (answer.status, answer.phrase, answer.body) == (200, "OK", b"")
    assert answer.one("Access-Control-Allow-Origin") == "*"
    assert methods(answer) == EVERY
    assert {"Authorization", "Ssp-From", "Ssp-To", "Ssp-TraceID", "Ssp-InteractionID", "Content-Type"} <= set(
        answer.one("Access-Control-Allow-Headers").split(", ")
    )
    assert answer.one("Access-Control-Max-Age") == "600"
    assert answer.one("Strict-Transport-Security")
    assert [check["result"] for check in ssp.record()["checks"]] == [*["pass"] * 3, *["not reached"] * 9]
    assert ssp.record()["status"] == 200
    assert provider.connections == 0


@pytest.mark.parametrize(
    ("interaction", "target", "listed"),
    [
        (setup.READ_BINARY, f"/{setup.ROOT}/Binary/1", "GET"),
        (setup.REGISTER_PATIENT, f"/{setup.FOUNDATIONS_ROOT}/Patient/$gpc.registerpatient", "POST"),
    ],
)
async def test_with_ssp_headers_the_methods_are_the_interactions(
    ssp: Running, provider: StubProvider, interaction: str, target: str, listed: str
) -> None:
    answer = await ssp.ask(method="OPTIONS", target=target, Ssp_InteractionID=interaction, Authorization=None)

    assert answer.status == 200
    assert methods(answer) == listed
    assert answer.one("Access-Control-Allow-Origin") == "*"
    assert [check["result"] for check in ssp.record()["checks"]] == [*["pass"] * 8, *["not reached"] * 4]
    assert provider.connections == 0


@pytest.mark.parametrize(
    ("changes", "status", "text"),
    [
        ({"Ssp_TraceID": None}, 400, "The header Ssp-TraceID is missing"),
        ({"target": "/http://gp.example.nhs.uk/"}, 400, "The target URL is not usable"),
        ({"Ssp_From": "999999999999"}, 403, "ASID_CHECK_FAILED_MESSAGESENDER_999999999999"),
        ({"Ssp_To": "999999999999"}, 400, "The header Ssp-To is not a registered ASID"),
        ({"target": "/https://elsewhere.nhs.uk/"}, 400, f"ENDPOINT_{setup.ROOT}_CPAID_"),
    ],
    ids=["headers", "target", "sender", "receiver", "endpoint"],
)
async def test_with_ssp_headers_checks_1_to_8_are_passed_first(
    ssp: Running, provider: StubProvider, changes: dict[str, Any], status: int, text: str
) -> None:
    answer = await ssp.ask(method="OPTIONS", **changes)

    assert answer.status == status
    assert answer.json()["issue"][0]["diagnostics"].startswith(text)
    assert provider.connections == 0


@pytest.mark.parametrize(("connection", "status"), [({"tls": False}, 497), ({"shown": None}, 496)])
async def test_a_preflight_passes_checks_1_to_3_too(ssp: Running, connection: dict[str, Any], status: int) -> None:
    answer = await (await ssp.wire(**connection)).ask(ssp.request(method="OPTIONS", **PREFLIGHT))

    assert answer.status == status


async def test_a_preflight_with_a_body_leaves_the_connection_in_order(ssp: Running) -> None:
    wire = await ssp.wire()

    first = await wire.ask(ssp.request(method="OPTIONS", body=b"GET /", fields=(("Content-Length", "5"),), **PREFLIGHT))
    second = await wire.ask(ssp.request())

    assert (first.status, second.status) == (200, 200)


@pytest.mark.parametrize(
    ("changes", "status"), [({}, 200), ({"Ssp_From": "999999999999"}, 403)], ids=["forwarded", "refused"]
)
async def test_other_answers_to_a_page_carry_the_fields_that_let_it_read_them(
    ssp: Running, changes: dict[str, Any], status: int
) -> None:
    answer = await ssp.ask(Origin=APP, **changes)

    assert answer.status == status
    assert answer.one("Access-Control-Allow-Origin") == "*"
    assert "ETag" in answer.one("Access-Control-Expose-Headers").split(", ")
    assert answer.all("Access-Control-Allow-Methods") == []


@pytest.mark.parametrize(
    ("status", "connection", "changes"),
    [
        (497, {"tls": False}, {}),
        (496, {"shown": None}, {}),
        (405, {}, {"method": "BREW"}),
        (405, {}, {"method": "TRACE"}),
        (400, {}, {"fields": (("Bad Name", "x"),)}),
        (400, {}, {"Ssp_TraceID": None}),
        (400, {}, {"Authorization": None}),
        (400, {}, {"method": "OPTIONS", "Ssp_TraceID": None}),
        (502, {}, {}),
    ],
)
async def test_a_page_may_read_every_refusal(
    ssp: Running, provider: StubProvider, status: int, connection: dict[str, Any], changes: dict[str, Any]
) -> None:
    provider.answer = b"this is no HTTP\r\n\r\n"

    answer = await (await ssp.wire(**connection)).ask(ssp.request(Origin=APP, **changes))

    assert answer.status == status
    assert answer.one("Access-Control-Allow-Origin") == "*"
    assert "Content-Type" in answer.one("Access-Control-Expose-Headers").split(", ")


async def test_the_answer_to_options_tells_a_known_sender_of_its_limit(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    async with running(tmp_path, certificates, provider.port, limits={"sender": {"requests": 5}}) as ssp:
        answer = await ssp.ask(method="OPTIONS", Authorization=None)

        assert answer.status == 200
        assert (answer.one("X-Rate-Limit-Limit"), answer.one("X-Rate-Limit-Remaining")) == ("5", "5")
        assert answer.one("X-Rate-Limit-Reset") == "60"


async def test_without_an_origin_no_answer_speaks_of_cors(ssp: Running) -> None:
    answer = await ssp.ask()

    assert [name for name, _ in answer.fields if name.lower().startswith("access-control")] == []


async def test_what_a_provider_says_of_cors_itself_stands(ssp: Running, provider: StubProvider) -> None:
    provider.answer = b"HTTP/1.1 204 No Content\r\naccess-control-allow-origin: https://its.own\r\n\r\n"

    answer = await ssp.ask(Origin=APP)

    assert answer.all("Access-Control-Allow-Origin") == ["https://its.own"]


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [(APP, [APP]), ("https://elsewhere.example", []), (None, [])],
    ids=["ours", "another", "none"],
)
@pytest.mark.parametrize("method", ["OPTIONS", "GET"])
async def test_where_origins_are_listed_others_are_not_allowed(
    tmp_path: Path,
    certificates: CertificateFolder,
    provider: StubProvider,
    method: str,
    origin: str | None,
    allowed: list[str],
) -> None:
    async with running(tmp_path, certificates, provider.port, cors={"origins": [APP], "max_age_s": 5}) as ssp:
        answer = await ssp.ask(method=method, Origin=origin)

        assert answer.status == 200
        assert answer.all("Access-Control-Allow-Origin") == allowed
        assert answer.all("Vary") == ["Origin"]
        assert len(answer.all("Access-Control-Expose-Headers")) == len(allowed)
        assert answer.all("Access-Control-Max-Age") == (["5"] if method == "OPTIONS" else [])


async def test_what_a_provider_varies_by_stands_beside_the_origin(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    provider.answer = OK.replace(b"\r\n", b"\r\nVary: Accept\r\n", 1)
    async with running(tmp_path, certificates, provider.port, cors={"origins": [APP]}) as ssp:
        answer = await ssp.ask(Origin=APP)

        assert answer.all("Vary") == ["Accept", "Origin"]
