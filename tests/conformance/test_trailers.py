"""A trailer that comes when its request has been refused already leads to no other request.

Source: RFC 9110, 6.5.1; RFC 9112, 11.2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from support.running import Running
    from support.stub import StubProvider

CHUNKED = (("Transfer-Encoding", "chunked"),)


async def test_behind_a_trailer_of_a_refused_request_nothing_is_read(ssp: Running, provider: StubProvider) -> None:
    wire = await ssp.wire()
    await wire.send(ssp.request(method="POST", Ssp_To="999999999999", fields=CHUNKED))
    refused = await wire.answer()
    await wire.send(b"3\r\nabc\r\n0\r\nX-Trailer: 0\r\n\r\n" + ssp.request())

    assert (refused.status, refused.all("Connection")) == (400, [])
    assert await wire.is_closed()
    assert provider.connections == 0
