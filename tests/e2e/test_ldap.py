"""The LDAP face: what is exported, served by OpenLDAP and looked up as consumers do.

The server is Debian's slapd, started by the script that the container starts it by.
"""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest
import yaml
from support import slapd
from support.ports import free_port
from support.slapd import TOP, Entries, Server, ran, read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(bool(slapd.MISSING), reason=f"not installed: {', '.join(slapd.MISSING)}")

ADDRESS = "ldap://localhost:1389"  # in the document
SERVE = TOP / "docker" / "ldap" / "serve"
DOCUMENTS = "urn:nhs:names:services:gpconnect:documents:fhir:rest:"
READ = f"{DOCUMENTS}read:binary-1"
ROOT = "https://gp.example.nhs.uk/{}/STU3/1/gpconnect/documents"
NAMES = ["Śródmieście ☂", "Ysbyty'r Wyddgrug, Ŵyl", "  spaces  ", ": <colon", "two\nlines", "日本" * 60, "\U0001f3e5"]
PRACTICES = 3000


def practices() -> Iterator[dict[str, object]]:
    for number in range(PRACTICES):
        ods = f"Z{number}"
        yield {
            "asid": str(300_000_000_000 + number),
            "organisation": ods,
            "party_key": f"{ods}-820001",
            "fqdn": f"gp-{number}.example.nhs.uk",
            "endpoints": [{"root": ROOT.format(ods), "cpa_id": f"S{number}", "receives": [f"{DOCUMENTS}*"]}],
        }


