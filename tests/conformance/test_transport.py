"""How the proxy is spoken to: protocols, cipher suites and their order, and what is no HTTP at all.

The clients are the `openssl` and `curl` tools as well as Python's own TLS, so that no one library is held against
itself. What is refused in a handshake is told by the reason in the emulator's log: it has read what was offered.

Source: GP Connect 1.6.2, "Security guidance" (TLS 1.2, the cipher list and its order); the public provider test suite
(which suites connect, and which do not); Spine Core SSP implementation guide (497); RFC 5246, 7.2.2 (alerts); RFC 9112.
"""

from __future__ import annotations

import asyncio
import itertools
import ssl
from typing import TYPE_CHECKING

import pytest
import structlog.testing
from support import setup
from support.processes import run
from support.resuming import with_tls_1_3
from support.running import running
from support.wire import PATIENCE_S, Wire

if TYPE_CHECKING:
    from pathlib import Path

    from support.processes import Finished
    from support.running import Running
    from support.stub import StubProvider

    from ssp_emulator.pki.folder import CertificateFolder

# The documented suites in the order of AESGCM+EECDH, AESGCM+EDH, AES256+EECDH, AES256+EDH: the server's preference.
SUITES = [
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "DHE-RSA-AES256-GCM-SHA384",
    "DHE-RSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES256-SHA384",
    "ECDHE-RSA-AES256-SHA",
    "DHE-RSA-AES256-SHA256",
    "DHE-RSA-AES256-SHA",
]
CCM = "DHE-RSA-AES256-CCM"  # no document names it, but AES256+EDH takes it in
EVERYTHING_ELSE = ":".join(["ALL", "COMPLEMENTOFALL", *(f"!{suite}" for suite in (*SUITES, CCM))])


@pytest.mark.parametrize("suite", SUITES)
async def test_every_documented_cipher_suite_connects_and_serves_a_request(
    ssp: Running, tmp_path: Path, suite: str
) -> None:
    assert await agreed(ssp, "-tls1_2", "-cipher", f"{suite}:@SECLEVEL=0") == ("TLSv1.2", suite)

    served = await curl(ssp, tmp_path, "--tls-max", "1.2", "--ciphers", f"{suite}:@SECLEVEL=0")

    assert (served.code, served.out) == (0, "ok200"), served.err
    assert (ssp.record()["client"]["tls"], ssp.record()["client"]["cipher"]) == ("TLSv1.2", suite)


@pytest.mark.parametrize(
    "ciphers",
    [
        "AES128-SHA256",
        "NULL-MD5",
        "NULL-SHA256",
        "AES256-GCM-SHA384",
        "AES256-SHA",
        "ECDHE-RSA-AES128-SHA256",
        "ECDHE-RSA-AES128-SHA",
        "DHE-RSA-AES128-SHA",
        "ECDHE-RSA-CHACHA20-POLY1305",
        "ECDHE-RSA-CAMELLIA256-SHA384",
        "ECDHE-RSA-NULL-SHA",
        "AECDH-AES256-SHA",
        "ADH-AES256-GCM-SHA384",
        EVERYTHING_ELSE,
    ],
    ids=lambda ciphers: "everything else" if ciphers is EVERYTHING_ELSE else ciphers,
)
async def test_no_other_cipher_suite_connects(ssp: Running, tmp_path: Path, ciphers: str) -> None:
    offered = ["-tls1_2", "-cipher", f"{ciphers}:@SECLEVEL=0"]

    assert await refused(ssp, *offered) == "no shared cipher"

    with_curl = await curl(ssp, tmp_path, "--tls-max", "1.2", "--ciphers", f"{ciphers}:@SECLEVEL=0")
    assert (with_curl.code, with_curl.out) == (35, "000")  # 35: the handshake failed
    assert ssp.records() == []
    assert (await ssp.ask()).status == 200  # and the next consumer is none the worse for it


