"""How much memory the proxy needs for large documents: less than 32 MiB above what it has anyway, or this fails.

Exit 0 where that is so, 1 where it is not or a document came back wrong, 2 where it could not be measured.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import procfs
import scenario
from document import BinaryReader, expected_sha256, wire_size
from options import WholeNumber, new_file
from scenario import BenchmarkError, Scenario, WrongAnswerError

from ssp_emulator.demo import consumer, sending

if TYPE_CHECKING:
    from pathlib import Path

LIMIT_MIB = 32

_MIB = 1024 * 1024
_MIGRATE = "urn:nhs:names:services:gpconnect:documents:fhir:rest:migrate:binary-1"
_LARGEST_MIB = 1024  # what the demo provider has
_MOST_AT_ONCE = 64
_WARM_UPS = 10
_WARM_UP_BYTES = 10_000
_SLOW_S = 60.0  # how long a slow consumer takes over a document, whatever its size
_PATIENCE_S = 240.0
_OK = 200
_NOT_MET, _NOT_MEASURED = 1, 2


@dataclass(frozen=True, slots=True)
class Load:
    """What is retrieved: a document's size in MiB, how many transfers at once, and whether consumers are slow."""

    mib: int
    at_once: int
    slow: bool

    @property
    def size(self) -> int:
        """The document's size in bytes."""
        return self.mib * _MIB


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured; memory in MiB. `peak_was_reset` tells whether `before_mib` is a peak or what was resident."""

    seconds: float
    before_mib: float
    after_mib: float
    peak_was_reset: bool

    @property
    def added_mib(self) -> float:
        """What the transfers added to the peak."""
        return self.after_mib - self.before_mib

    @property
    def met(self) -> bool:
        """Whether that is below the limit."""
        return self.added_mib < LIMIT_MIB


def main(arguments: list[str] | None = None) -> int:
    """Measure, print a table, and return the exit code."""
    options = _parser().parse_args(arguments)
    load = Load(options.mib, options.at_once, options.slow)
    try:
        procfs.require()
        figures = scenario.run(_measured(load))
        _print(load, figures)
        if options.json is not None:
            _write(options.json, load, figures)
    except (WrongAnswerError, consumer.ConsumerError) as error:
        print(f"failed: {error}", file=sys.stderr)
        return _NOT_MET
    except BenchmarkError as error:
        print(f"not measured: {error}", file=sys.stderr)
        return _NOT_MEASURED
    return 0 if figures.met else _NOT_MET


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None, allow_abbrev=False)
    parser.add_argument(
        "--mib",
        type=WholeNumber(_LARGEST_MIB),
        default=200,
        metavar="N",
        help="the document's size in MiB (%(default)s)",
    )
    parser.add_argument(
        "--at-once", type=WholeNumber(_MOST_AT_ONCE), default=1, metavar="N", help="transfers at once (%(default)s)"
    )
    parser.add_argument(
        "--slow", action="store_true", help=f"each consumer takes {_SLOW_S:g} s over its document, and holds back"
    )
    parser.add_argument("--json", type=new_file, metavar="FILE", help="where the figures go too, as JSON")
    return parser


async def _measured(load: Load) -> Figures:
    async with scenario.running() as started:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await _carry(started, load)
        except TimeoutError as error:
            raise BenchmarkError(f"the transfers were not done within {_PATIENCE_S:g} s") from error


async def _carry(started: Scenario, load: Load) -> Figures:
    small, expected = expected_sha256(_WARM_UP_BYTES), expected_sha256(load.size)
    for _ in range(_WARM_UPS):
        await _retrieve(started, _WARM_UP_BYTES, small, 0)
    reset = procfs.reset_peak(started.proxy_pid)
    # Where the peak cannot be reset it may be that of starting up, and would hide what the transfers take.
    before = (procfs.peak_kib if reset else procfs.resident_kib)(started.proxy_pid)
    begun = time.monotonic()
    await _retrieve_all(started, load, expected)
    seconds = time.monotonic() - begun
    after = procfs.peak_kib(started.proxy_pid)
    return Figures(seconds, before / 1024, after / 1024, reset)


async def _retrieve_all(started: Scenario, load: Load, expected: str) -> None:
    lasting_s = _SLOW_S if load.slow else 0.0
    try:
        async with asyncio.TaskGroup() as transfers:
            for _ in range(load.at_once):
                transfers.create_task(_retrieve(started, load.size, expected, lasting_s))
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from None  # the others were cancelled, or say the same


async def _retrieve(started: Scenario, size: int, expected: str, lasting_s: float) -> None:
    """Retrieve a document and throw it away, evenly over some seconds. Raises `WrongAnswerError`."""
    route = consumer.route(started.plan.registry, _MIGRATE)
    request = consumer.request(route, consumer.Question(f"size-{size}"), datetime.now(UTC))
    # A pattern shrinks to nothing with gzip, and the proxy would have nothing to carry.
    request = replace(request, headers={**request.headers, "Accept-Encoding": "identity"})
    reader = BinaryReader()
    s_per_byte = lasting_s / wire_size(size)
    async with sending.sent(request, started.proxy, started.identity) as answer:
        if answer.status != _OK:
            said = (await answer.content.read(1000)).decode("utf-8", "replace")
            raise WrongAnswerError(f"the answer was {answer.status}: {said}")
        begun = time.monotonic()
        async for piece in answer.content.iter_any():
            reader.feed(piece)
            early_s = begun + reader.wire_bytes * s_per_byte - time.monotonic()
            if early_s > 0:
                await asyncio.sleep(early_s)
        reader.end()
        if answer.content_length not in (None, reader.wire_bytes):
            raise WrongAnswerError(f"{reader.wire_bytes} bytes came, and {answer.content_length} were announced")
    if reader.size != size:
        raise WrongAnswerError(f"the document has {reader.size} bytes, and should have {size}")
    if reader.sha256 != expected:
        raise WrongAnswerError(f"the document's SHA-256 is {reader.sha256}, and should be {expected}")


def _print(load: Load, figures: Figures) -> None:
    throughput = load.mib * load.at_once / figures.seconds
    print(procfs.machine(), "\n")
    print("| document | at once | consumer | seconds | MiB/s | peak before | peak after | added | limit | met |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    print(
        f"| {load.mib} MiB | {load.at_once} | {'slow' if load.slow else 'fast'} | {figures.seconds:.1f} "
        f"| {throughput:.0f} | {figures.before_mib:.1f} MiB | {figures.after_mib:.1f} MiB "
        f"| {figures.added_mib:.1f} MiB | {LIMIT_MIB} MiB | {'yes' if figures.met else 'NO'} |"
    )
    if not figures.peak_was_reset:
        print(
            "\nThe peak could not be reset here: `peak before` is what was resident then, and `added` may have some of "
            "starting up in it."
        )


def _write(path: Path, load: Load, figures: Figures) -> None:
    result = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": asdict(procfs.machine()),
        **asdict(load),
        **asdict(figures),
        "mib_per_s": load.mib * load.at_once / figures.seconds,
        "added_mib": figures.added_mib,
        "limit_mib": LIMIT_MIB,
        "met": figures.met,
    }
    try:
        path.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise BenchmarkError(f"{path} cannot be written: {error.strerror or error}") from error


if __name__ == "__main__":
    sys.exit(main())
