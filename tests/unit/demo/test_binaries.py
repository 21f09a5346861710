"""Which scope opens confidential documents."""

from __future__ import annotations

import pytest

from ssp_emulator.demo.provider.binaries import shows_confidential


@pytest.mark.parametrize(
    ("claims", "shown"),
    [
        ({"requested_scope": "patient/*.read conf/R"}, True),
        ({"requested_scope": "conf/R patient/*.read"}, True),
        ({"requested_scope": "patient/*.read conf/N"}, False),
        ({"requested_scope": "patient/*.read"}, False),
        ({"requested_scope": "patient/*.read conf/Rx"}, False),
        ({"requested_scope": ["conf/R"]}, False),
        ({}, False),
    ],
)
def test_only_conf_r_shows_confidential_documents(claims: dict[str, object], shown: bool) -> None:
    assert shows_confidential(claims) is shown
