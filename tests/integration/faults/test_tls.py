"""TLS faults on the consumer's side, over real sockets: what is in the handshake, and how the connection ends."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
import warnings
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtensionOID
from structlog.testing import capture_logs
from support.running import Running, running
from support.unwritable import unwritable_file
from support.wire import PATIENCE_S, Wire, context

from ssp_emulator.errors import SetupError
from ssp_emulator.faults.rule import Rule
from ssp_emulator.pki.authority import Role, is_issued_by, make_crl
from ssp_emulator.pki.files import read_authority, read_certificates, read_crl, write_crl
from ssp_emulator.pki.initialising import initialise
from ssp_emulator.pki.issuing import issue
from ssp_emulator.pki.names import Names
from ssp_emulator.proxy import greeting, hello

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.stub import StubProvider

    from ssp_emulator.pki.folder import CertificateFolder

FAULTS = ["expired", "not-yet-valid", "wrong-host", "untrusted", "revoked"]
LENIENT = {"check_hostname": False, "verify_mode": ssl.CERT_NONE}
NEW = "ssp-2.example.nhs.uk"


async def put(ssp: Running, effect: dict[str, Any], **more: Any) -> None:
    """Put a rule in force, under the name of its kind."""
    await ssp.emulator.control.put([Rule.model_validate({"name": effect["kind"], "effect": effect, **more})])


async def put_certificate(ssp: Running, fault: str, **more: Any) -> None:
    await put(ssp, {"kind": "server-certificate", "fault": fault}, **more)


def tls(ssp: Running, *, crl: Path | None = None, **settings: Any) -> ssl.SSLContext:
    """Return a consumer's context; with a list, it looks at that too."""
    made = context(ssp.certificates, ssp.certificates.consumer, **settings)
    if crl is not None:
        made.load_verify_locations(crl)
        made.verify_flags |= ssl.VerifyFlags.VERIFY_CRL_CHECK_LEAF
    return made


def older(ssp: Running, lowest: ssl.TLSVersion, highest: ssl.TLSVersion) -> ssl.SSLContext:
    made = tls(ssp)
    made.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that they are old is the point
        made.minimum_version, made.maximum_version = lowest, highest
    return made


async def connected(ssp: Running, using: ssl.SSLContext, name: str = "localhost", source: str = "127.0.0.1") -> Wire:
    """Shake hands, asking for a name, from an address of this machine."""
    async with asyncio.timeout(PATIENCE_S):
        made = Wire(
            *await asyncio.open_connection(
                "127.0.0.1", ssp.port, ssl=using, server_hostname=name, local_addr=(source, 0)
            )
        )
    ssp.wires.append(made)
    return made


def shake_hands(port: int, using: ssl.SSLContext) -> None:
    """Shake hands as most clients do; asyncio's would leave out the alert that says what it minds."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as connection:
        using.wrap_socket(connection, server_hostname="localhost").close()


def shown(wire: Wire) -> x509.Certificate:
    """Return the certificate that the proxy showed."""
    return x509.load_der_x509_certificate(wire.writer.get_extra_info("ssl_object").getpeercert(binary_form=True))


async def is_good(ssp: Running, **how: Any) -> bool:
    """Tell whether a verifying consumer gets through, and is shown the proxy's own certificate."""
    wire = await connected(ssp, tls(ssp, crl=ssp.certificates.crl), **how)
    answer = await wire.ask(ssp.request())
    own = read_certificates(ssp.certificates.ssp_server.certificate)[0]
    return answer.status == 200 and shown(wire) == own and ssp.record()["faults"] == []


