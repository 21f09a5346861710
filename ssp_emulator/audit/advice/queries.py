"""What the summary asks of the index (`audit.index.schema`): each answer is a few rows for each registered sender."""

from __future__ import annotations

from typing import Any

from ssp_emulator.audit.advice.connecting import WITHIN_S

Query = tuple[str, tuple[Any, ...]]

# Who is not in the registry has no organisation; and whose certificate is not the ASID's is somebody else.
_KNOWN = "{who} AND from_ods IS NOT NULL AND coalesce(denial, '') <> 'certificate-error'"
_ADVISED = "method NOT IN ('OPTIONS', '-')"  # the proxy answers the one itself, the other was no request
_AT_ONCE_S = 0.1  # closer together than that, requests may have been under way at the same time

# The index of senders alone gives the numbers; the rows themselves would be read in no order that suits a disk.
_SENDERS = """
SELECT from_asid, ods, requests - others, first, last FROM (
    SELECT from_asid, count(*) AS requests, min(time) AS first, max(time) AS last,
        (SELECT from_ods FROM exchange AS own
            WHERE own.from_asid = exchange.from_asid AND from_ods IS NOT NULL LIMIT 1) AS ods,
        (SELECT count(*) FROM exchange AS other
            WHERE other.denial = 'certificate-error' AND other.from_asid = exchange.from_asid) AS others
    FROM exchange WHERE {who} GROUP BY from_asid
) WHERE ods IS NOT NULL AND requests > others ORDER BY from_asid
"""
_RECORDED = """
SELECT from_asid, advisory, count(*), min(time), max(time)
FROM advisory JOIN exchange ON exchange.id = advisory.exchange
WHERE {known} GROUP BY from_asid, advisory
"""
_EXAMPLES = """
SELECT trace_id, found FROM advisory CROSS JOIN exchange ON exchange.id = advisory.exchange
WHERE advisory = ? AND from_asid = ? ORDER BY advisory.exchange DESC LIMIT 50
"""
# By trace ID and sender: the first is found in an index alone, and most trace IDs come once.
_REPEATED = """
SELECT from_asid, trace_id, count(*) AS requests, min(time) AS first, max(time) AS last
FROM exchange WHERE {known} AND {advised} AND trace_id IN (
    SELECT trace_id FROM exchange WHERE trace_id IS NOT NULL GROUP BY trace_id HAVING count(*) > 1
) GROUP BY trace_id, from_asid HAVING count(*) > 1
"""
_REPEATED_BY_SENDER = """
SELECT from_asid, sum(requests - 1), count(*), min(first), max(last) FROM ({repeated}) GROUP BY from_asid
"""
_REPEATED_MOST = "SELECT trace_id, requests FROM ({repeated}) ORDER BY requests DESC, last DESC LIMIT ?"
_CONNECTIONS = """
SELECT count(*), total(in_vain), min(time), max(time) FROM (
    SELECT time, (julianday(time) - julianday(lag(time) OVER before)) * 86400
        BETWEEN {at_once_s} AND {within_s} AS in_vain
    FROM exchange WHERE {known} AND {advised} AND denial IS NULL AND nth > 0
        AND NOT EXISTS (SELECT 1 FROM exchange WHERE {who} AND nth > 1)
    WINDOW before AS (ORDER BY time, worker, sequence)
) HAVING total(in_vain) >= ?
"""


def senders(sender: str | None) -> Query:
    """Each sender: its ASID, its ODS code, how many exchanges bear the ASID, and the first and the last one's time."""
    return _of(_SENDERS, sender)


def recorded(sender: str | None) -> Query:
    """Each advisory that records of a sender bear: the ASID, the name, how often, and the first and last time."""
    return _of(_RECORDED, sender)


def examples(name: str, sender: str) -> Query:
    """The latest exchanges of a sender with an advisory: the trace ID, and what was found."""
    return _EXAMPLES, (name, sender)


def repeated(sender: str | None) -> Query:
    """Each sender with trace IDs that come again: the ASID, how many times too many, how many IDs, and when."""
    return _of(_REPEATED_BY_SENDER, sender)


def most_repeated(sender: str, most: int) -> Query:
    """The trace IDs that a sender used most often, and how often; `most` is how many."""
    return _of(_REPEATED_MOST, sender, most)


def not_reused(sender: str, least: int) -> Query:
    """For a sender all of whose requests came on connections of their own: how many, how many soon, and when.

    `least` is how many there have to be that came soon behind another, so that its connection was there.
    """
    statement, (asid, *more) = _of(_CONNECTIONS, sender, least)
    return statement, (asid, asid, *more)


def _of(statement: str, sender: str | None, *more: object) -> Query:
    who, parameters = ("from_asid IS NOT NULL", ()) if sender is None else ("from_asid = ?", (sender,))
    known = _KNOWN.format(who=who)
    pieces = {"who": who, "known": known, "advised": _ADVISED, "at_once_s": _AT_ONCE_S, "within_s": WITHIN_S}
    return statement.format(repeated=_REPEATED.format(**pieces), **pieces), (*parameters, *more)
