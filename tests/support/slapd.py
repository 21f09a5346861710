"""OpenLDAP's own programs: a server of a test's own, and its clients."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from ldif import LDIFParser

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE_S = 60.0
SERVICES = "ou=services, o=nhs"
TOP = Path(__file__).parents[2]
_ENVIRONMENT = {
    **os.environ,
    "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}:/usr/sbin",
    "LDAPNOINIT": "1",  # no settings of whoever runs the tests
}
MISSING = [
    program for program in ("slapd", "slapadd", "ldapsearch") if not shutil.which(program, path=_ENVIRONMENT["PATH"])
]

Entries = dict[str, dict[str, list[str]]]


def ran(*command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    words = [str(word) for word in command]
    return subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE_S, check=False, env=_ENVIRONMENT)


@dataclass
class Server:
    """A running slapd."""

    url: str

    def ask(self, program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a client against it, bound as nobody unless the arguments say otherwise."""
        return ran(program, "-x", "-H", self.url, *arguments)

    def search(self, question: str, *attributes: str, base: str = SERVICES) -> Entries:
        """Return the entries that match a filter, with some of their attributes or all, in the server's spelling."""
        done = self.ask("ldapsearch", "-LLL", "-b", base, question, *attributes)
        assert done.returncode == 0, done.stderr
        return read(done.stdout)


def read(text: str) -> Entries:
    """Return the entries of an LDIF."""
    found = list(LDIFParser(io.BytesIO(text.encode())).parse())
    entries = {str(dn): dict(entry) for dn, entry in found}
    assert len(entries) == len(found)
    return entries


@contextmanager
def running(folder: Path, *command: str | Path, also: str = "") -> Iterator[Server]:
    """Run a command that becomes a slapd until the context is left.

    Where to listen comes after its last word: at a socket in the folder, and at another URL `also`.
    """
    server = Server(f"ldapi://{quote(str(folder / 's'), safe='')}")
    words = [*map(str, command), f"{server.url} {also}"]
    with (
        (folder / "log").open("w+") as log,
        subprocess.Popen(words, stdout=log, stderr=log, env=_ENVIRONMENT) as process,
    ):
        try:
            _await(server, process, folder / "log")
            yield server
        finally:
            process.terminate()


def _await(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while server.ask("ldapsearch", "-s", "base", "-b", "", "1.1").returncode != 0:
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)
