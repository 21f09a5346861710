"""Listening sockets for a host name, one for each of its addresses, all with the same port."""

from __future__ import annotations

import errno
import socket

from ssp_emulator.errors import said

_BACKLOG = 1024
# A name such as localhost can have an IPv6 address on a machine (or in a container) that has IPv6 switched off.
NO_SUCH_ADDRESS = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})


def bind(host: str, port: int, *, shared: bool = False) -> list[socket.socket]:
    """Bind, and listen on, TCP sockets for every usable address of a host; port 0 takes one free port for all of them.

    `shared` says that others of this user may have the port too, where they say so as well (`share`).
    Raises OSError where the port is taken, or the host has no address on this machine.
    """
    bound: list[socket.socket] = []
    refusal: OSError | None = None
    addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    for family, kind, protocol, _, address in dict.fromkeys(addresses):
        try:
            bound.append(_bind_one((family, kind, protocol), (address[0], port, *address[2:]), shared=shared))
        except OSError as error:
            if error.errno not in NO_SUCH_ADDRESS:
                close(bound)
                raise
            refusal = error
        else:
            port = bound[0].getsockname()[1]
    if refusal is not None and not bound:
        raise refusal
    return bound


def refusal(error: OSError) -> str:
    """Say why an address cannot be listened on, and what to do, for the end of a sentence that begins with it."""
    match error.errno:
        case errno.EADDRINUSE:
            return "is in use; stop what listens there, or name another port"
        case errno.EACCES | errno.EPERM:
            return "may not be listened on by this user: permission denied; name a port above 1023"
        case errno.EADDRNOTAVAIL | errno.EAFNOSUPPORT:
            return "is no address of this machine; name one that it has, such as 127.0.0.1"
        case _ if isinstance(error, socket.gaierror):
            return f"has a host that cannot be found: {said(error)}; name an address of this machine, such as 127.0.0.1"
        case _:
            return f"cannot be: {said(error)}"


def share(sockets: list[socket.socket]) -> None:
    """Let other sockets of this user be bound, `shared`, to the port that these have had to themselves.

    The kernel gives each connection to one of those that listen.
    """
    for each in sockets:
        each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)


def close(sockets: list[socket.socket]) -> None:
    """Close sockets that were bound."""
    for each in sockets:
        each.close()


def _bind_one(kind: tuple[int, int, int], address: tuple[object, ...], *, shared: bool) -> socket.socket:
    listening = socket.socket(*kind)
    try:
        if shared:
            share([listening])
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if listening.family == socket.AF_INET6:
            # Without this, an IPv6 socket could take the IPv4 port too, and the next address would find it taken.
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.setblocking(False)
        listening.bind(address)
        listening.listen(_BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening
