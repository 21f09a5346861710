"""An emulator of the session's own: it starts with what is said, says what is wrong, and leaves nothing behind."""

from __future__ import annotations

import gc
import socket
import threading
import warnings
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import yaml

from ssp_emulator.cli.calling import Api, UnansweredError
from ssp_emulator.errors import SetupError
from ssp_emulator.testing.options import Options
from ssp_emulator.testing.ssp import Ssp
from ssp_emulator.testing.starting import started

if TYPE_CHECKING:
    from pathlib import Path

METADATA = "documents:fhir:rest:read:metadata-1"


def options(tmp_path: Path, **said: Any) -> Options:
    usual: dict[str, Any] = dict.fromkeys(Options.__dataclass_fields__)
    return Options(**{**usual, "proxy": "", "certificates": tmp_path, "clear_faults": False, **said})


def folder(tmp_path: Path) -> Path:
    made = tmp_path / "emulator"
    made.mkdir()
    return made


def status_of(ssp: Ssp, interaction: str = METADATA, **said: Any) -> int:
    with httpx.Client(verify=ssp.ssl_context, timeout=10) as client:
        url = ssp.url_for(interaction, to_asid=said.get("to_asid"))
        return client.get(url, headers=ssp.headers(interaction, **said)).status_code


def test_nothing_is_left_of_it(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always", ResourceWarning)
        with started(folder(tmp_path), options(tmp_path), {}) as emulated:
            ssp = Ssp(emulated, "test")
            ssp.begin()
            assert status_of(ssp) == 200
            assert ssp.end() == []
        gc.collect()

    assert [thread.name for thread in threading.enumerate() if thread not in before] == []
    assert [str(each.message) for each in warned] == []
    proxy = emulated.url.removeprefix("https://").rpartition(":")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((proxy[0], int(proxy[2])), timeout=5)
    with pytest.raises(UnansweredError, match="no emulator answers"):
        Api(emulated.admin_url, None).asked("GET", "/faults")


def test_settings_are_laid_over_its_own(tmp_path: Path) -> None:
    settings = {"limits": {"sender": {"requests": 1}}, "proxy": {"tls": {"tls_1_3": True}}}
    with started(folder(tmp_path), options(tmp_path), settings) as emulated:
        ssp = Ssp(emulated, "test")
        ssp.begin()

        assert [status_of(ssp), status_of(ssp)] == [200, 429]


def test_a_registry_of_the_suite_s_own_leads_to_the_stub_provider_by_all_its_names(tmp_path: Path) -> None:
    def practice(asid: str, host: str) -> dict[str, Any]:
        endpoint = {"root": f"https://{host}/fhir", "cpa_id": "S1", "receives": ["*:documents:*"]}
        return {"asid": asid, "organisation": "X1", "party_key": "X1-1", "fqdn": host, "endpoints": [endpoint]}

    consumer = {"asid": "1", "organisation": "X1", "party_key": "X1-2", "fqdn": "app.test", "sends": ["*:documents:*"]}
    path = tmp_path / "registry.yaml"
    path.write_text(
        yaml.safe_dump(
            {
                "organisations": [{"ods": "X1", "name": "Somebody"}],
                "systems": [consumer, practice("2", "one.test"), practice("3", "two.test")],
                "agreements": [{"from": "1", "to": to, "interactions": ["*:documents:*"]} for to in ("2", "3")],
            }
        )
    )
    with started(folder(tmp_path), options(tmp_path, registry=path), {}) as emulated:
        ssp = Ssp(emulated, "test")
        ssp.begin()
        assert emulated.provider is not None
        answered = emulated.provider.answers(path="/fhir/metadata", json={"resourceType": "CapabilityStatement"})

        assert [status_of(ssp, to_asid=to) for to in ("2", "3")] == [200, 200]
        assert [got.headers["Host"] for got in answered.received] == ["one.test", "two.test"]


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"proxy": {"listening": "x"}}, "emulator.yaml:.*: proxy.listening: "),
        ({"admin": {"listen": None}}, "admin.listen should not be empty"),
        ({"audit": {"sync": "sometimes"}}, "audit.sync"),
        ({"proxy": {"listen": "192.0.2.1:1"}}, "proxy.listen: 192.0.2.1:1 is no address of this machine"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_left(tmp_path: Path, settings: dict[str, Any], why: str) -> None:
    before = set(threading.enumerate())
    with (
        pytest.raises(SetupError, match=why),
        started(folder(tmp_path), options(tmp_path), settings),
    ):
        pytest.fail("it has started")

    assert set(threading.enumerate()) <= before


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("organisations: 5", "registry.yaml:1: organisations"),
        ("organisations: []\nsystems: []", "the registry has no endpoint"),
    ],
)
def test_a_registry_that_is_no_use_is_refused_by_its_own_lines(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "registry.yaml"
    path.write_text(text)
    with (
        pytest.raises(SetupError, match=why),
        started(folder(tmp_path), options(tmp_path, registry=path), {}),
    ):
        pytest.fail("it has started")
