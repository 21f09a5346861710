"""A peer: where it is met, and which processes it is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Peer:
    """A proxy under measurement, or the provider itself.

    `port` is its port on 127.0.0.1, and `resuming_port` the one at which TLS sessions can be taken up again; None where
    that is the same. `pid` is its first process; `direct` is whether nothing stands before the provider, and
    `settles_after` how many requests it takes until it is as fast as it will be. One that is not
    `needed` is left out where it does not answer rightly; of the others that is an error.
    """

    name: str
    port: int
    pid: int
    server_name: str
    version: str
    resuming_port: int | None = None
    direct: bool = False
    settles_after: int = 500
    needed: bool = True


@dataclass(frozen=True, slots=True)
class Missing:
    """A peer that is not installed here, and how to get it."""

    name: str
    remedy: str