@pytest.mark.parametrize(
    ("option", "most"), [("-tls1", "1.0"), ("-tls1_1", "1.1"), ("-tls1_3", None)], ids=["1.0", "1.1", "1.3"]
)
async def test_tls_1_2_is_the_only_protocol(ssp: Running, tmp_path: Path, option: str, most: str | None) -> None:
    ciphers = [] if most is None else ["-cipher", "ALL:@SECLEVEL=0"]

    assert await refused(ssp, option, *ciphers) == "unsupported protocol"

    only = ["--tlsv1.3"] if most is None else ["--tls-max", most, "--ciphers", "ALL:@SECLEVEL=0"]
    with_curl = await curl(ssp, tmp_path, *only)
    assert (with_curl.code, with_curl.out) == (35, "000")
    assert ssp.records() == []
    assert (await ssp.ask()).status == 200


async def test_ssl_3_is_refused(ssp: Running) -> None:
    """By hand, as no tool of today speaks it: a ClientHello of SSL 3.0 that offers two suites of its time."""
    suites = bytes.fromhex("0035 002f 000a 00ff")
    hello = b"\x03\x00" + bytes(32) + b"\x00" + len(suites).to_bytes(2, "big") + suites + b"\x01\x00"
    handshake = b"\x01" + len(hello).to_bytes(3, "big") + hello
    record = b"\x16\x03\x00" + len(handshake).to_bytes(2, "big") + handshake

    with structlog.testing.capture_logs() as log:
        wire = await Wire.open(ssp.port, None)
        await wire.send(record)
        async with asyncio.timeout(PATIENCE_S):
            said = await wire.reader.read()
        await wire.close()

    assert said[:1] in (b"", b"\x15")  # nothing, or an alert; no ServerHello
    (reason,) = (entry["reason"] for entry in log if entry["event"] == "the TLS handshake failed")
    assert reason in ("version too low", "unsupported protocol")  # by the release of OpenSSL
    assert (await ssp.ask()).status == 200


async def test_ssl_2_is_no_tls_at_all(ssp: Running) -> None:
    hello = bytes.fromhex("802e 01 0002 0015 0000 0010 010080 020080 030080 040080 050080 060040 0700c0") + bytes(16)
    wire = await ssp.wire(tls=False)

    answer = await wire.ask(hello + b"\r\n\r\n")

    assert answer.status == 497
    assert await wire.is_closed()


@pytest.mark.parametrize(("first", "second"), [*itertools.pairwise(SUITES)], ids=lambda suite: suite)
async def test_the_servers_order_of_suites_wins(ssp: Running, first: str, second: str) -> None:
    assert await agreed(ssp, "-tls1_2", "-cipher", f"{second}:{first}:@SECLEVEL=0") == ("TLSv1.2", first)
    assert await agreed(ssp, "-tls1_2", "-cipher", f"{first}:{second}:@SECLEVEL=0") == ("TLSv1.2", first)


async def test_of_all_suites_at_once_the_first_is_taken(ssp: Running) -> None:
    backwards = ":".join([*reversed(SUITES), "@SECLEVEL=0"])

    assert await agreed(ssp, "-tls1_2", "-cipher", backwards) == ("TLSv1.2", SUITES[0])
    assert await agreed(ssp) == ("TLSv1.2", SUITES[0])  # by the tool's own defaults, which include TLS 1.3


async def test_a_session_is_resumed_by_its_ticket_and_serves_requests(ssp: Running, tmp_path: Path) -> None:
    said = await s_client(ssp, "-tls1_2", "-reconnect")

    assert said.count("New, TLSv1.2, Cipher is") == 1
    assert said.count("Reused, TLSv1.2, Cipher is") == 5

    without = await s_client(ssp, "-tls1_2", "-reconnect", "-no_ticket")

    assert without.count("New, TLSv1.2, Cipher is") == 6  # nothing is kept here that could be resumed by its number
    assert "Reused" not in without


