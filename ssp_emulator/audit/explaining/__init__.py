"""Explaining: a record in plain words, and for what went wrong, one line that says what to change.

A remedy is a callable from a record's facts to that line. Those of a refusal are found by the check that refused, None
where no check did, and by the reason; each family of them is a file.

- facts: what is read out of a record
- summary: the sentence on any record
- connection, message, parties, token, rate, provider, emulator: remedies of refusals
- directory: those of the Spine Directory Service's
- ending, fault: those of what is no refusal
- pages: the public pages to read
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ssp_emulator.audit.explaining import (
    connection,
    directory,
    emulator,
    ending,
    fault,
    message,
    parties,
    provider,
    rate,
    token,
)
from ssp_emulator.audit.explaining.explanation import Explanation, Remedy
from ssp_emulator.audit.explaining.facts import Facts
from ssp_emulator.audit.explaining.summary import summary
from ssp_emulator.outcome import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

REFUSALS: Mapping[tuple[str | None, str], Callable[[Facts], Remedy]] = {
    ("tls", Reason.PLAIN_HTTP): connection.plain_http,
    ("certificate", Reason.CERTIFICATE_REQUIRED): connection.no_certificate,
    ("certificate", Reason.CERTIFICATE_ERROR): connection.bad_certificate,
    ("method", Reason.METHOD_NOT_ALLOWED): message.method,
    ("headers", Reason.BAD_REQUEST): message.headers,
    ("target", Reason.BAD_REQUEST): message.target,
    ("sender", Reason.ASID_CHECK_FAILED): parties.unknown_or_unentitled_sender,
    ("sender", Reason.UNSUPPORTED_INTERACTION): parties.unknown_interaction,
    ("sender", Reason.CERTIFICATE_ERROR): parties.another_certificate,
    ("receiver", Reason.BAD_REQUEST): parties.unknown_receiver,
    ("receiver", Reason.PARTYKEY_CHECK_FAILED): parties.receiver_without_interaction,
    ("endpoint", Reason.ENDPOINT_VARIES): parties.endpoint,
    ("agreement", Reason.FOT_CHECK_FAILED): parties.agreement,
    ("token", Reason.BAD_REQUEST): token.bad_token,
    ("token", Reason.INVALID_RESOURCE): token.no_resource,
    ("rate", Reason.RATE_LIMITED): rate.of_sender,
    ("rate", Reason.UNAVAILABLE): rate.of_receiver,
    ("media", Reason.UNSUPPORTED_MEDIA_TYPE): message.media,
    (None, Reason.BAD_REQUEST): message.malformed,
    (None, Reason.BAD_GATEWAY): provider.unreachable,
    (None, Reason.GATEWAY_TIMEOUT): provider.too_slow,
    (None, Reason.NETWORK_TIMEOUT): provider.too_slow,
    (None, Reason.INTERNAL_ERROR): emulator.failed,
    (None, Reason.NOT_RECORDED): emulator.not_recorded,
}

_NOTHING = Explanation("There is nothing to explain: this is no record of a request.")


def explain(record: Any) -> Explanation:
    """Return a record in plain words.

    Takes a record as it is in the journal. One from elsewhere, or from another version, is explained as far as it says
    anything; it never fails.
    """
    if not isinstance(record, dict) or not record.keys() & {"method", "status", "denial"}:
        return _NOTHING
    facts = Facts(record)
    remedy = _remedy(facts)
    if remedy is None:
        return Explanation(summary(facts))
    return Explanation(summary(facts), remedy.line, remedy.page)


def _remedy(facts: Facts) -> Remedy | None:
    if facts.of_directory:
        return directory.refused(facts)
    # What the consumer met comes first, and what merely happened on the way after it.
    return (
        fault.answered(facts)
        or _of_refusal(facts)
        or provider.broke_off(facts)
        or (fault.meddled(facts) if facts.cut_short else None)
        or ending.cut_short(facts)
        or provider.refused(facts)
        or fault.meddled(facts)
    )


def _of_refusal(facts: Facts) -> Remedy | None:
    if facts.reason is None:
        return None
    check = facts.failed.name if facts.failed is not None else None
    of_reason = (remedy for (_, reason), remedy in REFUSALS.items() if reason == facts.reason)
    found = REFUSALS.get((check, facts.reason)) or REFUSALS.get((None, facts.reason)) or next(of_reason, None)
    if found is None:
        return Remedy(f"This version knows no refusal called {facts.reason}; docs/refusals.md lists those it gives")
    return found(facts)
