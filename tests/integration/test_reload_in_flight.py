"""What is under way while registry and certificates are read again ends as it began; what comes next meets the new."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from structlog.testing import capture_logs
from support import setup
from support.running import Running, running
from support.stub import OK, Received, StubProvider, body_of
from support.wire import Wire, context

from ssp_emulator.pki.revocation import revoke

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from support.wire import Answer

    from ssp_emulator.pki.folder import CertificateFolder
    from ssp_emulator.proxy.listener import Listener
    from ssp_emulator.proxy.openssl import ConsumerContext
    from ssp_emulator.reloading import Part

PATIENCE_S = 10
ONLY_WHEN_ASKED = {"every_s": None}
PARTS = ["registry", "certificates for consumers", "certificates for providers"]
HALVES = {
    "Content-Length": (("Content-Length", "8"), b"half", b"half"),
    "chunked": (("Transfer-Encoding", "chunked"), b"4\r\nhalf\r\n", b"4\r\nhalf\r\n0\r\n\r\n"),
}


@pytest.fixture
def ssp(asked_only: Running) -> Running:
    """An emulator that reads its files again when it is asked to."""
    return asked_only


class Slow:
    """A provider that says when it has been asked, and answers, once told to, in two pieces."""

    def __init__(self, provider: StubProvider) -> None:
        self.asked, self.begin, self.end = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._provider = provider
        provider.play = self._play

    async def _play(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.asked.set()
        self._provider.received.append(Received(head, await body_of(head, reader), self._provider.connections))
        await self.begin.wait()
        writer.write(OK[:-1])
        await self.end.wait()
        writer.write(OK[-1:])
        await reader.read()

    async def is_asked(self) -> None:
        """Wait until the head of a request is here."""
        await asyncio.wait_for(self.asked.wait(), PATIENCE_S)


def shut_out(ssp: Running) -> None:
    """Revoke the consumer's certificate."""
    revoke(ssp.certificates, str(ssp.certificates.consumer.certificate), now=datetime.now(UTC))


def for_consumers(ssp: Running) -> Part[ConsumerContext]:
    return next(part for part in parts_of(ssp) if part.name == "certificates for consumers")


def parts_of(ssp: Running) -> Sequence[Part[Any]]:
    reloader: Any = ssp.emulator._reloader
    return reloader._parts


def listener_of(ssp: Running) -> Listener:
    apply: Any = for_consumers(ssp).apply
    return apply.__self__


def events(logs: list[Any]) -> list[tuple[str, str]]:
    return [(entry["event"], entry["part"]) for entry in logs if "part" in entry]


@pytest.mark.parametrize(("field", "first", "rest"), HALVES.values(), ids=HALVES)
async def test_an_upload_under_way_comes_to_its_end(
    ssp: Running, provider: StubProvider, field: tuple[str, str], first: bytes, rest: bytes
) -> None:
    slow = Slow(provider)
    slow.begin.set()
    slow.end.set()
    wire = await ssp.wire()
    await wire.send(ssp.request(method="POST", fields=(field,), body=first))
    await slow.is_asked()
    shut_out(ssp)
    await ssp.emulator.reload()
    await wire.send(rest)
    answer = await wire.answer()

    assert (answer.status, answer.body, answer.all("Connection")) == (200, b"ok", ["close"])
    assert await wire.is_closed()
    assert [received.body for received in provider.received] == [b"halfhalf"]
    assert (await ssp.ask()).status == 495


async def test_an_answer_that_has_not_begun_says_that_it_is_the_last(ssp: Running, provider: StubProvider) -> None:
    slow = Slow(provider)
    wire = await ssp.wire()
    await wire.send(ssp.request())
    await slow.is_asked()
    shut_out(ssp)
    await ssp.emulator.reload()
    slow.begin.set()
    slow.end.set()
    answer = await wire.answer()

    assert (answer.status, answer.body, answer.all("Connection")) == (200, b"ok", ["close"])
    assert await wire.is_closed()


async def test_an_answer_that_has_begun_comes_whole_and_is_the_last(ssp: Running, provider: StubProvider) -> None:
    slow = Slow(provider)
    slow.begin.set()
    wire = await ssp.wire()
    await wire.send(ssp.request())
    head = await wire.head()
    shut_out(ssp)
    await ssp.emulator.reload()
    slow.end.set()

    assert (head.status, head.all("Connection")) == (200, [])
    assert await wire.reader.readexactly(2) == b"ok"
    assert await wire.is_closed()


async def test_a_connection_to_a_provider_that_is_lent_out_is_not_used_again_after_a_renewal(
    ssp: Running, provider: StubProvider
) -> None:
    slow = Slow(provider)
    wire = await ssp.wire()
    await wire.send(ssp.request())
    await slow.is_asked()
    renewed: Any = next(part for part in parts_of(ssp) if part.name == "certificates for providers")
    renewed.apply(renewed.read())
    slow.begin.set()
    slow.end.set()
    answers = [await wire.answer(), await ssp.ask()]

    assert [answer.status for answer in answers] == [200, 200]
    assert provider.connections == 2
    assert provider.resumed == [False, False]  # a session from before would be one with the certificates from before


