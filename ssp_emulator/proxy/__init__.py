"""The proxy: sockets, TLS and bytes. It knows connections, and none of the Spine's rules.

- listener: accepts consumers' connections, over TLS or, to be refused politely, over plain HTTP
- connection: one consumer's connection, on which requests are read
- watching: what is told of connections, and of handshakes that fail
- handler: the way of one request, from its first byte to its audit record
- replies: what the proxy says for itself
- cors: what a browser is told
- leg: a connection to a provider, and what passes over it
- head: a message's start line and fields, as they go on the wire
- hop: one connection of the two; hop-by-hop fields stay on theirs

Source: Spine Core SSP implementation guide; RFC 9110, 7.6 (message forwarding); RFC 9112 (HTTP/1.1).
"""