@pytest.fixture(scope="module")
def configured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with settings and a registry: the shipped one, and thousands of practices more."""
    folder = tmp_path_factory.mktemp("config")
    registry = yaml.safe_load((TOP / "config" / "registry.yaml").read_text())
    registry["organisations"] += [{"ods": f"Z{n}", "name": NAMES[n % len(NAMES)]} for n in range(PRACTICES)]
    registry["systems"] += practices()
    (folder / "registry.yaml").write_text(yaml.safe_dump(registry, allow_unicode=True))
    (folder / "emulator.yaml").write_text("registry: registry.yaml\n")
    return folder


@pytest.fixture(scope="module")
def exported(configured: Path) -> Path:
    output = configured / "directory.ldif"
    done = ran("ssp-emulator", "registry", "ldif", "--config", configured / "emulator.yaml", "--output", output)
    assert (done.returncode, done.stderr) == (0, "")
    return output


@pytest.fixture(scope="module")
def server(configured: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("ldap")
    command = ("env", f"SSP_CONFIG={configured / 'emulator.yaml'}", SERVE, folder)
    with slapd.running(folder, *command) as running:
        yield running


def endpoint(server: Server, ods: str, interaction: str = READ) -> Entries:
    """The first look-up: endpoint and party key."""
    question = f"(&(nhsIDCode={ods})(objectClass=nhsMhs)(nhsMhsSvcIA={interaction}))"
    return server.search(question, "nhsMhsEndPoint", "nhsMHSPartyKey")


def accredited(server: Server, ods: str, party_key: str) -> Entries:
    """The second look-up: the ASID."""
    question = f"(&(nhsIDCode={ods})(objectClass=nhsAs)(nhsMHSPartyKey={party_key}))"
    return server.search(question, "uniqueIdentifier")


@pytest.mark.parametrize(
    ("ods", "party_key", "asid"),
    [
        ("A20047", "A20047-810002", "200000000116"),
        ("A20048", "A20048-810003", "200000000117"),
        ("a20047", "a20047-810002", "200000000116"),  # codes are found whatever their case
        ("Z2999", "Z2999-820001", "300000002999"),
    ],
)
@pytest.mark.parametrize("interaction", [READ, f"{DOCUMENTS}search:documentreference-1"])
def test_two_look_ups_lead_to_endpoint_and_asid(
    ods: str, party_key: str, asid: str, interaction: str, server: Server
) -> None:
    (found,) = endpoint(server, ods, interaction).values()
    assert found == {"nhsMhsEndPoint": [ROOT.format(ods.upper())], "nhsMhsPartyKey": [party_key.upper()]}

    assert accredited(server, ods, party_key) == {
        f"uniqueIdentifier={asid},ou=services,o=nhs": {"uniqueIdentifier": [asid]}
    }


@pytest.mark.parametrize(
    ("ods", "interaction"),
    [
        ("A99999", READ),  # nobody
        ("A1001", READ),  # a consumer, which receives nothing
        ("A20047", "urn:nhs:names:services:gpconnect:structured:fhir:rest:read:metadata-1"),
        ("A20047", f"{DOCUMENTS}*x"),
        ("A20047", READ.upper()),  # interactions are found letter by letter
    ],
)
def test_what_nobody_receives_has_no_endpoint(ods: str, interaction: str, server: Server) -> None:
    assert endpoint(server, ods, interaction) == {}
    assert len(endpoint(server, "A20047")) == 1


@pytest.mark.parametrize(("ods", "party_key"), [("A20047", "A20048-810003"), ("A99999", "A20047-810002")])
def test_a_party_key_of_another_has_no_asid(ods: str, party_key: str, server: Server) -> None:
    assert accredited(server, ods, party_key) == {}
    assert len(accredited(server, "A20047", "A20047-810002")) == 1


def test_a_provider_is_found_by_what_it_is_accredited_for_as_well(server: Server) -> None:
    question = f"(&(nhsIDCode=A20048)(objectClass=nhsAS)(nhsAsSvcIA={READ}))"

    assert server.search(question, "nhsMhsPartyKey") == {
        "uniqueIdentifier=200000000117,ou=services,o=nhs": {"nhsMhsPartyKey": ["A20048-810003"]}
    }


def test_names_are_served_as_they_are_registered(server: Server) -> None:
    for number, name in enumerate(NAMES):
        (found,) = server.search(f"(uniqueIdentifier={300_000_000_000 + number})", "description").values()
        assert found == {"description": [name]}


def spelt_alike(entries: Entries) -> Entries:
    return {
        dn.lower(): {name.lower(): sorted(values) for name, values in entry.items()} for dn, entry in entries.items()
    }


def test_everything_that_was_exported_is_served(server: Server, exported: Path) -> None:
    served = server.search("(objectClass=*)", base="o=nhs")

    assert len(served) == 2 + 5 + 2 * PRACTICES
    assert spelt_alike(served) == spelt_alike(read(exported.read_text()))


def test_nobody_can_change_it(server: Server, tmp_path: Path) -> None:
    addition = tmp_path / "addition.ldif"
    addition.write_text("dn: ou=more,o=nhs\nobjectClass: organizationalUnit\nou: more\n")

    done = server.ask("ldapadd", "-f", addition)

    assert done.returncode == 8, done.stderr
    assert "modifications require authentication" in done.stderr
    assert server.search("(ou=more)", base="o=nhs") == {}


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """The server's configuration for an empty database, which its administrator may change."""
    (tmp_path / "data").mkdir()
    text = (TOP / "docker" / "ldap" / "slapd.conf").read_text().replace("@FOLDER@", str(tmp_path))
    administrator = 'rootdn "cn=admin,o=nhs"\nrootpw secret'
    (tmp_path / "slapd.conf").write_text(text.replace("readonly on", administrator))
    done = ran("ssp-emulator", "registry", "ldap-schema", "--output", tmp_path / "sds.schema")
    assert (done.returncode, done.stderr) == (0, "")
    return tmp_path


def test_a_running_server_takes_the_export_as_it_is(empty: Path) -> None:
    output = empty / "directory.ldif"
    config = TOP / "config" / "emulator.yaml"
    assert ran("ssp-emulator", "registry", "ldif", "--config", config, "--output", output).returncode == 0

    with slapd.running(empty, "slapd", "-d", "0", "-f", empty / "slapd.conf", "-h") as server:
        done = server.ask("ldapadd", "-D", "cn=admin,o=nhs", "-w", "secret", "-f", output)

        assert (done.returncode, done.stderr) == (0, "")
        assert len(endpoint(server, "A20047")) == 1
        assert len(server.search("(objectClass=*)", base="o=nhs")) == 7


