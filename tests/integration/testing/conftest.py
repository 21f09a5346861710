"""Here `ssp` is the plugin's, as users have it, and not this suite's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

from ssp_emulator.pytest_plugin import ssp

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssp_emulator.testing.ssp import Ssp

__all__ = ["ssp"]

DOCUMENT = "07a6483f-732b-461e-86b6-edb665c45510"


@pytest.fixture
def retrieve(ssp: Ssp) -> Callable[..., requests.Response]:
    """Return what retrieves a document with `requests`."""

    def retrieved(resource_id: str = DOCUMENT, **said: str) -> requests.Response:
        files = ssp.certificates
        return requests.get(
            ssp.url_for(resource_id=resource_id),
            headers=ssp.headers(**said),  # type: ignore[arg-type]
            cert=(files.certificate, files.key),
            verify=files.trust,
            timeout=10,
        )

    return retrieved
