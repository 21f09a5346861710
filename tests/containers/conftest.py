"""The image, built once, and what every test of containers starts from."""

from __future__ import annotations

import pytest
from support.containers import BUILD_S, IMAGE, Project


@pytest.fixture(scope="session")
def image() -> str:
    """The image of this source, built as a user builds it; its name."""
    Project().do("build", "ssp", patience_s=BUILD_S)
    return IMAGE