TURNS = 31  # of the event loop: more than a request takes from its first byte to its answer


async def test_whenever_a_renewal_comes_a_request_is_answered_or_was_never_read(
    ssp: Running, provider: StubProvider
) -> None:
    told = set()
    for turns in range(TURNS):
        before = len(provider.received)
        _, answer = await asked_and_renewed(ssp, turns)
        assert answer is None or (answer.status, answer.body) == (200, b"ok"), turns
        assert len(provider.received) - before == (1 if answer is None else 2), turns
        told.add(None if answer is None else tuple(answer.all("Connection")))

    assert told == {None, ("close",), ()}  # before it was read, while it was under way, and after its answer


async def test_whenever_a_renewal_comes_no_connection_from_before_takes_another_request(ssp: Running) -> None:
    for turns in range(TURNS):
        wire, answer = await asked_and_renewed(ssp, turns)
        assert answer is None or await asyncio.wait_for(wire.is_closed(), 2), turns


async def asked_and_renewed(ssp: Running, turns: int) -> tuple[Wire, Answer | None]:
    """Use a connection, send a second request on it, and put certificates in force so many turns of the loop later."""
    listener, new = listener_of(ssp), for_consumers(ssp).read()
    wire = await ssp.wire()
    assert (await wire.ask(ssp.request())).status == 200
    wire.writer.write(ssp.request())
    for _ in range(turns):
        await asyncio.sleep(0)
    listener.renew(new)
    return wire, await answer_or_none(wire)


async def answer_or_none(wire: Wire) -> Answer | None:
    """Return the answer; None where the connection closes without a byte of it."""
    try:
        return await wire.answer()
    except ConnectionError:
        return None
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise
        return None


async def test_a_connection_that_shakes_hands_after_a_renewal_meets_the_new_certificates(ssp: Running) -> None:
    wire = await ssp.wire(tls=False)
    listener = listener_of(ssp)
    async with asyncio.timeout(PATIENCE_S):
        while not listener.connections:  # noqa: ASYNC110 - that a connection has arrived is told to no one
            await asyncio.sleep(0)
    await ssp.emulator.reload()
    await wire.writer.start_tls(context(ssp.certificates, ssp.certificates.consumer), server_hostname="localhost")

    answers = [await wire.ask(ssp.request()) for _ in range(2)]

    assert [(answer.status, answer.all("Connection")) for answer in answers] == [(200, [])] * 2


async def test_files_that_are_as_they_were_cost_no_one_a_connection(ssp: Running) -> None:
    with capture_logs() as first:
        await ssp.emulator.reload()
    wire = await ssp.wire()
    before = await wire.ask(ssp.request())
    with capture_logs() as second:
        await ssp.emulator.reload()
    after = await wire.ask(ssp.request())

    assert (before.status, after.status) == (200, 200)
    assert events(first) == [("reloaded", part) for part in PARTS]
    assert events(second) == [("read again, and found as it was", part) for part in PARTS]


async def test_what_is_put_back_after_a_change_is_put_in_force_again(ssp: Running) -> None:
    registry = ssp.plan.configuration.path(ssp.plan.configuration.settings.registry)
    good = registry.read_text()
    statuses = []
    for text in (yaml.safe_dump({**setup.registry(0), "agreements": []}), good):
        registry.write_text(text)
        await ssp.emulator.reload()
        statuses.append((await ssp.ask()).status)

    assert statuses == [403, 200]


async def test_a_registry_without_a_system_that_has_a_limit_is_reported_and_the_old_one_stays_in_force(
    own_certificates: CertificateFolder, provider: StubProvider, tmp_path: Path
) -> None:
    limits = {"sender": {"asids": {setup.OTHER_CONSUMER: 5}}}
    async with running(tmp_path, own_certificates, provider.port, reload=ONLY_WHEN_ASKED, limits=limits) as ssp:
        systems = [system for system in setup.registry(0)["systems"] if system["asid"] != setup.OTHER_CONSUMER]
        (tmp_path / "registry.yaml").write_text(
            yaml.safe_dump({**setup.registry(0), "systems": systems, "agreements": []})
        )
        with capture_logs() as logs:
            await ssp.emulator.reload()
        answer = await ssp.ask()

    path = tmp_path / "emulator.yaml"
    line = path.read_text().splitlines().index(f"      '{setup.OTHER_CONSUMER}': 5") + 1
    (report,) = [entry for entry in logs if entry["event"].startswith("not reloaded")]
    assert (report["part"], report["log_level"]) == ("registry", "error")
    assert report["problem"] == (
        f"{path}:{line}: limits.sender.asids.{setup.OTHER_CONSUMER}: "
        f"{setup.OTHER_CONSUMER} is the ASID of no system in the registry"
    )
    assert answer.status == 200
