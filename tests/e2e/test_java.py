"""The Java example, compiled and run as its guide says: the document with the .p12, and what each mistake gets."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support import setup
from support.processes import Finished, ours, run

if TYPE_CHECKING:
    from conftest import Bench

    from ssp_emulator.pki.folder import CertificateFolder

JAVAC, JAVA = shutil.which("javac"), shutil.which("java")
SOURCE = Path(__file__).parents[2] / "examples" / "java" / "Retrieve.java"
REFUSED = {
    "untrusted": "SSL_CERTIFICATE_ERROR_UNTRUSTED_ISSUER",
    "expired": "SSL_CERTIFICATE_ERROR_EXPIRED",
    "revoked": "SSL_CERTIFICATE_ERROR_REVOKED",
    "wrong-fqdn": "SSL_CERTIFICATE_ERROR_FQDN_MISMATCH",
}
LETTER_BYTES = 4890  # the Binary as JSON; the letter in it has 3559

pytestmark = pytest.mark.skipif(
    JAVAC is None or JAVA is None, reason="there is no JDK (java and javac) on this machine"
)


@pytest.fixture(scope="session")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example, compiled for the oldest Java that it is for; a warning would be an error."""
    folder = tmp_path_factory.mktemp("classes")
    options = ["--release", "11", "-Xlint:all", "-Werror"]
    made = subprocess.run(
        [str(JAVAC), *options, "-d", folder, SOURCE], capture_output=True, text=True, timeout=120, check=False
    )
    assert (made.returncode, made.stdout, made.stderr) == (0, "", "")
    return folder


async def retrieve(bench: Bench, classes: Path, *arguments: str) -> Finished:
    proxy = () if "--proxy" in arguments else ("--proxy", f"https://localhost:{bench.emulator.port}")
    return await run(bench.folder, str(JAVA), "-cp", str(classes), "Retrieve", *proxy, *arguments)


async def trail(bench: Bench) -> list[dict[str, Any]]:
    return json.loads((await ours(bench.folder, "audit", "list", "--json")).out)["exchanges"]


async def test_a_java_program_retrieves_the_document_with_the_keystore(bench: Bench, classes: Path) -> None:
    ended = await retrieve(bench, classes)

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines() == [
        "status        200",
        "content type  application/fhir+json;charset=utf-8",
        f"size          {LETTER_BYTES} bytes",
    ]
    (record,) = await trail(bench)
    assert (record["status"], record["client"]["tls"]) == (200, "TLSv1.2")
    assert record["client"]["certificate"]["names"] == ["consumer.example.nhs.uk"]
    assert record["claims"]["device"] == "Retrieve.java 1"
    assert record["advisories"] == []


async def test_it_can_be_given_a_token(bench: Bench, classes: Path) -> None:
    token = (await ours(bench.folder, "token")).out.strip()

    ended = await retrieve(bench, classes, "--token", token)

    assert ended.code == 0, ended.err
    (record,) = await trail(bench)
    assert record["claims"]["device"] == "SSP emulator consumer 1"


async def test_a_keystore_that_the_spine_does_not_take_is_refused_for_its_reason(bench: Bench, classes: Path) -> None:
    for name, text in REFUSED.items():
        await keystore(bench.folder, name, f"{name}.p12")
        ended = await retrieve(bench, classes, "--keystore", f"{name}.p12")

        assert (ended.code, ended.out) == (1, ""), name
        assert ended.err.startswith("status        495\n")
        record = (await trail(bench))[0]
        assert (record["status"], record["denial"]["text"]) == (495, text)
        assert text in ended.err
        assert ended.err.endswith(f"ssp-emulator audit show {record['trace_id']} says why\n")

    assert len(await trail(bench)) == len(REFUSED)


async def test_a_keystore_without_a_key_shows_nothing(bench: Bench, classes: Path) -> None:
    made = await run(
        bench.folder, "openssl", "pkcs12", "-export", "-nokeys", "-in", "certs/ca/chain.pem",
        "-passout", "pass:changeit", "-out", "empty.p12",
    )  # fmt: skip
    assert made.code == 0, made.err

    ended = await retrieve(bench, classes, "--keystore", "empty.p12")

    assert (ended.code, ended.out) == (1, "")
    assert "SSL_CERTIFICATE_REQUIRED" in ended.err
    (record,) = await trail(bench)
    assert (record["status"], record["denial"]["reason"]) == (496, "certificate-required")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--proxy", "https://localhost:1"], 1, "error: nothing listens at the proxy's address; "),
        (["--password", "wrong"], 1, "error: java.io.IOException: keystore password was incorrect"),
        (["--keystore", "none.p12"], 2, "error: there is no file none.p12; `ssp-emulator up` makes the certificates"),
        (["--colour", "blue"], 2, "error: --colour: should be one of --from, --id, "),
        (["--id"], 2, "error: --id: should be one of --from, --id, "),
    ],
)
async def test_it_says_in_one_line_what_is_wrong_before_it_sends(
    tmp_path: Path, certificates: CertificateFolder, classes: Path, arguments: list[str], code: int, message: str
) -> None:
    (tmp_path / "certs").symlink_to(certificates.root)

    ended = await run(tmp_path, str(JAVA), "-cp", str(classes), "Retrieve", *arguments)

    assert (ended.code, ended.out, len(ended.err.splitlines())) == (code, "", 1), ended.err
    assert ended.err.startswith(message)


async def test_it_trusts_neither_another_authority_nor_another_name(bench: Bench, classes: Path) -> None:
    made = await run(
        bench.folder, "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
        "-subj", "/CN=another authority", "-keyout", "other.key", "-out", "other.crt",
    )  # fmt: skip
    assert made.code == 0, made.err

    unknown = await retrieve(bench, classes, "--trust", "other.crt")
    misnamed = await retrieve(bench, classes, "--proxy", f"https://localhost:{bench.provider.port}")

    assert (unknown.code, unknown.out, misnamed.code, misnamed.out) == (1, "", 1, "")
    assert unknown.err.startswith("error: no TLS connection to the proxy: PKIX path building failed: ")
    assert "No subject alternative DNS name matching localhost found" in misnamed.err
    assert await trail(bench) == []


async def test_a_refusal_is_shown_whole(bench: Bench, classes: Path) -> None:
    ended = await retrieve(bench, classes, "--from", setup.OTHER_CONSUMER)

    assert ended.code == 1
    assert f"FOT_CHECK_FAILED_MESSAGESENDER_{setup.OTHER_CONSUMER}_MESSAGERECEIVER_{setup.PROVIDER}" in ended.err


async def keystore(folder: Path, name: str, file: str) -> None:
    made = await run(
        folder, "openssl", "pkcs12", "-export", "-in", f"certs/invalid/{name}.crt",
        "-inkey", f"certs/invalid/{name}.key", "-passout", "pass:changeit", "-out", file,
    )  # fmt: skip
    assert made.code == 0, made.err