async def test_tls_1_3_can_be_switched_on_and_1_2_stays(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    async with running(tmp_path, certificates, provider.port, proxy={"tls": with_tls_1_3(certificates)}) as ssp:
        assert (await agreed(ssp) or "")[0] == "TLSv1.3"
        assert await agreed(ssp, "-tls1_2") == ("TLSv1.2", SUITES[0])
        assert await refused(ssp, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0") == "unsupported protocol"
        served = await curl(ssp, tmp_path, "--tlsv1.3")
        good = await (await ssp.wire(minimum_version=ssl.TLSVersion.TLSv1_3)).ask(ssp.request())
        bad = await (await ssp.wire(shown=certificates.invalid("revoked"))).ask(ssp.request())
        none = await (await ssp.wire(shown=None)).ask(ssp.request())

        assert (served.out, good.status) == ("ok200", 200)
        assert [record["client"]["tls"] for record in ssp.records()] == ["TLSv1.3"] * 4
        assert bad.json()["issue"][0]["diagnostics"] == "SSL_CERTIFICATE_ERROR_REVOKED"
        assert none.status == 496


async def test_a_connection_that_says_nothing_is_closed_after_a_while(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    async with running(tmp_path, certificates, provider.port, proxy={"handshake_timeout_s": 0.2}) as ssp:
        wire = await ssp.wire(tls=False)

        assert await wire.is_closed()


async def test_what_is_not_http_over_tls_gets_400_and_is_in_the_trail(ssp: Running, provider: StubProvider) -> None:
    wire = await ssp.wire()

    answer = await wire.ask(b"\x00\x01\x02 nonsense\r\n\r\n")

    assert answer.status == 400
    assert answer.json()["issue"][0]["diagnostics"].startswith("The request is not well-formed HTTP")
    assert await wire.is_closed()
    assert ssp.record()["status"] == 400
    assert provider.connections == 0


async def agreed(ssp: Running, *options: str) -> tuple[str, str] | None:
    """Shake hands as the openssl tool does; return protocol and suite, or None where there was no agreement."""
    said = await s_client(ssp, "-brief", *options)
    if "CONNECTION ESTABLISHED" not in said:
        return None
    told = dict(line.split(": ", 1) for line in said.splitlines() if ": " in line)
    return told["Protocol version"], told["Ciphersuite"]


async def refused(ssp: Running, *options: str) -> str:
    """Shake hands as the openssl tool does, in vain; return the reason that the emulator logs."""
    with structlog.testing.capture_logs() as log:
        assert await agreed(ssp, *options) is None
    (reason,) = (entry["reason"] for entry in log if entry["event"] == "the TLS handshake failed")
    return str(reason)


@pytest.mark.parametrize(
    ("options", "alert"),
    [
        (["-tls1_2", "-cipher", "AES128-SHA256:@SECLEVEL=0"], "alert handshake failure"),
        (["-tls1_3"], "alert protocol version"),
    ],
    ids=["no suite in common", "no protocol in common"],
)
async def test_a_handshake_that_fails_says_why(ssp: Running, options: list[str], alert: str) -> None:
    """RFC 5246, 7.2.2: an alert, and not just the end of the connection."""
    assert alert in await s_client(ssp, *options)


async def s_client(ssp: Running, *options: str) -> str:
    """Run `openssl s_client` with the consumer's certificate, and return what it says."""
    shown, chain = ssp.certificates.consumer, str(ssp.certificates.chain)
    where = ["-connect", f"127.0.0.1:{ssp.port}", "-CAfile", chain, "-verify_return_error"]
    process = await asyncio.create_subprocess_exec(
        *("openssl", "s_client", *where, "-cert", str(shown.certificate), "-key", str(shown.key), *options),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(PATIENCE_S):
        said, _ = await process.communicate()
    return said.decode(errors="replace")


async def curl(ssp: Running, folder: Path, *options: str) -> Finished:
    """Run `curl` for a good request, with the consumer's certificate; it prints the body and the status."""
    lines = ssp.request().decode("latin-1").split("\r\n")[2:-2]
    headers = [part for line in lines for part in ("--header", line)]
    shown = ssp.certificates.consumer
    identity = ["--cert", str(shown.certificate), "--key", str(shown.key), "--cacert", str(ssp.certificates.chain)]
    url = f"https://localhost:{ssp.port}/{setup.ROOT}/Binary/1"
    shape = ["--silent", "--show-error", "--write-out", "%{http_code}"]
    return await run(folder, "curl", *shape, *identity, *headers, *options, url)
