"""An emulator of the NHS Spine Secure Proxy (SSP).

The rooms, in the order in which a request meets them:

- `proxy`: sockets, TLS and bytes; the way of one request from a consumer to a provider and back
- `exchange`: what is known of one request, step by step
- `checks`: who may ask whom for what, one check a file
- `directory`, `interactions`, `token`, `outcome`: what the checks know, and what a refusal says
- `audit`: the journal of every request
- `pki`: the emulated certificate authority, and the verdict on a client's certificate
- `demo`: a documents provider and a consumer to try it with
- `emulator`: the composition root; `cli` and the tests start it
"""

__version__ = "0.1.0"
