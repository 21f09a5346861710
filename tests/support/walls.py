"""What keeps a process out: no privileges, though it is root's, and folders that are mounted to be read alone."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from support.processes import run

if TYPE_CHECKING:
    from pathlib import Path

_NAMESPACES = (("unshare", "-m"), ("unshare", "-Urm"))  # for root, and for whoever may be root of one of its own


def unprivileged() -> tuple[str, ...]:
    """Return the command that takes root's privileges from the one that follows it; modes count for it then."""
    return () if os.geteuid() else ("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--")


async def alone_in_a_network(folder: Path) -> tuple[str, ...]:
    """Return the command that gives the one that follows it a network of its own, in which low ports are root's."""
    by = ("unshare", "-n", *unprivileged())
    await _must_work(folder, by)
    return by


async def read_only(folder: Path) -> tuple[str, ...]:
    """Return the command that has the one that follows it see a folder as mounted to be read alone."""
    script = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'
    for namespace in _NAMESPACES:
        by = (*namespace, "sh", "-c", script, str(folder))
        if (await run(folder.parent, *by, "true")).code == 0:
            return by
    pytest.skip("nothing may be mounted here")


async def _must_work(folder: Path, by: tuple[str, ...]) -> None:
    if (await run(folder, *by, "true")).code != 0:
        pytest.skip("this process may have no network of its own")
