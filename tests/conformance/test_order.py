"""Which check answers where several would refuse: the first in the order, and none behind it is reached.

Source: Spine Core SSP implementation guide (checks); GP Connect 1.6.2, "Error handling"; the order is our own.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import pytest
from support import setup
from support.running import running

if TYPE_CHECKING:
    from pathlib import Path

    from support.stub import StubProvider

    from ssp_emulator.pki.folder import CertificateFolder

UNKNOWN = "999999999999"

# Each check in the order of the table, the status that it refuses with, and one request that fails it.
FAILING: dict[str, tuple[int, dict[str, Any]]] = {
    "tls": (497, {"tls": False}),
    "certificate": (496, {"shown": None}),
    "method": (405, {"method": "BREW"}),
    "headers": (400, {"Ssp_TraceID": None}),
    "target": (400, {"target": "/nowhere"}),
    "sender": (403, {"Ssp_From": UNKNOWN}),
    "receiver": (400, {"Ssp_To": UNKNOWN}),
    "endpoint": (400, {"target": "/https://elsewhere.nhs.uk/"}),
    "agreement": (403, {"Ssp_From": setup.OTHER_CONSUMER}),
    "token": (400, {"Authorization": None}),
    "rate": (429, {}),  # by configuration
    "media": (415, {"fields": (("Content-Type", "text/html"),)}),
}


@pytest.mark.parametrize("check", FAILING)
async def test_the_first_check_that_fails_answers_whatever_else_is_wrong(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider, check: str
) -> None:
    place, media = list(FAILING).index(check), {"allowed": ["application/fhir+json"]}
    later = list(FAILING)[place:]
    spent = {"sender": {"requests": 0}}
    async with AsyncExitStack() as stack:
        free = await stack.enter_async_context(running(tmp_path / "free", certificates, provider.port, media=media))
        held = await stack.enter_async_context(
            running(tmp_path / "held", certificates, provider.port, media=media, limits=spent)
        )
        for wrong in [*([check, other] for other in later), later]:
            ssp = held if "rate" in wrong else free
            changes: dict[str, Any] = {}
            for name in reversed(wrong):  # of two that change the same thing, the earlier check's change stays
                changes |= FAILING[name][1]
            wire = await ssp.wire(tls=changes.pop("tls", True), shown=changes.pop("shown", "consumer"))
            answer = await wire.ask(ssp.request(**changes))

            results = {verdict["check"]: verdict["result"] for verdict in ssp.record()["checks"]}
            assert answer.status == FAILING[check][0], wrong
            assert list(results) == list(FAILING)
            assert [results[name] for name in later] == ["fail"] + ["not reached"] * (len(later) - 1), wrong
            assert {results[name] for name in list(FAILING)[:place]} <= {"pass", "skipped"}
    assert provider.connections == 0
