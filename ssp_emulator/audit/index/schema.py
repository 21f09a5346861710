"""The index's tables, in SQLite.

A record itself stays in the journal, and the index knows where: in the segment of its worker whose first record has the
sequence number `segment`, `length` bytes from `place` on, the line's end left out. That segment's name changes once,
when it is closed (`Layout.closed`); until then it is `Layout.current`.
"""

from __future__ import annotations

VERSION = 2  # of the tables; an index of another is made anew
APPLICATION = 0x53535045  # by which the file is known as ours

TABLES = """
CREATE TABLE exchange (
    id INTEGER PRIMARY KEY,
    worker INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    segment INTEGER NOT NULL,
    place INTEGER NOT NULL,
    length INTEGER NOT NULL,
    time TEXT NOT NULL,
    trace_id TEXT,      -- in lower case
    from_asid TEXT,
    from_ods TEXT,
    to_asid TEXT,
    to_ods TEXT,
    interaction TEXT,
    method TEXT NOT NULL,
    status INTEGER,
    denial TEXT,        -- the reason's name
    nth INTEGER NOT NULL,  -- which request on its connection
    text TEXT NOT NULL  -- what a search looks through: target, texts of denial, provider, checks that failed, notes
);
CREATE UNIQUE INDEX exchange_place ON exchange (worker, sequence);
CREATE INDEX exchange_time ON exchange (time, worker, sequence);
CREATE INDEX exchange_trace ON exchange (trace_id, time, worker, sequence);
CREATE INDEX exchange_from ON exchange (from_asid, time, worker, sequence);
CREATE INDEX exchange_to ON exchange (to_asid, time, worker, sequence);
CREATE INDEX exchange_status ON exchange (status, time, worker, sequence);
CREATE INDEX exchange_denial ON exchange (denial, time, worker, sequence) WHERE denial IS NOT NULL;

-- One row for each fault rule that fired on an exchange, and for each advisory on it.
CREATE TABLE fault (exchange INTEGER NOT NULL REFERENCES exchange (id) ON DELETE CASCADE, rule TEXT NOT NULL);
CREATE INDEX fault_rule ON fault (rule, exchange);
CREATE INDEX fault_exchange ON fault (exchange);
CREATE TABLE advisory (
    exchange INTEGER NOT NULL REFERENCES exchange (id) ON DELETE CASCADE,
    advisory TEXT NOT NULL,
    found TEXT NOT NULL
);
CREATE INDEX advisory_name ON advisory (advisory, exchange);
CREATE INDEX advisory_exchange ON advisory (exchange);

-- How far each worker's chain has been read: to `place` of the segment that begins with `segment`, through `sequence`.
-- The line that ends there has that length and that digest, and of the chain so many records are in the index.
CREATE TABLE progress (
    worker INTEGER PRIMARY KEY,
    segment INTEGER NOT NULL,
    place INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    length INTEGER NOT NULL,
    digest TEXT NOT NULL,
    records INTEGER NOT NULL
);
"""

ANEW = f"""
DROP TABLE IF EXISTS fault;
DROP TABLE IF EXISTS advisory;
DROP TABLE IF EXISTS exchange;
DROP TABLE IF EXISTS progress;
{TABLES}
PRAGMA application_id = {APPLICATION};
PRAGMA user_version = {VERSION};
"""
