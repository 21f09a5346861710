"""The index: what queries are answered from. It is derived from the journal, and can be deleted at any time.

Nothing on the way of a request waits for it.

- index: the index itself, for threads and commands
- archivist: the same for the event loop, kept up to date as records come
- indexing, querying, fetching: records into it, questions at it, and the records themselves out of the journal
- opening: its file, and what goes wrong with it
- schema: its tables
"""

from __future__ import annotations

from ssp_emulator.audit.index.index import Index
from ssp_emulator.audit.index.opening import IndexingError, SlowError
from ssp_emulator.audit.index.querying import Found, Page
from ssp_emulator.audit.index.standing import Standing

__all__ = ["Found", "Index", "IndexingError", "Page", "SlowError", "Standing"]
