"""What is measured, and what stands behind it: each a process on a free loopback port, one file each.

A *peer* is a process (with its children) and the ways to it. The *provider* answers from files; the others stand
before it as the proxy does, with certificates of the same emulated PKI.
"""

from peers import emulator, mitmproxy, nginx, wiremock
from peers.peer import Missing, Peer

PROXIES = (
    ("nginx", nginx.proxy),
    (emulator.NAME, emulator.running),
    (mitmproxy.NAME, mitmproxy.running),
    (wiremock.NAME, wiremock.running),
)

__all__ = ["PROXIES", "Missing", "Peer"]
