"""What every benchmark runs against: the demo provider and the emulator, each a process on a free loopback port."""

from __future__ import annotations

import asyncio
import signal
import sys
import tempfile
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

import yaml

from ssp_emulator.address import Address
from ssp_emulator.demo.sending import Identity
from ssp_emulator.pki.folder import CertificateFolder
from ssp_emulator.pki.initialising import ensure
from ssp_emulator.pki.names import Names
from ssp_emulator.plan import Plan, read_plan

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

CONSUMER_ASID, PROVIDER_ASID = "200000000115", "200000000116"

_DOCUMENTS = "urn:nhs:names:services:gpconnect:documents:*"
_ROOT = "https://gp.example.nhs.uk/A20047/STU3/1/gpconnect/documents"
_START_PATIENCE_S = 30.0
_STOP_PATIENCE_S = 15.0
_LOG_TAIL = 2000  # characters of a process's log that an error quotes
_TERMINATED = 128 + signal.SIGTERM
_INTERRUPTED = 128 + signal.SIGINT

Result = TypeVar("Result")


class BenchmarkError(Exception):
    """A benchmark cannot go on; the text says why."""


class WrongAnswerError(BenchmarkError):
    """An answer is not what it should be; the text says in what."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """An emulator and a demo provider that run: where they listen, their process ids, and what a consumer needs."""

    plan: Plan
    proxy: Address
    proxy_pid: int
    admin: Address
    provider: Address
    provider_pid: int
    identity: Identity


@dataclass(frozen=True, slots=True)
class _Ready:
    addresses: tuple[Address, ...]
    pid: int


@asynccontextmanager
async def running(prepare: Callable[[Path], None] | None = None) -> AsyncIterator[Scenario]:
    """Start provider and emulator, with settings, certificates and audit in a temporary folder, and lend them.

    `prepare` is called with the journal's path before the emulator is started; it may block. Leaving stops both and
    removes the folder, whatever has happened. Raises `BenchmarkError` where either does not start.
    """
    async with AsyncExitStack() as started:
        folder = Path(started.enter_context(tempfile.TemporaryDirectory(prefix="ssp-emulator-benchmark-")))
        certificates = CertificateFolder(folder / "certs")
        ensure(certificates, Names(), now=datetime.now(UTC))
        where = ["--port", "0", "--certs", str(certificates.root)]
        provider = await started.enter_async_context(_process(folder, "provider", *where))
        settings = _configure(folder, provider.addresses[0])
        if prepare is not None:
            await asyncio.to_thread(prepare, folder / "audit" / "journal.jsonl")
        proxy = await started.enter_async_context(_process(folder, "up", "--config", str(settings), lines=2))
        ours = certificates.consumer
        yield Scenario(
            plan=read_plan(settings),
            proxy=proxy.addresses[0],
            proxy_pid=proxy.pid,
            admin=proxy.addresses[1],
            provider=provider.addresses[0],
            provider_pid=provider.pid,
            identity=Identity(ours.certificate, ours.key, certificates.chain),
        )


def run(benchmark: Coroutine[None, None, Result]) -> Result:
    """Run a benchmark to its end; SIGTERM and Ctrl-C end it too, with every process that it has started."""
    with asyncio.Runner() as runner:
        try:
            return runner.run(_until_terminated(benchmark))
        except asyncio.CancelledError:
            raise SystemExit(_TERMINATED) from None
        except KeyboardInterrupt:
            raise SystemExit(_INTERRUPTED) from None


async def _until_terminated(benchmark: Coroutine[None, None, Result]) -> Result:
    task = asyncio.create_task(benchmark)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task


def _configure(folder: Path, provider: Address) -> Path:
    """Write `config/emulator.yaml` and its registry, and return the former's path."""
    settings = {
        "registry": "registry.yaml",
        "certificates": "../certs",
        "proxy": {"listen": "localhost:0"},
        "admin": {"listen": "127.0.0.1:0"},
        "sds": {"listen": None},
        "audit": {"journal": "../audit/journal.jsonl", "keep": {"size_mib": None, "age_s": None}},
    }
    consumer = {
        "asid": CONSUMER_ASID,
        "organisation": "A1001",
        "party_key": "A1001-810001",
        "fqdn": "consumer.example.nhs.uk",
        "sends": [_DOCUMENTS],
    }
    endpoint = {"root": _ROOT, "cpa_id": "S20001A000116", "receives": [_DOCUMENTS], "connect_to": str(provider)}
    practice = {
        "asid": PROVIDER_ASID,
        "organisation": "A20047",
        "party_key": "A20047-810002",
        "fqdn": urlsplit(_ROOT).hostname,
        "endpoints": [endpoint],
    }
    registry = {
        "organisations": [{"ods": "A1001", "name": "Example Hospital"}, {"ods": "A20047", "name": "Example Surgery"}],
        "systems": [consumer, practice],
        "agreements": [{"from": CONSUMER_ASID, "to": PROVIDER_ASID, "interactions": [_DOCUMENTS]}],
    }
    config = folder / "config"
    config.mkdir()
    (config / "registry.yaml").write_text(yaml.safe_dump(registry), encoding="utf-8")
    (config / "emulator.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    return config / "emulator.yaml"


@asynccontextmanager
async def _process(folder: Path, name: str, *arguments: str, lines: int = 1) -> AsyncIterator[_Ready]:
    """Run a command of the emulator's, and lend what is known once it is ready; stop it afterwards.

    So many lines that it says then each have an address.

    Its standard error goes to a file in the folder, so that no full pipe ever holds it up.
    """
    log = folder / f"{name}.log"
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "ssp_emulator", name, *arguments, stdout=asyncio.subprocess.PIPE, stderr=errors
        )
    try:
        yield _Ready(tuple([await _address(name, process, log) for _ in range(lines)]), process.pid)
        if process.returncode is not None:
            raise BenchmarkError(f"`{name}` ended before it was told to: {_tail(log)}")
    finally:
        await _stop(process)


async def _address(name: str, process: asyncio.subprocess.Process, log: Path) -> Address:
    """Wait for the next line by which a process says that it is ready, and return where it listens."""
    if process.stdout is None:
        raise LookupError("a process was started without its pipe")
    try:
        async with asyncio.timeout(_START_PATIENCE_S):
            line = (await process.stdout.readline()).decode().strip()
    except TimeoutError as error:
        raise BenchmarkError(f"`{name}` was not ready within {_START_PATIENCE_S:g} s: {_tail(log)}") from error
    if "http" not in line:
        raise BenchmarkError(f"`{name}` did not start: {_tail(log)}")
    return Address.parse(urlsplit(line[line.index("http") :]).netloc)


def _tail(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace").strip()[-_LOG_TAIL:] or "it said nothing"


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.terminate()
    try:
        async with asyncio.timeout(_STOP_PATIENCE_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
