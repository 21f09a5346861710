"""The pytest plugin: an emulated Spine Secure Proxy for the test suites of consumers (docs/pytest.md).

It is loaded in every session of everybody who has the package installed. So what it needs is imported by the fixture
that needs it, and a suite that uses none pays next to nothing.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from ssp_emulator.testing import options

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

    from ssp_emulator.testing.emulated import Emulated
    from ssp_emulator.testing.ssp import Ssp

_OPTIONS = pytest.StashKey[options.Options]()
_PASSED = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    options.add_to(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Examine the options before anything is run."""
    config.stash[_OPTIONS] = options.read(config)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep whether a test has passed: what the stub provider missed is not worth a second complaint."""
    report = yield
    if call.when == "call":
        item.stash[_PASSED] = report.passed
    return report


@pytest.fixture(scope="session")
def ssp_emulator_settings() -> Mapping[str, Any]:
    """Settings of the session's own emulator, as `emulator.yaml` has them; override it to have others."""
    return {}


@pytest.fixture(scope="session")
def ssp_emulator(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    ssp_emulator_settings: Mapping[str, Any],
) -> Iterator[Emulated]:
    """An emulator for the session: one of its own with a stub provider, or the running one that an option names.

    Tests want `ssp`; this is for fixtures of a session's scope.
    """
    from ssp_emulator.errors import SetupError  # noqa: PLC0415 - only who uses the fixture pays for the emulator
    from ssp_emulator.testing.attaching import attached  # noqa: PLC0415
    from ssp_emulator.testing.starting import started  # noqa: PLC0415

    said = request.config.stash[_OPTIONS]
    wrong: list[str] = []
    emulated: Emulated | None = None
    with ExitStack() as running:
        try:
            if said.admin is not None:
                emulated = running.enter_context(attached(said))
            else:
                folder = tmp_path_factory.mktemp("ssp-emulator")
                emulated = running.enter_context(started(folder, said, ssp_emulator_settings))
        except (SetupError, OSError) as error:
            wrong += error.lines if isinstance(error, SetupError) else [str(error)]
        if emulated is None:  # outside of what was caught, which pytest would show as well
            pytest.fail("\n".join(["the emulator cannot be used:", *wrong]), pytrace=False)
        yield emulated


@pytest.fixture
def ssp(request: pytest.FixtureRequest, ssp_emulator: Emulated) -> Iterator[Ssp]:
    """The emulated Spine for one test: where it is, what to show it, faults, the stub provider, and the audit trail."""
    from ssp_emulator.testing.errors import AskingError  # noqa: PLC0415 - as above
    from ssp_emulator.testing.ssp import Ssp  # noqa: PLC0415

    made = Ssp(ssp_emulator, str(request.node.name))
    wrong = ""
    try:
        made.begin()
    except AskingError as error:
        wrong = str(error)
    if wrong:
        pytest.fail(wrong, pytrace=False)
    yield made
    try:
        missed = made.end()
    except AskingError as error:
        missed = [str(error)]
    if missed and request.node.stash.get(_PASSED, False):
        pytest.fail("\n".join(missed), pytrace=False)
