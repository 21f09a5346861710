"""The example consumers' suites, each run as its team would: pytest with two workers, the plugin by its entry point."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
from pathlib import Path

import pytest
from support.processes import PIPE, Finished

EXAMPLES = Path(__file__).parents[2] / "examples" / "consumers"
CLIENTS = ("aiohttp", "httpx", "requests")
PATIENCE_S = 240
FEWEST_TESTS = 8


async def run(suite: Path, tmp_path: Path, *arguments: str) -> Finished:
    """Run a suite, and leave nothing in its folder."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "SSP_"))}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    command = (
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "--basetemp",
        str(tmp_path / f"{suite.name}-temp"),
        "-q",
        *arguments,
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, cwd=suite, stdout=PIPE, stderr=PIPE, env=environment
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return Finished(process.returncode or 0, out.decode(), err.decode())


def test_there_is_one_for_each_client() -> None:
    assert {path.parent.name for path in EXAMPLES.glob("*/test_*.py")} == set(CLIENTS)


async def test_the_suites_pass_beside_each_other_with_two_workers_each(tmp_path: Path) -> None:
    ran = await asyncio.gather(*(run(EXAMPLES / client, tmp_path, "-n", "2") for client in CLIENTS))

    for client, ended in zip(CLIENTS, ran, strict=True):
        assert (ended.code, ended.err) == (0, ""), f"{client}:\n{ended.out}\n{ended.err}"
        passed = re.search(r"^(\d+) passed in ", ended.out, re.MULTILINE)
        assert passed is not None, ended.out
        assert int(passed[1]) >= FEWEST_TESTS, ended.out


async def test_a_suite_notices_a_consumer_that_does_not_try_again(tmp_path: Path) -> None:
    """The control: the same suite, with the consumer's tries taken away."""
    suite = tmp_path / "broken"
    shutil.copytree(EXAMPLES / "httpx", suite, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "shared").symlink_to(EXAMPLES / "shared")
    consumer = suite / "discharge.py"
    consumer.write_text(consumer.read_text().replace("_TRIES = 3", "_TRIES = 1"))

    ended = await run(suite, tmp_path, "-k", "one_failure and bad-gateway")

    assert ended.code == pytest.ExitCode.TESTS_FAILED
    assert "1 failed" in ended.out
