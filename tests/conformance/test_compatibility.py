"""An interaction that nobody knows: 403 as documented, 415 as testers saw in 2018, with the same text.

Source: GP Connect 1.6.2, "Error handling"; nhsconnect/gpconnect-provider-testing issues 97 and 178.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support import setup
from support.running import running

if TYPE_CHECKING:
    from pathlib import Path

    from support.stub import StubProvider

    from ssp_emulator.pki.folder import CertificateFolder

NOBODYS = "urn:nhs:names:services:gpconnect:fhir:rest:read:nothing-1"


@pytest.mark.parametrize(
    ("compatibility", "sender", "interaction", "status", "code"),
    [
        ("documented", setup.CONSUMER, NOBODYS, 403, "forbidden"),
        ("observed-2018", setup.CONSUMER, NOBODYS, 415, "not-supported"),
        ("observed-2018", setup.OTHER_CONSUMER, setup.READ_METADATA, 403, "forbidden"),
        ("observed-2018", "999999999999", NOBODYS, 403, "forbidden"),
    ],
    ids=["documented", "observed", "observed: known, but not this sender's", "observed: not a known sender"],
)
async def test_an_unknown_interaction_is_refused_as_configured(
    tmp_path: Path,
    certificates: CertificateFolder,
    provider: StubProvider,
    compatibility: str,
    sender: str,
    interaction: str,
    status: int,
    code: str,
) -> None:
    async with running(tmp_path, certificates, provider.port, compatibility=compatibility) as ssp:
        answer = await ssp.ask(Ssp_From=sender, Ssp_InteractionID=interaction)

        (issue,) = answer.json()["issue"]
        assert answer.status == status
        assert issue["code"] == code
        assert issue["details"]["coding"][0]["code"] == str(status)
        assert issue["details"]["coding"][0]["display"] == f"ASID_CHECK_FAILED_MESSAGESENDER_{sender}"
        assert issue["diagnostics"] == f"ASID_CHECK_FAILED_MESSAGESENDER_{sender}"
        assert provider.connections == 0
