"""444: refusals that the configuration leaves unsaid; the connection closes, and the trail tells why.

Source: Spine Core SSP implementation guide, "Response status codes", 444.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from support.running import running

if TYPE_CHECKING:
    from pathlib import Path

    from support.stub import StubProvider

    from ssp_emulator.pki.folder import CertificateFolder

CASES: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "plain HTTP": ("plain-http", {"tls": False}, {}),
    "no certificate": ("certificate-required", {"shown": None}, {}),
    "a missing header": ("bad-request", {}, {"Ssp_To": None}),
    "what is no HTTP": ("bad-request", {}, {"target": "/\x01"}),
}


@pytest.mark.parametrize(("reason", "connection", "changes"), CASES.values(), ids=CASES)
async def test_what_is_left_unsaid_closes_the_connection_and_is_444_in_the_trail(
    tmp_path: Path,
    certificates: CertificateFolder,
    provider: StubProvider,
    reason: str,
    connection: dict[str, Any],
    changes: dict[str, Any],
) -> None:
    async with running(tmp_path, certificates, provider.port, errors={"unanswered": [reason]}) as ssp:
        wire = await ssp.wire(**connection)
        await wire.send(ssp.request(**changes))

        assert await wire.is_closed()
        assert ssp.record()["status"] == 444
        assert ssp.record()["denial"]["reason"] == reason
        assert ssp.record()["bytes"]["to_consumer"] == 0
        assert (await ssp.ask(Ssp_From="999999999999")).status == 403
        assert provider.connections == 0


async def test_a_body_that_nobody_reads_holds_no_unanswered_close_up(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    async with running(tmp_path, certificates, provider.port, errors={"unanswered": ["bad-request"]}) as ssp:
        wire = await ssp.wire()
        await wire.send(ssp.request(method="POST", Ssp_To=None, fields=(("Content-Length", "1000"),), body=b"some"))

        assert await asyncio.wait_for(wire.is_closed(), 1)  # half of what the rest of a refused body is waited for
        assert ssp.record()["status"] == 444
        assert provider.connections == 0