def said_hello(name: str | None = "localhost") -> bytes:
    """Return a ClientHello of TLS 1.2, as a client would send it."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname, made.maximum_version = False, ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLWantReadError):
        made.wrap_bio(incoming, outgoing, server_hostname=name).do_handshake()
    return outgoing.read()


async def raw(ssp: Running, data: bytes) -> Wire:
    """Connect with no TLS, and send bytes."""
    wire = await ssp.wire(tls=False)
    await wire.send(data)
    return wire


async def heard(wire: Wire) -> tuple[bytes, str]:
    """Read to the end, and tell how TCP ended."""
    received = b""
    async with asyncio.timeout(PATIENCE_S):
        try:
            while piece := await wire.reader.read(1 << 16):
                received += piece
        except ConnectionResetError:
            return received, "RST"
    return received, "FIN"


async def recorded(ssp: Running) -> dict[str, Any]:
    """Return the last record, once there is one."""
    async with asyncio.timeout(PATIENCE_S):
        while not ssp.records():  # noqa: ASYNC110 - nothing else tells of it
            await asyncio.sleep(0.005)
    return ssp.record()


# What is shown


def _expired(certificate: x509.Certificate, own: x509.Certificate) -> None:
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    assert certificate.not_valid_after_utc in (midnight, midnight - timedelta(days=1))  # the test may pass midnight
    assert names(certificate) == names(own)


def _early(certificate: x509.Certificate, own: x509.Certificate) -> None:
    assert certificate.not_valid_before_utc > datetime.now(UTC) + timedelta(days=3650)
    assert names(certificate) == names(own)


def _of_another_host(certificate: x509.Certificate, _: x509.Certificate) -> None:
    assert names(certificate) == [x509.DNSName("wrong-host.invalid")]


def _of_another_authority(certificate: x509.Certificate, own: x509.Certificate) -> None:
    assert certificate.issuer == own.issuer
    assert names(certificate) == names(own)


def _revoked(certificate: x509.Certificate, own: x509.Certificate) -> None:
    assert names(certificate) == names(own)
    assert certificate.not_valid_before_utc < datetime.now(UTC) < certificate.not_valid_after_utc


def names(certificate: x509.Certificate) -> list[x509.GeneralName]:
    return list(certificate.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME).value)


@pytest.mark.parametrize(
    ("fault", "facts", "did"),
    [
        ("expired", _expired, "showed a certificate that expired at {after}"),
        ("not-yet-valid", _early, "showed a certificate that is not valid before {before}"),
        ("wrong-host", _of_another_host, "showed a certificate of wrong-host.invalid"),
        ("untrusted", _of_another_authority, "showed a certificate of an authority that nobody trusts"),
        ("revoked", _revoked, "showed a certificate that is revoked, of the serial {serial:x}"),
    ],
)
async def test_a_lenient_consumer_is_shown_the_certificate_and_served_and_the_record_says_so(
    ssp: Running, fault: str, facts: Callable[[x509.Certificate, x509.Certificate], None], did: str
) -> None:
    await put_certificate(ssp, fault)
    wire = await connected(ssp, tls(ssp, **LENIENT))
    certificate, own = shown(wire), read_certificates(ssp.certificates.ssp_server.certificate)[0]
    statuses = [(await wire.ask(ssp.request())).status for _ in range(2)]

    facts(certificate, own)
    sub = read_certificates(ssp.certificates.authority_sub.certificate)[0]
    assert is_issued_by(certificate, sub) is (fault != "untrusted")
    assert (certificate.public_key() == own.public_key(), statuses) == (False, [200, 200])
    told = {
        "after": certificate.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "before": certificate.not_valid_before_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "serial": certificate.serial_number,
    }
    fired = {"rule": "server-certificate", "kind": "server-certificate", "count": 1, "asked": False}
    assert [record["faults"] for record in ssp.records()] == [[{**fired, "did": did.format(**told)}]] * 2
    assert ssp.record()["client"]["certificate"]["names"] == ["consumer.example.nhs.uk"]  # it was asked for as ever


@pytest.mark.parametrize(
    ("fault", "code", "alert"),
    [
        ("expired", 10, "certificate expired"),
        ("not-yet-valid", 9, "bad certificate"),
        ("wrong-host", 62, "bad certificate"),
        ("untrusted", 20, "unknown ca"),
        ("revoked", 23, "certificate revoked"),
    ],
)
async def test_a_verifying_consumer_refuses_it_for_that_one_reason_and_the_refusal_is_written_down(
    ssp: Running, fault: str, code: int, alert: str
) -> None:
    await put_certificate(ssp, fault, when={"times": 1})
    with capture_logs() as logs:
        with pytest.raises(ssl.SSLCertVerificationError) as refused:
            await asyncio.to_thread(shake_hands, ssp.port, tls(ssp, crl=ssp.certificates.crl))
        record = await recorded(ssp)

    assert refused.value.verify_code == code
    assert (record["method"], record["target"], record["status"], record["broken_off"]) == ("-", "", None, True)
    (fired,) = record["faults"]
    assert (fired["rule"], fired["count"], fired["did"].split()[:3]) == (
        "server-certificate",
        1,
        ["showed", "a", "certificate"],
    )
    (note,) = record["notes"]
    assert note.startswith("the TLS handshake failed: ")
    assert note.endswith(f"alert {alert}")
    assert record["client"]["address"].startswith("127.0.0.1:")
    (line,) = [entry for entry in logs if entry["event"] == "the TLS handshake failed"]
    assert line["reason"].endswith(f"alert {alert}")
    assert await is_good(ssp)


@pytest.mark.parametrize(
    ("leaves", "note"),
    [(True, "the consumer closed the connection"), (False, "SSL handshake is taking longer than 0.2 seconds")],
    ids=["leaves", "falls silent"],
)
async def test_a_consumer_that_does_not_go_on_is_written_down_too(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider, leaves: bool, note: str
) -> None:
    patience = {"handshake_timeout_s": 10 if leaves else 0.2}
    async with running(tmp_path, certificates, provider.port, proxy=patience) as ssp:
        await put_certificate(ssp, "expired")
        wire = await raw(ssp, said_hello())
        await wire.reader.readexactly(100)
        if leaves:
            await wire.close()
        record = await recorded(ssp)

    assert record["notes"][0].startswith(f"the TLS handshake failed: {note}")
    assert record["faults"][0]["did"].startswith("showed a certificate that expired at ")


async def test_a_consumer_that_shakes_hands_and_asks_nothing_is_written_down_too(ssp: Running) -> None:
    await put_certificate(ssp, "wrong-host")
    wire = await connected(ssp, tls(ssp, **LENIENT))
    await wire.close()
    record = await recorded(ssp)

    assert (record["method"], record["status"], record["broken_off"]) == ("-", None, True)
    assert record["notes"] == ["the consumer left before it sent a request"]
    assert record["faults"][0]["did"] == "showed a certificate of wrong-host.invalid"


async def test_one_that_is_revoked_is_good_to_a_consumer_that_does_not_look_at_the_list(ssp: Running) -> None:
    before = ssp.certificates.crl.read_bytes()
    await put_certificate(ssp, "revoked")
    trusting = ssl.create_default_context(cafile=str(ssp.certificates.authority_root.certificate))
    pair = ssp.certificates.consumer
    trusting.load_cert_chain(pair.certificate, pair.key)
    wire = await connected(ssp, trusting)  # the SubCA's certificate comes with it

    assert (await wire.ask(ssp.request())).status == 200
    assert ssp.certificates.crl.read_bytes() == before  # `certs init` has put it there already


async def test_tls_1_3_has_them_too_where_it_is_switched_on(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    async with running(tmp_path, certificates, provider.port, proxy=_with_tls_1_3(certificates)) as ssp:
        await put_certificate(ssp, "expired")
        with pytest.raises(ssl.SSLCertVerificationError) as refused:
            await connected(ssp, tls(ssp, minimum_version=ssl.TLSVersion.TLSv1_3))
        (fired,) = (await recorded(ssp))["faults"]

    assert refused.value.verify_code == 10
    assert fired["did"].startswith("showed a certificate that expired at ")


def _with_tls_1_3(folder: CertificateFolder) -> dict[str, Any]:
    pair = folder.ssp_server
    files = {"certificate": pair.certificate, "key": pair.key, "trust": folder.chain, "crl": folder.crl}
    return {"tls": {**{key: str(path) for key, path in files.items()}, "tls_1_3": True}}


# An old protocol


@pytest.mark.parametrize(
    ("version", "spoken"), [("TLSv1", ssl.TLSVersion.TLSv1), ("TLSv1.1", ssl.TLSVersion.TLSv1_1)], ids=["1.0", "1.1"]
)
async def test_a_consumer_that_allows_an_old_protocol_speaks_it_and_another_gets_an_alert(
    ssp: Running, version: str, spoken: ssl.TLSVersion
) -> None:
    await put(ssp, {"kind": "old-protocol", "version": version})
    with pytest.raises(ssl.SSLError) as refused:
        await connected(ssp, tls(ssp, minimum_version=ssl.TLSVersion.TLSv1_2))
    first = await recorded(ssp)
    wire = await connected(ssp, older(ssp, spoken, ssl.TLSVersion.TLSv1_2))
    answer = await wire.ask(ssp.request())

    assert refused.value.reason == "TLSV1_ALERT_PROTOCOL_VERSION"
    assert (first["method"], first["faults"][0]["did"]) == ("-", f"spoke {version} only")
    assert first["notes"] == ["the TLS handshake failed: unsupported protocol"]
    assert wire.writer.get_extra_info("ssl_object").version() == version
    assert (answer.status, ssp.record()["client"]["tls"], ssp.record()["faults"][0]["count"]) == (200, version, 2)


async def test_only_that_version_is_spoken(ssp: Running) -> None:
    await put(ssp, {"kind": "old-protocol", "version": "TLSv1.1"})

    with pytest.raises(ssl.SSLError) as refused:
        await connected(ssp, older(ssp, ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1))
    assert refused.value.reason == "TLSV1_ALERT_PROTOCOL_VERSION"


# A handshake that comes to nothing


async def test_a_stalled_handshake_says_nothing_until_the_consumer_leaves(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    quick = {"handshake_timeout_s": 0.2}
    async with running(tmp_path, certificates, provider.port, proxy=quick) as ssp:
        await put(ssp, {"kind": "handshake-stall"}, when={"times": 1})
        wire = await raw(ssp, said_hello())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):  # longer than a handshake may take by itself
                await wire.reader.read(1)
        meanwhile, good = ssp.records(), await is_good(ssp)
        await wire.close()
        async with asyncio.timeout(PATIENCE_S):
            while len(ssp.records()) < 2:  # noqa: ASYNC110 - nothing else tells of it
                await asyncio.sleep(0.005)
        record = ssp.record()

    assert (meanwhile, good) == ([], True)
    assert (record["method"], record["status"], record["broken_off"]) == ("-", None, True)
    assert record["faults"][0]["did"] == "left the handshake without an answer"
    assert record["notes"] == ["the consumer left while the TLS handshake stood still"]
    assert record["timings_ms"]["total"] >= 500


async def test_a_stalled_handshake_ends_with_the_emulator(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    async with running(tmp_path, certificates, provider.port) as ssp:
        await put(ssp, {"kind": "handshake-stall"})
        wire = await Wire.open(ssp.port, None)
        await wire.send(said_hello())
        async with asyncio.timeout(PATIENCE_S):
            while not ssp.emulator.faults.get("handshake-stall").counts.fired:  # type: ignore[union-attr]  # noqa: ASYNC110
                await asyncio.sleep(0.005)

    assert await wire.is_closed()
    await wire.close()
    assert ssp.record()["notes"] == ["the emulator was stopped during the TLS handshake"]


@pytest.mark.parametrize("after_bytes", [0, 1, 100, 1500])
@pytest.mark.parametrize("how", ["close", "reset"])
async def test_a_cut_handshake_is_so_many_bytes_and_then_a_fin_or_a_rst(
    ssp: Running, after_bytes: int, how: str
) -> None:
    await put(ssp, {"kind": "handshake-cut", "after_bytes": after_bytes, "how": how})
    wire = await raw(ssp, said_hello())
    received, end = await heard(wire)
    record = ssp.record()

    assert (len(received), end) == (after_bytes, "RST" if how == "reset" else "FIN")
    assert received[:1] == b"\x16"[:after_bytes]
    done = "reset" if how == "reset" else "closed"
    assert record["faults"][0]["did"] == f"sent {after_bytes} bytes of the handshake and {done} the connection"
    assert (record["method"], record["status"], record["broken_off"]) == ("-", None, True)
    assert record["notes"] == ["a fault rule cut the TLS handshake off"]


async def test_a_flight_that_is_shorter_goes_out_whole_and_then_the_connection_closes(ssp: Running) -> None:
    await put(ssp, {"kind": "handshake-cut", "after_bytes": 65_536})
    wire = await raw(ssp, said_hello())
    async with asyncio.timeout(PATIENCE_S):
        received = await wire.reader.read()

    assert received.endswith(b"\x16\x03\x03\x00\x04\x0e\x00\x00\x00")  # ServerHelloDone
    assert ssp.record()["faults"][0]["did"].startswith(f"sent {len(received)} bytes of the handshake")


async def test_a_consumer_that_goes_on_after_a_cut_still_sees_a_fin(
    ssp: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What arrives after the last byte is read: a RST would be sent in its place. The FIN does not wait for that."""
    monkeypatch.setattr(greeting, "_FAREWELL_S", 3600)
    await put(ssp, {"kind": "handshake-cut", "after_bytes": 10})
    wire = await raw(ssp, said_hello())
    async with asyncio.timeout(PATIENCE_S):
        received = await wire.reader.readexactly(10)
        for _ in range(5):
            await wire.send(b"x" * 1000)
        rest = await wire.reader.read()
        await wire.send(b"x")

    assert (len(received), rest) == (10, b"")


