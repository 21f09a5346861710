"""The demo documents provider: a GP system behind the proxy, speaking GP Connect Access Document 1.6.2.

From the outside in:

- `server`: TLS, the listening sockets and a clean stop; `settings` says where and as whom
- `app`: which handler answers what; `journal`: one log line a request
- `gate`: who is let in, and what a request has to bring
- `capability`, `patients`, `documents`, `binaries`: one route group each
- `search`, `periods`, `nhs_number`: the rules of the query parameters
- `model`, `dataset`, `contents`: the made-up practice; `resources` writes it as FHIR
- `errors`, `respond`: every error there is, and how an answer is put on the wire

Documents of any size can be asked for: `Binary/size-<bytes>` is a plain text of exactly that many bytes.
"""

from ssp_emulator.demo.provider.server import ProviderServer, ProviderStartError
from ssp_emulator.demo.provider.settings import Practice, ProviderSettings

__all__ = ["Practice", "ProviderServer", "ProviderSettings", "ProviderStartError"]
