"""Ports for what is started later."""

from __future__ import annotations

import os
import socket


def free_port() -> int:
    """Find a port that stays free: below those that the system hands out, and in a range of this worker's own."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    for port in range(20_000 + 500 * worker, 20_500 + 500 * worker):
        try:
            with socket.create_server(("127.0.0.1", port)):
                return port
        except OSError:
            continue
    raise AssertionError("every port of this worker's is taken")