async def test_what_cannot_be_written_down_is_said_in_the_log_and_ends_all_the_same(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    async with running(tmp_path, certificates, provider.port, audit={"journal": unwritable_file()}) as ssp:
        await put(ssp, {"kind": "handshake-cut", "after_bytes": 10})
        with capture_logs() as logs:
            heard_of_it = await heard(await raw(ssp, said_hello()))

    assert (len(heard_of_it[0]), heard_of_it[1]) == (10, "FIN")
    assert [entry["event"] for entry in logs if entry["log_level"] == "critical"] == [
        "a connection is not in the audit trail"
    ]


# Whom they hit


async def test_the_name_that_is_asked_for_tells_whom_a_rule_hits(ssp: Running) -> None:
    await put_certificate(ssp, "expired", match={"sni": "ssp.*"})

    with pytest.raises(ssl.SSLCertVerificationError):
        await connected(ssp, tls(ssp), name="ssp.example.nhs.uk")
    assert await is_good(ssp, name="localhost")
    assert await is_good(ssp, name="127.0.0.1")  # which is no name: RFC 6066, 3
    with pytest.raises(ssl.SSLCertVerificationError):
        await connected(ssp, tls(ssp), name="ssp.example.nhs.uk")


async def test_the_clients_address_tells_whom_a_rule_hits(ssp: Running) -> None:
    await put_certificate(ssp, "expired", match={"client": "127.0.0.2"})

    assert await is_good(ssp, source="127.0.0.1")
    with pytest.raises(ssl.SSLCertVerificationError):
        await connected(ssp, tls(ssp), source="127.0.0.2")
    assert await is_good(ssp, source="127.0.0.3")
    assert (await recorded(ssp))["client"]["address"].startswith("127.0.0.3:")


async def test_a_clienthello_in_two_segments_is_waited_for(ssp: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    pieces: list[bytes] = []
    judge = hello._wants_more

    def wants_more(reading: Any, piece: bytes, names: Any) -> bool:
        pieces.append(piece)
        return judge(reading, piece, names)

    monkeypatch.setattr(hello, "_wants_more", wants_more)
    await put(ssp, {"kind": "handshake-cut", "after_bytes": 7}, match={"sni": "localhost"})
    said = said_hello()
    wire = await raw(ssp, said[:50])
    async with asyncio.timeout(PATIENCE_S):
        while not pieces:  # noqa: ASYNC110 - the emulator tells no one what it has read
            await asyncio.sleep(0.002)
        await wire.send(said[50:])
        received = await wire.reader.read()

    assert ([len(piece) for piece in pieces], len(received)) == ([50, len(said) - 50], 7)


async def test_a_whole_handshake_follows_where_no_rule_fires(ssp: Running) -> None:
    await put(ssp, {"kind": "handshake-stall"}, match={"sni": "nobody"})

    assert await is_good(ssp)


async def test_what_is_no_clienthello_goes_on_as_ever(ssp: Running) -> None:
    await put(ssp, {"kind": "handshake-stall"})
    plain = await ssp.wire(tls=False)
    answer = await plain.ask(ssp.request())
    with capture_logs() as logs:
        wire = await raw(ssp, b"\x16\x03\x01\x00\x05hello")
        async with asyncio.timeout(PATIENCE_S):
            said = await wire.reader.read()
    halved = await raw(ssp, said_hello()[:50])
    halved.writer.write_eof()

    assert answer.status == 497
    assert (said[:1], [entry["event"] for entry in logs]) == (b"\x15", ["the TLS handshake failed"])
    assert await halved.is_closed()
    assert ssp.emulator.faults.get("handshake-stall").counts.matched == 0  # type: ignore[union-attr]


async def test_no_hello_is_read_twice_where_no_rule_is_about_connections(
    ssp: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[object] = []

    async def hear(self: hello.Listening, connection: Any) -> hello.Hello:
        heard.append(connection)
        return hello.Hello(b"")

    monkeypatch.setattr(hello.Listening, "hear", hear)
    await put(ssp, {"kind": "latency", "delay_ms": 0})

    assert ((await ssp.ask()).status, heard) == (200, [])


async def test_the_first_of_two_disguises_wins(ssp: Running) -> None:
    await put_certificate(ssp, "expired")
    await put(ssp, {"kind": "old-protocol", "version": "TLSv1"})
    wire = await connected(ssp, tls(ssp, **LENIENT))
    await wire.ask(ssp.request())

    assert wire.writer.get_extra_info("ssl_object").version() == "TLSv1.2"
    assert [fired["did"].partition(" ")[0] for fired in ssp.record()["faults"]] == ["showed", "nothing:"]
    assert ssp.record()["faults"][1]["did"] == "nothing: server-certificate came first"


# Where the certificates come from


async def test_an_older_revocation_list_gets_the_entry_when_the_rule_is_put_in_force(
    asked_only: Running, own_certificates: CertificateFolder
) -> None:
    sub = read_authority(own_certificates)
    write_crl(own_certificates.crl, make_crl(sub, [], number=7, now=datetime.now(UTC)))
    await put_certificate(asked_only, "revoked")
    crl = read_crl(own_certificates)

    assert crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 8
    with pytest.raises(ssl.SSLCertVerificationError) as refused:
        await connected(asked_only, tls(asked_only, crl=own_certificates.crl))
    assert refused.value.verify_code == 23


async def test_certificates_that_are_read_again_have_their_disguises(
    asked_only: Running, own_certificates: CertificateFolder
) -> None:
    await put_certificate(asked_only, "expired")
    first = await connected(asked_only, tls(asked_only, **LENIENT))
    issue(own_certificates, NEW, Role.SSP, now=datetime.now(UTC))
    made = own_certificates.issued(Role.SSP, f"{NEW}-server")
    shutil.copy(made.certificate, own_certificates.ssp_server.certificate)
    shutil.copy(made.key, own_certificates.ssp_server.key)
    await asked_only.emulator.reload()
    second = await connected(asked_only, tls(asked_only, **LENIENT))

    assert await first.is_closed()
    assert x509.DNSName(NEW) not in names(shown(first))
    assert x509.DNSName(NEW) in names(shown(second))
    assert shown(second).not_valid_after_utc < datetime.now(UTC)


async def test_a_new_pki_issues_them_from_when_it_is_in_force(
    asked_only: Running, own_certificates: CertificateFolder
) -> None:
    await put_certificate(asked_only, "revoked")
    initialise(own_certificates, Names(), now=datetime.now(UTC), force=True)
    await asked_only.emulator.reload()

    with pytest.raises(ssl.SSLCertVerificationError) as refused:
        await connected(asked_only, tls(asked_only, crl=own_certificates.crl))
    assert refused.value.verify_code == 23


async def test_a_rule_whose_certificate_cannot_be_made_anew_says_so_and_does_nothing(
    asked_only: Running, own_certificates: CertificateFolder
) -> None:
    await put_certificate(asked_only, "expired")
    own_certificates.authority_sub.key.unlink()
    with capture_logs() as logs:
        await asked_only.emulator.reload()
    wire = await connected(asked_only, tls(asked_only))
    await wire.ask(asked_only.request())

    (line,) = [entry for entry in logs if entry["log_level"] == "error"]
    assert (line["event"], line["kind"]) == ("a fault rule has no effect any more", "server-certificate")
    assert "sub.key is missing" in line["reason"]
    assert asked_only.record()["faults"][0]["did"] == "nothing: what it shakes hands with was not ready"


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_rule_without_an_emulated_pki_is_refused_and_changes_nothing(
    asked_only: Running, own_certificates: CertificateFolder, fault: str
) -> None:
    own_certificates.authority_sub.key.unlink()

    with pytest.raises(SetupError, match=r"server-certificate needs the emulated PKI in .*certs.*sub\.key is missing"):
        await put_certificate(asked_only, fault)
    assert asked_only.emulator.faults.get("server-certificate") is None
    assert await is_good(asked_only)