@pytest.mark.parametrize(
    ("line", "refusal"),
    [
        (r"^nhsIDCode: .*\n", "object class 'nhsAs' requires attribute 'nhsIDCode'"),
        (r"^nhsMhsEndPoint: .*\n", "object class 'nhsMhs' requires attribute 'nhsMhsEndPoint'"),
    ],
)
def test_the_schema_refuses_a_record_that_lacks_what_a_look_up_needs(line: str, refusal: str, empty: Path) -> None:
    text = ran("ssp-emulator", "registry", "ldif", "--config", TOP / "config" / "emulator.yaml").stdout
    (empty / "entries.ldif").write_text(re.sub(line, "", text.removeprefix("version: 1\n"), flags=re.MULTILINE))

    done = ran("slapadd", "-q", "-f", empty / "slapd.conf", "-l", empty / "entries.ldif")

    assert done.returncode == 1
    assert refusal in done.stderr


CN_CONFIG = """\
dn: cn=config
objectClass: olcGlobal
cn: config

dn: cn=schema,cn=config
objectClass: olcSchemaConfig
cn: schema

include: file:///etc/ldap/schema/core.ldif

include: file:///etc/ldap/schema/cosine.ldif

"""


def test_a_server_with_cn_config_takes_the_schema(tmp_path: Path) -> None:
    schema = ran("ssp-emulator", "registry", "ldap-schema", "--cn-config").stdout
    (tmp_path / "config.ldif").write_text(CN_CONFIG + schema.removeprefix("version: 1\n"))
    (tmp_path / "slapd.d").mkdir()

    done = ran("slapadd", "-n", "0", "-F", tmp_path / "slapd.d", "-l", tmp_path / "config.ldif")

    assert done.returncode == 0, done.stderr
    kept = read(ran("slapcat", "-n", "0", "-F", tmp_path / "slapd.d").stdout)
    (entry,) = (
        entry for entry in kept.values() if entry["objectClass"] == ["olcSchemaConfig"] and "ssp" in entry["cn"][0]
    )
    assert (len(entry["olcAttributeTypes"]), len(entry["olcObjectClasses"])) == (16, 2)


DOCUMENT = (TOP / "docs" / "ldap.md").read_text()


def blocks(language: str) -> list[str]:
    """Return the document's examples in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)


def test_the_commands_of_the_document_print_what_it_shows(server: Server, tmp_path: Path) -> None:
    (tmp_path / "config").symlink_to(TOP / "config")
    export, *searches = blocks("sh")

    done = ran("sh", "-euc", f"cd {tmp_path}; {export}")
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(path.name for path in tmp_path.glob("*.*")) == ["directory.ldif", "sds.schema"]
    shown = blocks("ldif")
    assert len(searches) == len(shown) == 2
    for search, prints in zip(searches, shown, strict=True):
        assert ADDRESS in search
        assert ran("sh", "-euc", search.replace(ADDRESS, server.url)).stdout == f"{prints}\n"


@pytest.mark.skipif(shutil.which("java") is None, reason="no JDK is installed")
def test_the_java_program_of_the_document_finds_endpoint_and_asid(
    tmp_path: Path,
) -> None:
    url = f"ldap://127.0.0.1:{free_port()}"
    (program,) = blocks("java")
    source = tmp_path / "Lookup.java"
    source.write_text(program.replace(ADDRESS, url))
    command = ("env", f"SSP_CONFIG={TOP / 'config' / 'emulator.yaml'}", SERVE, tmp_path)

    with slapd.running(tmp_path, *command, also=url):
        done = ran("java", source)

    assert (done.returncode, done.stdout) == (0, f"{ROOT.format('A20047')}\n200000000116\n"), done.stderr
