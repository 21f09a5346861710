"""Compares the emulator with going to the provider directly, with nginx, and with mitmproxy and WireMock.

All of them stand before the same provider, with certificates of the same emulated PKI, TLS 1.2 and the same ciphers;
each measurement goes through them in turn, several times over. Prints tables and a verdict on each target, and writes
everything as JSON, whose path is the last line. Exit 0 where it was measured, whether or not a target was met; 1 where
an answer was wrong; 2 where it could not be measured.
"""

from __future__ import annotations

import argparse
import json
import platform
import ssl
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import procfs
import report
import scenario
from load.remote import generator
from measures import ORDER
from measures.bench import Bench
from options import Number, WholeNumber
from peers import PROXIES, Missing, Peer, emulator, nginx
from peers.setting import laid_out, sizes_for
from scenario import BenchmarkError, WrongAnswerError

from ssp_emulator.demo.consumer import ConsumerError
from ssp_emulator.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from measures.bench import Measure

_RESULTS = Path(__file__).parent / "results"
_WRONG, _NOT_MEASURED = 1, 2
_MOST_ROUNDS, _MOST_SECONDS = 20, 60


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, write, and return the exit code."""
    options = _parser().parse_args(arguments)
    chosen = _chosen(options)
    try:
        procfs.require()
        results = scenario.run(_measured(options, chosen))
        path = _written(results, options.out, "quick" if options.quick else "compare")
    except WrongAnswerError as error:
        print(f"failed: {error}", file=sys.stderr)
        return _WRONG
    except (BenchmarkError, ConsumerError, SetupError) as error:
        print(f"not measured: {error}", file=sys.stderr)
        return _NOT_MEASURED
    print(report.of(results), end="\n\n")
    print(path)
    return _WRONG if "wrong" in results else _NOT_MEASURED if "not_measured" in results else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = ", ".join(measure.name for measure in ORDER)
    parser.add_argument("--quick", action="store_true", help="small requests alone, in few and short rounds")
    parser.add_argument("--only", metavar="NAMES", help=f"measurements, with commas between them; of: {names}")
    parser.add_argument("--rounds", type=WholeNumber(_MOST_ROUNDS), metavar="N", help="how often (5; quick: 3)")
    parser.add_argument(
        "--seconds", type=Number(_MOST_SECONDS), metavar="S", help="how long each load lasts (2.5; quick: 1.5)"
    )
    parser.add_argument("--out", type=Path, default=_RESULTS, metavar="FOLDER", help="where the JSON goes")
    return parser


def _chosen(options: argparse.Namespace) -> list[Measure]:
    if options.only is None:
        return [measure for measure in ORDER if measure.quick or not options.quick]
    names = options.only.split(",")
    if unknown := [name for name in names if name not in {measure.name for measure in ORDER}]:
        print(f"there is no measurement {', '.join(unknown)}; --help names them", file=sys.stderr)
        raise SystemExit(2)
    return [measure for measure in ORDER if measure.name in names]


async def _measured(options: argparse.Namespace, chosen: Sequence[Measure]) -> dict[str, Any]:
    """Start all peers, take the measurements, and return the results; everything is stopped whatever happens."""
    begun = time.monotonic()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ssp-emulator-compare-")))
        setting = laid_out(folder, sizes_for(quick=options.quick))
        provider = await stack.enter_async_context(nginx.provider(setting))
        bench = Bench(
            setting=setting,
            provider=provider,
            registry=emulator.small_registry(setting, provider),
            generators=(
                await stack.enter_async_context(generator()),
                await stack.enter_async_context(generator()),
            ),
            rounds=options.rounds or (3 if options.quick else 5),
            seconds=options.seconds or (1.5 if options.quick else 2.5),
            say=lambda text: print(f"{time.monotonic() - begun:5.0f} s  {text}", file=sys.stderr, flush=True),
        )
        bench.peers.append(provider)
        bench.figures(provider.name)["version"] = provider.version
        for name, start in PROXIES:
            bench.say(f"starting {name}")
            await _join(bench, name, await stack.enter_async_context(start(setting, provider)))
        for measure in chosen:
            bench.say(measure.title)
            await _taken(measure, bench)
        bench.results["seconds"] = round(time.monotonic() - begun)
        return _described(bench)


async def _join(bench: Bench, name: str, peer: Peer | Missing) -> None:
    """Have a peer take part that is installed, and has settled; others are noted."""
    if isinstance(peer, Missing):
        bench.say(f"{name} is not installed: {peer.remedy}")
        bench.results.setdefault("missing", {})[name] = peer.remedy
        return
    bench.peers.append(peer)
    bench.figures(name)["version"] = peer.version
    await bench.attempt(peer, bench.settle(peer))


async def _taken(measure: Measure, bench: Bench) -> None:
    """Take a measurement; where it fails, note why, so that what the others find is not lost."""
    try:
        await measure.take(bench)
    except BenchmarkError as error:
        kind = "wrong" if isinstance(error, WrongAnswerError) else "not_measured"
        bench.say(f"{measure.name}: {error}")
        bench.results.setdefault(kind, {})[measure.name] = str(error)


def _described(bench: Bench) -> dict[str, Any]:
    """Return the results with what they depend on, and each proxy's figures as ratios to nginx's."""
    results = bench.results
    for figures in results["proxies"].values():
        figures["ratio_to_nginx"] = report.ratios(figures, results["proxies"].get("nginx", {}))
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            **asdict(procfs.machine()),
            "processor": _processor(),
            "kernel": platform.release(),
            "openssl": ssl.OPENSSL_VERSION,
        },
        "versions": {peer.name: peer.version for peer in bench.peers},
        "rounds": bench.rounds,
        "seconds_each": bench.seconds,
        **results,
    }


def _processor() -> str:
    """Return what the processor calls itself."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = (value.strip() for key, _, value in (line.partition(":") for line in lines) if key.strip() == "model name")
    return next(names, platform.machine())


def _written(results: dict[str, Any], folder: Path, name: str) -> Path:
    """Write the results, and return the file. Raises `BenchmarkError`."""
    stem = f"{results['at'][:10]}-{name}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{stem}.json"
        path.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise BenchmarkError(f"{folder} cannot be written: {error.strerror or error}") from error
    return path


if __name__ == "__main__":
    sys.exit(main())
