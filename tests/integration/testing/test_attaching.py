"""A running emulator is used by its addresses; what others have put into it stays."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from ssp_emulator.errors import SetupError
from ssp_emulator.testing.attaching import attached
from ssp_emulator.testing.errors import AskingError
from ssp_emulator.testing.options import TOKEN_VARIABLE, Options
from ssp_emulator.testing.ssp import Ssp
from ssp_emulator.testing.starting import started

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ssp_emulator.testing.emulated import Emulated

RULE = {"effect": {"kind": "bad-gateway"}}


def options(running: Emulated, **said: Any) -> Options:
    usual: dict[str, Any] = {
        "admin": running.admin_url,
        "proxy": running.url.removeprefix("https://"),
        "sds": None,
        "certificates": running.certificates.folder.root,
        "token_file": None,
        "provider": None,
        "registry": None,
        "scenarios": None,
        "clear_faults": False,
    }
    return Options(**{**usual, **said})


@pytest.fixture
def attach(ssp_emulator: Emulated) -> Iterator[Callable[..., Ssp]]:
    """Return what attaches to the session's emulator, as if somebody else had started it."""
    with ExitStack() as attachments:

        def made(**said: Any) -> Ssp:
            ssp = Ssp(attachments.enter_context(attached(options(ssp_emulator, **said))), "test_one[of-many]")
            ssp.begin()
            return ssp

        yield made


def status_of(ssp: Ssp) -> int:
    with httpx.Client(verify=ssp.ssl_context, timeout=10) as client:
        return client.get(ssp.url_for(resource_id="x"), headers=ssp.headers()).status_code


def rules(ssp: Ssp) -> set[str]:
    return {rule["name"] for rule in ssp._emulated.api.asked("GET", "/faults")["faults"]}


def test_it_is_used_as_one_of_ours_would_be(ssp: Ssp, attach: Callable[..., Ssp]) -> None:
    theirs = attach()

    with theirs.fault({"name": "down", **RULE}) as down:
        assert status_of(theirs) == 502
        assert (down.fired, down.name.startswith("down-test_one-of-many")) == (1, True)
    assert status_of(theirs) == 404
    (exchange,) = theirs.assert_exchanged(times=1, fault="down")
    assert exchange.faults == (down.name,)
    theirs.assert_exchanged(times=2)
    assert theirs.service_root() == ssp.service_root()


def test_rules_of_others_stay(ssp: Ssp, attach: Callable[..., Ssp]) -> None:
    with ssp.fault(name="somebody-s", when={"skip": 1000}, **RULE):
        theirs, also = attach(), attach()
        with theirs.fault(name="mine", **RULE) as mine, also.fault(name="mine", **RULE) as of_another:
            theirs.begin()  # what a test before has left is lifted, and that was its own
            left = rules(ssp)
        theirs.end()

        assert mine.name != of_another.name
        assert left == {"somebody-s", of_another.name}
        assert rules(ssp) == {"somebody-s"}


def test_all_rules_are_lifted_where_that_is_said(ssp: Ssp, attach: Callable[..., Ssp]) -> None:
    with ssp.fault(name="somebody-s", **RULE):
        attach(clear_faults=True)

        assert rules(ssp) == set()


def test_a_long_name_is_cut_to_what_a_name_may_be(attach: Callable[..., Ssp]) -> None:
    with attach().fault(name="a" * 64, **RULE) as fault:
        assert len(fault.name) == 64


def test_there_is_no_stub_provider_unless_its_address_is_said(attach: Callable[..., Ssp]) -> None:
    with pytest.raises(AskingError, match="say with --ssp-emulator-provider at which of those addresses"):
        _ = attach().provider


def test_a_stub_provider_listens_where_that_is_said(attach: Callable[..., Ssp]) -> None:
    ssp = attach(provider="127.0.0.1:0")

    assert ssp.provider.address.port > 0
    assert ssp.end() == []


def test_sds_is_where_that_is_said(ssp: Ssp, attach: Callable[..., Ssp]) -> None:
    with pytest.raises(AskingError, match="nobody said where SDS is: say so with --ssp-emulator-sds"):
        _ = attach().sds_url
    assert attach(sds=ssp.sds_url).sds_url == ssp.sds_url


def test_an_address_that_is_taken_is_said(attach: Callable[..., Ssp]) -> None:
    taken = str(attach(provider="127.0.0.1:0").provider.address)

    with pytest.raises(SetupError, match=f"--ssp-emulator-provider: cannot listen on {taken}: Address already in use"):
        attach(provider=taken)


@pytest.mark.parametrize(("option", "text"), [("admin", "http://-:1"), ("proxy", "a..b:1"), ("provider", "-:1")])
def test_an_address_that_none_can_be_is_refused(attach: Callable[..., Ssp], option: str, text: str) -> None:
    with pytest.raises(SetupError, match=f'should be "host:port", .*, found {text.removeprefix("http://")!r}'):
        attach(**{option: text})


def test_certificates_that_are_not_there_are_said(attach: Callable[..., Ssp], tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"cannot read .*consumer\.crt: .*; say with --ssp-emulator-certificates"):
        attach(certificates=tmp_path)


@pytest.mark.parametrize("text", ["two words", "naïve", ""])
def test_a_token_that_none_can_be_is_refused(
    attach: Callable[..., Ssp], tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, " ")  # as a compose file has it where nobody said one
    path = tmp_path / "token"
    path.write_text(text)
    with pytest.raises(SetupError, match=r"^the admin token should be letters, digits and any of -\._~") as raised:
        attach(token_file=path)
    assert not text or text not in str(raised.value)


def test_an_emulator_that_wants_a_token_is_shown_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    token, other = tmp_path / "token", tmp_path / "other"
    token.write_text("0123456789abcdef\n")
    other.write_text("fedcba9876543210\n")
    folder = tmp_path / "emulator"
    folder.mkdir()
    usual = Options(None, "", None, tmp_path, None, None, None, None, clear_faults=False)
    with started(folder, usual, {"admin": {"token": str(token)}}) as running:
        with attached(options(running, token_file=token)) as emulated:
            assert emulated.api.asked("GET", "/faults")["faults"] == []
        for said, why in ((None, "should show the token"), (other, "this is not the token")):
            with (
                pytest.raises(SetupError, match=f"refuses: .*{why}.*; set {TOKEN_VARIABLE}, or say --ssp-emulator-t"),
                attached(options(running, token_file=said)),
            ):
                pytest.fail("it is let in")
        monkeypatch.setenv(TOKEN_VARIABLE, "0123456789abcdef")
        with attached(options(running, token_file=other)) as emulated:
            assert emulated.api.asked("GET", "/faults")["faults"] == []
