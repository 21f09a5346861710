"""Signed tokens as a user meets them: a key made with openssl as the README says, `token` and `send` with it."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from support import setup
from support.processes import Finished, Process, ours, run, started

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ssp_emulator.pki.folder import CertificateFolder

TOP = Path(__file__).parents[2]
PROGRAM = Path(sys.executable).parent / "ssp-emulator"
SEND = ("send", "documents:fhir:rest:read:metadata-1")
ANOTHER_ALGORITHM = "The token's alg should be ES256: this sender's tokens are signed"
FORGED = "The token's JWT signature should be made over this token with the key that is registered for the sender"


@dataclass
class Signing:
    """A folder in which the consumer is registered with the key that the README's commands have made."""

    folder: Path
    emulator: Process
    commands: list[str]

    async def send(self, *arguments: str) -> Finished:
        return await ours(self.folder, *SEND, *arguments, "--proxy", f"localhost:{self.emulator.port}", "--json")


def readme() -> tuple[str, str, list[str]]:
    """Return the README's commands that make a key, the lines for the registry, and the commands that use them."""
    section = (TOP / "README.md").read_text().partition("Its tokens may be signed")[2].partition("\n## ")[0]
    make, use = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    (lines,) = re.findall(r"```yaml\n(.*?)```", section, re.DOTALL)
    return make, lines, use.splitlines()


@pytest.fixture
async def signing(tmp_path: Path, certificates: CertificateFolder) -> AsyncIterator[Signing]:
    """The README followed: the shipped registry with the key in it, and both processes running."""
    make, lines, commands = readme()
    (tmp_path / "certs").mkdir()
    for each in certificates.root.iterdir():
        (tmp_path / "certs" / each.name).symlink_to(each)
    printed = await run(tmp_path, "bash", "-c", f"set -eo pipefail; {make}")
    assert printed.code == 0, printed.err
    pem = re.compile(r"      -----BEGIN PUBLIC KEY-----\n.*      -----END PUBLIC KEY-----\n", re.DOTALL)
    async with started(tmp_path, "provider", "--port", "0", "--host", "127.0.0.1") as provider:
        setup.write(tmp_path / "config", certificates, provider.port)
        shipped = (TOP / "config" / "registry.yaml").read_text().replace("localhost:9443", f"localhost:{provider.port}")
        fqdn = "    fqdn: consumer.example.nhs.uk\n"
        registry = shipped.replace(fqdn, fqdn + pem.sub(lambda _: printed.out, lines), 1)
        assert printed.out in registry
        (tmp_path / "config" / "registry.yaml").write_text(registry)
        async with started(tmp_path, "up") as emulator:
            yield Signing(tmp_path, emulator, commands)


async def test_the_readmes_commands_sign_and_are_let_in(signing: Signing) -> None:
    token, send = (command.replace(".venv/bin/ssp-emulator", str(PROGRAM)) for command in signing.commands)

    signed = await run(signing.folder, "bash", "-c", token)
    sent = await run(signing.folder, "bash", "-c", f"{send} --proxy localhost:{signing.emulator.port}")

    public = await run(signing.folder, "openssl", "pkey", "-in", "certs/token.key", "-pubout")
    key = load_pem_public_key(public.out.encode())
    said = jwt.decode(signed.out.strip(), key, ["ES256"], audience=setup.ROOT)  # type: ignore[arg-type]
    assert said["iss"] == "https://consumer.example.nhs.uk"
    assert jwt.get_unverified_header(signed.out.strip()) == {"alg": "ES256", "typ": "JWT"}
    assert (sent.code, json.loads(sent.out)["resourceType"]) == (0, "CapabilityStatement"), sent.err


OTHER_KEYS = {
    None: ANOTHER_ALGORITHM,  # unsigned
    "-algorithm EC -pkeyopt ec_paramgen_curve:P-256": FORGED,
    "-algorithm RSA": ANOTHER_ALGORITHM,
    "-algorithm ED25519": ANOTHER_ALGORITHM,
}


async def test_without_that_key_a_user_is_told_what_is_missing(signing: Signing) -> None:
    told = {}
    for genpkey in OTHER_KEYS:
        if genpkey is not None:
            made = await run(signing.folder, "openssl", "genpkey", *genpkey.split(), "-out", "other.key")
            assert made.code == 0, made.err
        ended = await signing.send(*([] if genpkey is None else ["--sign-key", "other.key"]))
        said = json.loads(ended.out)
        assert (ended.code, said["status"]) == (1, 400)
        told[genpkey] = json.loads(said["body"])["issue"][0]["diagnostics"]

    assert told == OTHER_KEYS


NO_KEY = "error: the key to sign with should be a private key (PEM), such as `openssl genpkey` makes\n"
PASSWORD = "error: the key to sign with should have no password: `openssl pkey -in FILE` prints it without\n"


@pytest.fixture
async def keys(tmp_path: Path, certificates: CertificateFolder) -> Path:
    """A folder with a configuration, and keys that cannot sign."""
    setup.write(tmp_path / "config", certificates, 1)
    for line in (
        "genpkey -algorithm RSA -out rsa.key",
        "pkey -in rsa.key -pubout -out public.pem",
        "pkey -in rsa.key -aes256 -passout pass:changeit -out password.key",
        "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out short.key",
    ):
        assert (await run(tmp_path, "openssl", *line.split())).code == 0
    (tmp_path / "text.key").write_text("no key")
    (tmp_path / "folder").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("nowhere.key", "error: --sign-key: nowhere.key cannot be read: no such file or directory\n"),
        ("folder", "error: --sign-key: folder cannot be read: is a directory\n"),
        ("text.key", NO_KEY),
        ("public.pem", NO_KEY),
        ("password.key", PASSWORD),
        (
            "short.key",
            (
                "error: the key to sign with should be an RSA key of 2048 bits or more, an EC key on P-256, P-384 or "
                "P-521, or an Ed25519 key, found an RSA key of 1024 bits\n"
            ),
        ),
    ],
)
async def test_a_key_that_cannot_sign_is_one_line_and_exit_2(file: str, message: str, keys: Path) -> None:
    ended = await ours(keys, "token", "--sign-key", file)

    assert (ended.code, ended.out, ended.err) == (2, "", message)


async def test_so_it_is_for_send(keys: Path) -> None:
    unread = await ours(keys, *SEND, "--sign-key", "nowhere.key")
    protected = await ours(keys, *SEND, "--sign-key", "password.key")

    nowhere = "error: --sign-key: nowhere.key cannot be read: no such file or directory\n"
    assert (unread.code, unread.out, unread.err) == (2, "", nowhere)
    assert (protected.code, protected.out, protected.err) == (2, "", PASSWORD)


async def test_a_private_key_in_the_registry_is_a_problem_that_does_not_show_it(keys: Path) -> None:
    registry = keys / "config" / "registry.yaml"
    private = (keys / "rsa.key").read_text()
    indented = "".join(f"      {line}\n" for line in private.splitlines())
    shipped = (TOP / "config" / "registry.yaml").read_text()
    fqdn = "    fqdn: consumer.example.nhs.uk\n"
    registry.write_text(shipped.replace(fqdn, f"{fqdn}    token_key: |\n{indented}", 1))
    line = registry.read_text().splitlines().index("    token_key: |") + 1

    ended = await ours(keys, "check")

    assert ended.code == 2
    assert f"registry.yaml:{line}: systems[0].token_key: should be a public key, and is a private one" in ended.err
    assert not any(part in ended.err + ended.out for part in private.splitlines())
