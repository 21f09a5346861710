"""The plugin as a user has it: pytest in a process of its own, in which the entry point has brought it."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
from support import setup
from support.processes import ours, started

from ssp_emulator.testing.options import TOKEN_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ssp_emulator.pki.folder import CertificateFolder

PATIENCE_S = 120
INI = """
[pytest]
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
filterwarnings = error
addopts = -p no:cacheprovider --strict-markers --strict-config
"""
ASKING = """
import httpx, os, pytest

METADATA = "documents:fhir:rest:read:metadata-1"

def asked(ssp, **said):
    with httpx.Client(verify=ssp.ssl_context, timeout=10) as client:
        return client.get(ssp.url_for(METADATA), headers=ssp.headers(METADATA, **said)).status_code
"""


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A suite of a user's own, in which warnings are errors."""
    for name in ("PYTEST_XDIST_WORKER", "PYTEST_ADDOPTS", TOKEN_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    pytester.makeini(INI)
    return pytester


def run(suite: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return suite.runpytest_subprocess(*arguments, timeout=PATIENCE_S)


def test_a_suite_of_blocking_and_other_tests(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        ASKING
        + """
import gc, logging, threading

def test_that_blocks(ssp, caplog):
    caplog.set_level(logging.INFO, "ssp_emulator")
    assert asked(ssp) == 200
    ssp.assert_exchanged(times=1)
    assert any("status=200" in line for line in caplog.messages)

async def test_that_does_not(ssp):
    async with httpx.AsyncClient(verify=ssp.ssl_context, timeout=10) as client:
        with ssp.fault(effect={"kind": "bad-gateway"}) as fault:
            answer = await client.get(ssp.url_for(METADATA), headers=ssp.headers(METADATA))
    assert (answer.status_code, fault.fired) == (502, 1)

def test_fault_that_is_left_behind(ssp):
    ssp._emulated.api.asked("POST", "/faults", {"name": "left", "effect": {"kind": "bad-gateway"}})
    assert asked(ssp) == 502

def test_nothing_of_the_tests_before_is_there(ssp, capfd):
    assert ssp.exchanges() == []
    assert ssp.provider.received == []
    assert asked(ssp) == 200
    assert capfd.readouterr() == ("", "")
"""
    )
    suite.makeconftest(
        """
import threading

def pytest_unconfigure(config):
    print("threads:", [thread.name for thread in threading.enumerate()])
"""
    )

    result = run(suite, "-W", "error::ResourceWarning", "-v")

    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(["threads: ['MainThread']"])
    assert result.ret == 0


def test_what_a_test_is_told(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        ASKING
        + """
def test_unmet(ssp):
    ssp.provider.answers(path="*/Binary/*")

def test_unmet_and_failed(ssp):
    ssp.provider.answers(path="*/Binary/*")
    assert False, "of its own"

def test_unexpected(ssp):
    ssp.provider.strict = True
    asked(ssp)

def test_not_exchanged(ssp):
    asked(ssp, trace_id="not-a-uuid")
    ssp.assert_exchanged(status=200, within_s=0)

def test_bad_rule(ssp):
    with ssp.fault(effect={"kind": "nonsense"}):
        pass

def test_bad_filter(ssp):
    ssp.exchanges(status="bad")

def test_bad_answer(ssp):
    ssp.provider.answers(status="200")

def test_bad_interaction(ssp):
    ssp.url_for("nonsense")

def test_bad_key(ssp):
    ssp.token(sign_key="no key")
"""
    )

    result = run(suite, "-rfE", "--tb=short")

    result.assert_outcomes(passed=2, failed=7, errors=2)
    result.stdout.fnmatch_lines_random(
        [
            "the stub provider expected a request for */Binary/[*], and none came",
            "the stub provider did not expect GET /A20047/STU3/1/gpconnect/documents/metadata (urn:nhs:*",
            "E   AssertionError: of its own",
            "E   AssertionError: expected at least one exchange with status 200, found 0",
            "E     Send Ssp-TraceID as a GUID or UUID: it was not-a-uuid",
            "E   ssp_emulator.testing.errors.AskingError: the rule is refused:",
            "E   effect.kind: there is no 'nonsense'; these are: *",
        ]
    )
    said = result.stdout.str()
    assert (
        said.count("and none came") <= 3
    )  # one error, in its place and in the summary, and not of the one that failed
    assert "/ssp_emulator/" not in said  # nobody is shown our insides


def test_an_option_that_is_wrong_ends_it_before_it_begins(suite: pytest.Pytester) -> None:
    result = run(suite, "--ssp-emulator-admin", "localhost")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --ssp-emulator-admin should be a URL such as *, found 'localhost'"])
    assert "Traceback" not in result.stderr.str()


def test_an_emulator_that_does_not_answer_fails_those_alone_that_want_it(
    suite: pytest.Pytester, unused_tcp_port: int
) -> None:
    suite.makepyfile("def test_without(): pass\ndef test_with(ssp): pass\ndef test_too(ssp): pass")

    result = run(suite, "--ssp-emulator-admin", f"http://127.0.0.1:{unused_tcp_port}")

    result.assert_outcomes(passed=1, errors=2)
    result.stdout.fnmatch_lines(
        [
            "the emulator cannot be used:",
            f"no emulator answers at http://127.0.0.1:{unused_tcp_port}: connection refused; start one with *",
        ]
    )
    assert "Error: " not in result.stdout.str().replace("Failed: ", "")
    assert "another exception" not in result.stdout.str()
    assert ".py:" not in result.stdout.str().split("= ERRORS =")[1].split("= short test summary")[0]


def test_an_emulator_that_stops_in_the_middle_is_said_and_hides_no_test_s_own_error(suite: pytest.Pytester) -> None:
    """Here it is one of the session's own whose calls lead elsewhere of a sudden."""
    suite.makepyfile(
        """
import pytest

@pytest.fixture
def gone(ssp_emulator, monkeypatch):
    from ssp_emulator.cli.calling import Api
    nobody = Api("http://127.0.0.1:1", None)
    asked = Api.asked
    def go():
        monkeypatch.setattr(Api, "asked", lambda self, *said, **more: asked(nobody, *said, **more))
    return go

def test_in_a_block(gone, ssp):
    with ssp.fault(effect={"kind": "reset"}):
        gone()

def test_with_an_error_of_its_own(gone, ssp):
    with ssp.fault(effect={"kind": "reset"}):
        gone()
        raise RuntimeError("its own")

def test_that_ends(gone, ssp):
    gone()

@pytest.fixture
def gone_at_once(gone):
    gone()

def test_that_begins(gone_at_once, ssp):
    pass
"""
    )

    result = run(suite, "--tb=short")

    result.assert_outcomes(failed=2, passed=1, errors=2)
    said = result.stdout.str()
    assert said.count("E   RuntimeError: its own") == 1
    assert said.count("no emulator answers at http://127.0.0.1:1: connection refused") >= 3
    assert "/ssp_emulator/" not in said


def test_a_start_that_fails_is_one_message(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
import pytest

@pytest.fixture(scope="session")
def ssp_emulator_settings():
    return {"proxy": {"lissen": "x"}}

def test_with(ssp): pass
"""
    )

    result = run(suite)

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["the emulator cannot be used:", "*emulator.yaml:*: proxy.lissen: *"])
    assert "Traceback" not in result.stdout.str()
    assert ".py:" not in result.stdout.str().split("= ERRORS =")[1].split("= short test summary")[0]


def test_it_can_be_switched_off(suite: pytest.Pytester) -> None:
    suite.makepyfile("def test_without(): pass\ndef test_with(ssp): pass")

    result = run(suite, "-p", "no:ssp_emulator")

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*fixture 'ssp' not found"])


def test_the_options_and_fixtures_are_told(suite: pytest.Pytester) -> None:
    suite.makepyfile("def test_without(): pass")

    options, fixtures = run(suite, "--help"), run(suite, "--fixtures")

    options.stdout.fnmatch_lines(["emulated Spine Secure Proxy:", "*--ssp-emulator-admin=URL", "*ssp_emulator_admin*"])
    fixtures.stdout.fnmatch_lines(["ssp_emulator * -- *pytest_plugin.py*", "ssp -- *pytest_plugin.py*"])


def test_workers_of_xdist_do_not_meet(suite: pytest.Pytester, tmp_path: Path) -> None:
    """Two tests, each on a worker of its own, wait for each other inside a fault, and see what is theirs alone."""
    met = tmp_path / "met"
    met.mkdir()
    suite.makepyfile(
        ASKING
        + f'''
import pathlib, time

MET = pathlib.Path({str(met)!r})

def meet(step):
    """Wait until both workers are here."""
    (MET / f"{{step}}-{{os.environ['PYTEST_XDIST_WORKER']}}").touch()
    until = time.monotonic() + 60
    while len(list(MET.glob(f"{{step}}-*"))) < 2:
        assert time.monotonic() < until, "the other worker did not come"
        time.sleep(0.01)

@pytest.mark.parametrize("own", ["bad-gateway", "gateway-timeout"])
def test_it(ssp, own):
    (MET / f"at-{{ssp.url.rpartition(':')[2]}}").touch()
    meet("begun")
    with ssp.fault(name="the-same-name", effect={{"kind": own}}) as fault:
        meet("faulty")
        assert [asked(ssp), asked(ssp)] == [{{"bad-gateway": 502, "gateway-timeout": 504}}[own]] * 2
        meet("asked")
    assert fault.fired == 2
    ssp.assert_exchanged(times=2)
    assert {{each.denial for each in ssp.exchanges()}} == {{own}}
    assert ssp.provider.received == []
    meet("ended")
'''
    )

    result = run(suite, "-n", "2")

    result.assert_outcomes(passed=2)
    assert len(list(met.glob("at-*"))) == 2


async def test_a_running_emulator_is_used_and_what_others_have_put_there_stays(
    suite: pytest.Pytester,
    tmp_path: Path,
    certificates: CertificateFolder,
    unused_tcp_port_factory: Callable[[], int],
) -> None:
    admin, provider = unused_tcp_port_factory(), unused_tcp_port_factory()
    folder = tmp_path / "emulator"
    others = {"name": "of-others", "match": {"header": {"X-Nobody": "*"}}, "effect": {"kind": "bad-gateway"}}
    config = setup.write(
        folder, certificates, provider, admin={"listen": f"127.0.0.1:{admin}"}, faults={"rules": [others]}
    )
    suite.makepyfile(
        ASKING
        + """
@pytest.mark.parametrize("own", ["bad-gateway", "gateway-timeout", "unavailable"])
def test_it(ssp, own):
    trace_id = str(__import__("uuid").uuid4())
    with ssp.fault(name="mine", effect={"kind": own}, match={"trace_id": trace_id}) as fault:
        assert asked(ssp, trace_id=trace_id) == {"bad-gateway": 502, "gateway-timeout": 504, "unavailable": 503}[own]
    (exchange,) = ssp.assert_exchanged(times=1, trace_id=trace_id)
    assert (exchange.faults, fault.fired) == ((fault.name,), 1)

def test_provider(ssp):
    told = ssp.provider.answers(path="*/metadata", json={"resourceType": "CapabilityStatement"})
    assert asked(ssp) == 200
    assert told.received[0].client == "ssp.example.nhs.uk"
"""
    )
    async with started(folder, "up", "--config", str(config)) as emulator:
        said = [f"--ssp-emulator-admin=http://127.0.0.1:{admin}", f"--ssp-emulator-proxy=127.0.0.1:{emulator.port}"]
        said.append(f"--ssp-emulator-certificates={certificates.root}")
        parallel = await asyncio.to_thread(run, suite, *said, "-n", "2", "-k", "test_it")
        stubbed = await asyncio.to_thread(
            run, suite, *said, f"--ssp-emulator-provider=127.0.0.1:{provider}", "-k", "provider"
        )
        left = await ours(folder, "fault", "list", "--json", "--config", str(config))

    parallel.assert_outcomes(passed=3)
    stubbed.assert_outcomes(passed=1, deselected=3)
    assert [rule["name"] for rule in json.loads(left.out)["faults"]] == ["of-others"]
