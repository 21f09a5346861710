"""The Postman collection: its form, and what becomes of it when newman runs it against both processes' own parts."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from support.processes import run
from support.running import running

from ssp_emulator.cli import cli
from ssp_emulator.demo.provider import ProviderServer, ProviderSettings
from ssp_emulator.interactions import GP_CONNECT, KNOWN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssp_emulator.pki.folder import CertificateFolder

TOP = Path(__file__).parents[2]
SHIPPED = str(TOP / "config" / "emulator.yaml")
NEWMAN = "newman@6"
DOCUMENTS = {each.id for each in KNOWN if each.capability == "Access Document"}
# A token of GP Connect 0.x is another than those of 1.x that the collection makes.
OTHER_TOKENS = {each.id for each in KNOWN if each.capability == "Access Record: HTML"}
PATIENCE_S = 20.0  # for its installation, where a cache or a registry is near


def made(*arguments: str) -> dict[str, Any]:
    told = CliRunner().invoke(cli, ["postman", *(() if "--config" in arguments else ("--config", SHIPPED)), *arguments])
    assert told.exit_code == 0, told.output
    collection: dict[str, Any] = json.loads(told.output)
    return collection


def requests(collection: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for folder in collection["item"]:
        for item in folder["item"]:
            yield folder["name"], item


def headers(item: dict[str, Any]) -> dict[str, str]:
    return {each["key"]: each["value"] for each in item["request"]["header"]}


def test_there_is_a_request_for_each_interaction_in_the_folder_of_its_capability() -> None:
    collection = made()

    found = [(folder, headers(item)["Ssp-InteractionID"]) for folder, item in requests(collection)]
    assert found == [(each.capability, each.id) for each in KNOWN]
    assert len({folder["name"] for folder in collection["item"]}) == len(collection["item"]) == 6
    assert collection["info"]["schema"] == "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
    assert "consumer.p12" in collection["info"]["description"]


def test_each_request_is_whole() -> None:
    collection = made()
    variables = {each["key"]: each["value"] for each in collection["variable"]}
    of_script = {"token", "today", "in_two_weeks"}

    for _, item in requests(collection):
        request, sent = item["request"], headers(item)
        (interaction,) = [each for each in KNOWN if each.id == sent["Ssp-InteractionID"]]
        url = request["url"]
        assert {"Ssp-TraceID", "Ssp-From", "Ssp-To", "Ssp-InteractionID", "Accept"} <= sent.keys()
        assert url["raw"].startswith("{{proxy}}/{{root_")
        assert url["raw"].partition("?")[0] == "/".join([*url["host"], *url["path"]])
        assert request["method"] in interaction.methods
        assert ("body" in request) == (request["method"] != "GET")
        assert interaction.scope is not None
        assert interaction.scope in request["description"]
        used = set(re.findall(r"\{\{([a-z_]+)\}\}", json.dumps(item)))
        assert used <= variables.keys() | of_script
        if "body" in request:
            assert json.loads(request["body"]["raw"])["resourceType"] in ("Parameters", "Appointment")
            assert sent["Content-Type"] == sent["Accept"]
    assert {value for name, value in variables.items() if name.startswith("root_")} == {
        f"https://gp.example.nhs.uk/A20047/{below}"
        for below in (
            "STU3/1/gpconnect", "STU3/1/gpconnect/structured", "DSTU2/1/gpconnect", "STU3/1/gpconnect/documents", "nrl"
        )
    }  # fmt: skip


def test_what_the_registry_does_not_allow_says_so_and_is_not_tested() -> None:
    collection = made()

    allowed = {headers(item)["Ssp-InteractionID"] for _, item in requests(collection) if "event" in item}
    assert [
        headers(item)["Ssp-InteractionID"]
        for _, item in requests(collection)
        if "other tokens" in item["request"]["description"]
    ] == [each.id for each in KNOWN if each.id in OTHER_TOKENS]
    warned = {
        headers(item)["Ssp-InteractionID"]
        for _, item in requests(collection)
        if "the proxy refuses" in item["request"]["description"]
    }
    documents = {each.id for each in KNOWN if each.id.startswith(f"{GP_CONNECT}documents:")}
    assert allowed == documents
    assert warned == {each.id for each in KNOWN} - documents


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--to", "1"], "1 is the ASID of no system in the registry"),
        (["--to", ""], "an empty text is the ASID of no system in the registry"),
        (["--proxy", "localhost"], '--proxy: should be "host:port"'),
        (["--config", "nowhere.yaml"], "nowhere.yaml"),
    ],
)
def test_what_cannot_be_made_is_refused(arguments: list[str], said: str) -> None:
    refused = CliRunner().invoke(cli, ["postman", "--config", SHIPPED, *arguments])

    assert refused.exit_code != 0
    assert said in f"{refused.output}{refused.exception}"


def test_another_receiver_is_asked_where_it_listens() -> None:
    collection = made("--to", "200000000117", "--proxy", "127.0.0.1:1234")

    variables = {each["key"]: each["value"] for each in collection["variable"]}
    assert variables["to"] == "200000000117"
    assert variables["proxy"] == "https://127.0.0.1:1234"
    assert variables["root_access_document"] == "https://gp.example.nhs.uk/A20048/STU3/1/gpconnect/documents"


async def newman(folder: Path) -> str:
    """Return the program: that of the path, or one that npm installs into a folder quickly; skips where neither is."""
    if there := shutil.which("newman"):
        return there
    if shutil.which("npm") is None:
        pytest.skip("neither newman nor npm is here")
    try:
        installed = await run(
            folder,
            *("npm", "install", "--no-save", "--no-audit", "--no-fund", "--prefer-offline", "--silent", NEWMAN),
            patience_s=PATIENCE_S,
        )
    except TimeoutError:
        pytest.skip(f"npm did not install {NEWMAN} within {PATIENCE_S:.0f} s")
    if installed.code != 0:
        pytest.skip(f"npm cannot install {NEWMAN} here: {installed.err[-200:]}")
    return str(folder / "node_modules" / ".bin" / "newman")


async def test_newman_runs_it_and_each_request_that_the_registry_allows_reaches_its_provider(
    tmp_path: Path, certificates: CertificateFolder
) -> None:
    (tmp_path / "newman").mkdir()
    program = await newman(tmp_path / "newman")
    provider = ProviderServer(
        ProviderSettings(
            certificate=certificates.provider.certificate,
            key=certificates.provider.key,
            trust=certificates.chain,
            host="127.0.0.1",
            port=0,
        )
    )
    async with provider, running(tmp_path / "config", certificates, provider.port) as ssp:
        collection = made("--config", str(tmp_path / "config" / "emulator.yaml"), "--proxy", f"localhost:{ssp.port}")
        (tmp_path / "collection.json").write_text(json.dumps(collection))
        ended = await run(
            tmp_path,
            *(program, "run", "collection.json", "--reporters", "cli,json", "--reporter-json-export", "report.json"),
            *("--color", "off", "--disable-unicode", "--ssl-extra-ca-certs", str(certificates.chain)),
            *("--ssl-client-cert", str(certificates.consumer.certificate)),
            *("--ssl-client-key", str(certificates.consumer.key)),
        )
        records = ssp.records()

    report = json.loads((tmp_path / "report.json").read_text())
    answers = {each["item"]["name"]: each["response"]["code"] for each in report["run"]["executions"]}
    assert report["run"]["stats"]["requests"] == {"total": len(KNOWN), "pending": 0, "failed": 0}, ended.out
    assert [record["interaction"] for record in records] == [each.id for each in KNOWN]
    assert len({record["trace_id"] for record in records}) == len(KNOWN)
    tested = {headers(item)["Ssp-InteractionID"] for _, item in requests(collection) if "event" in item}
    assert tested > DOCUMENTS
    for record in records:
        name = record["interaction"].removeprefix(GP_CONNECT)
        token = [check for check in record["checks"] if check["check"] == "token"]
        if record["interaction"] in tested:
            # The demo provider knows documents only; but every request reaches it.
            assert (record["denial"], record["provider"] is None) == (None, False), record
            assert [check["result"] for check in token] == ["pass"]
        if record["interaction"] in DOCUMENTS:
            assert answers[name] == 200
            assert record["advisories"] == []
        if record["interaction"] not in tested:
            refused = [check["check"] for check in record["checks"] if check["result"] == "fail"]
            assert refused == ["token" if record["interaction"] in OTHER_TOKENS else "sender"]
