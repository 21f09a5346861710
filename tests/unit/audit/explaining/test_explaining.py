"""Explanations: what a record says in plain words, and that none of them fails, whatever the record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import setup
from support.trails import facts, trace_id

from ssp_emulator import checks
from ssp_emulator.audit.explaining import REFUSALS, explain, pages
from ssp_emulator.audit.explaining.explanation import Explanation
from ssp_emulator.outcome import Reason, form_of

FROM, TO, READ = setup.CONSUMER, setup.PROVIDER, setup.READ_BINARY
ASKED = f"{FROM} of A1001 asked {TO} of A20047 for {READ}, and"
UNEXAMINED: dict[str, Any] = {"provider": None, "claims": None}


def refused(check: str | None, reason: str, text: str, *, expected: str = "", found: str = "") -> dict[str, Any]:
    """Return what a refusal changes of a record: the check that failed, those behind it, and the denial."""
    verdicts: list[dict[str, Any]] = []
    for name in checks.NAMES:
        failed = verdicts and verdicts[-1]["result"] in ("fail", "not reached")
        result = "fail" if name == check else "not reached" if failed else "pass"
        said = {"expected": expected, "found": found} if name == check else {"found": "as it should be"}
        verdicts.append({"check": name, "result": result, **({} if result == "not reached" else said)})
    status = form_of(Reason(reason)).status
    return {"checks": verdicts, "denial": {"reason": reason, "text": text}, "status": status, "provider": None}


def fired(kind: str, did: str | None, rule: str = "mine") -> dict[str, Any]:
    return {"rule": rule, "kind": kind, "count": 1, "asked": False, "did": did}


def certificate(**changes: Any) -> dict[str, Any]:
    client = facts()["client"]
    return {"client": {**client, "certificate": {**client["certificate"], **changes}}}


def explained(**changes: Any) -> Explanation:
    return explain({"sequence": 1, "previous": "0" * 64, "worker": 0, **facts(**changes)})


def test_every_reason_has_a_remedy_and_every_check_and_no_other() -> None:
    assert {reason for _, reason in REFUSALS} == set(Reason)
    assert {check for check, _ in REFUSALS} == {*checks.NAMES, None}


@pytest.mark.parametrize(("check", "reason"), REFUSALS, ids=str)
def test_every_remedy_says_something_even_of_a_record_with_nothing_in_it(check: str | None, reason: str) -> None:
    bare = {"denial": {"reason": reason}, "checks": [{"check": check, "result": "fail"}] if check else []}

    remedy = explain(bare).remedy

    assert remedy
    assert "None" not in remedy
    assert "  " not in remedy


def test_what_went_well_needs_no_remedy() -> None:
    told = explained()

    assert told == Explanation(f"{ASKED} the provider answered 200 after 3.4 ms.", None, None)
    assert told.json() == {"summary": told.summary, "remedy": None, "page": None}


@pytest.mark.parametrize(
    ("changes", "summary"),
    [
        (refused("agreement", "fot-check-failed", "FOT"), f"{ASKED} the proxy refused with 403, fot-check-failed"),
        ({"status": 404, "provider": {"status": 404}}, f"{ASKED} the provider answered 404"),
        ({"broken_off": True}, f"{ASKED} the provider answered 200, but the answer was cut off"),
        ({"status": 503}, f"{ASKED} the provider answered 200, which went on as 503"),
        ({"status": 499, "broken_off": True}, f"{ASKED} was gone before the answer"),
        ({"status": 444}, f"{ASKED} the connection was closed without an answer"),
        (
            {**refused("rate", "rate-limited", "RATE"), "status": 444},
            f"{ASKED} the connection was closed without an answer over rate-limited",
        ),
        ({"method": "OPTIONS", "provider": None}, f"{ASKED} the proxy itself answered 200"),
        (
            {"faults": [fired("unavailable", "refused with 503")], **refused(None, "unavailable", "RATE")},
            f"{ASKED} the fault rule mine answered 503",
        ),
        (
            {"from": {"asid": None, "ods": None}, "to": {"asid": None, "ods": None}, "interaction": None},
            (
                f"A consumer at 127.0.0.1:50001 asked a provider for GET {setup.ROOT}/Binary/1, and the provider "
                "answered 200"
            ),
        ),
        ({"from": {"asid": "7", "ods": None}}, f"7 asked {TO} of A20047 for {READ}, and the provider answered 200"),
    ],
)
def test_the_summary_says_who_asked_whom_for_what_and_what_became_of_it(changes: dict[str, Any], summary: str) -> None:
    assert explained(**changes).summary == f"{summary} after 3.4 ms."


def test_a_consumer_that_never_asked_is_told_by_its_address() -> None:
    nobody = {"asid": None, "ods": None}
    unmet = {"method": "-", "target": "", "interaction": None, "from": nobody, "to": nobody, "status": None}

    told = explained(**unmet, broken_off=True, provider=None, timings_ms={"total": None})

    assert told.summary == (
        "A consumer at 127.0.0.1:50001 sent nothing that can be read as a request, and was never answered."
    )


@pytest.mark.parametrize(
    ("changes", "remedy", "page"),
    [
        (refused("tls", "plain-http", "HTTP_REQUEST_SENT_TO_HTTPS_PORT"), "Use https:// to the proxy", pages.SSP),
        (
            refused("certificate", "certificate-required", "SSL_CERTIFICATE_REQUIRED"),
            "Show a client certificate in the TLS handshake",
            pages.SSP,
        ),
        (
            {**refused("certificate", "certificate-error", "SSL_CERTIFICATE_ERROR_EXPIRED")},
            "The certificate CN=consumer.example.nhs.uk has expired",
            pages.SSP,
        ),
        (
            {**refused("certificate", "certificate-error", "SSL_CERTIFICATE_ERROR_NOT_YET_VALID")},
            "The certificate CN=consumer.example.nhs.uk is not valid yet",
            pages.SSP,
        ),
        (
            {
                **refused("certificate", "certificate-error", "SSL_CERTIFICATE_ERROR_UNTRUSTED_ISSUER"),
                **certificate(issuer="CN=Somebody"),
            },
            "The certificate CN=consumer.example.nhs.uk is from CN=Somebody, which is not trusted here",
            pages.SSP,
        ),
        (
            refused("certificate", "certificate-error", "SSL_CERTIFICATE_ERROR_REVOKED"),
            "The certificate CN=consumer.example.nhs.uk is revoked",
            pages.SSP,
        ),
        (
            refused("certificate", "certificate-error", "SSL_CERTIFICATE_ERROR_NOT_A_CLIENT_CERTIFICATE"),
            "The certificate CN=consumer.example.nhs.uk is not a client certificate",
            pages.SSP,
        ),
        (
            refused("rate", "rate-limited", "RATE", found="0 of 5 left, 12 s to go"),
            (
                "Wait as many seconds as the answer's X-Rate-Limit-Reset says before the next request, or raise "
                f"`limits.sender` in emulator.yaml: {FROM} has 0 of 5 left, 12 s to go"
            ),
            pages.SSP,
        ),
        (
            refused("rate", "unavailable", "RATE", found="0 of 5 left, 12 s to go"),
            (
                "Wait as many seconds as the answer's X-Rate-Limit-Reset says before the next request, or raise "
                f"`limits.receiver` in emulator.yaml: all senders together have 0 of 5 left, 12 s to go at {TO}"
            ),
            pages.SSP,
        ),
        (
            refused(None, "internal-error", "The emulator failed"),
            f"Nothing for the consumer to change: look for {trace_id(1)} in the emulator's log",
            None,
        ),
        (
            refused(None, "not-recorded", "The emulator cannot write its audit trail; its log says why."),
            "Nothing for the consumer to change: make room on the disk that the journal is on",
            None,
        ),
        (
            {**refused("token", "invalid-resource", "The token's requesting_device is not a FHIR resource: x")},
            "Put the FHIR resource that it should be into the token's requesting_device: it is not a FHIR resource: x",
            pages.AUDIT,
        ),
        (
            {
                **refused("token", "bad-request", "The token's requesting_system is missing"),
                "claims": {"dialect": "spine-core"},
            },
            "Mend the token's requesting_system: it is missing",
            pages.TOKENS,
        ),
        (
            refused("token", "bad-request", "The token's JWT signature is empty: this sender's tokens are signed"),
            (
                f"Sign the token with the private half of the `token_key` that registry.yaml has for {FROM}: its JWT "
                "signature is empty"
            ),
            pages.AUDIT,
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_refusal_is_explained_with_its_own_values(
    changes: dict[str, Any], remedy: str, page: pages.Page | None
) -> None:
    told = explained(**changes)

    assert told.remedy is not None
    assert told.remedy.startswith(remedy)
    assert told.page == page


@pytest.mark.parametrize(
    ("reason", "error", "remedy"),
    [
        (
            "bad-gateway",
            "no connection to localhost:9443: the connection is refused",
            "Start the provider, or mend its `connect_to` in registry.yaml: no connection to localhost:9443",
        ),
        ("bad-gateway", "no connection to gp:9: its name is not known", "Give the provider a `connect_to`"),
        ("bad-gateway", "the certificate at gp:9 is not good: x", "Give the provider a certificate for the host"),
        ("bad-gateway", "TLS with gp:9 failed: x", "Nothing for the consumer to change, the provider has to be put"),
        ("gateway-timeout", "8 s went by without a word", ("Find out why the provider is slow, or give it longer with "
         "`providers.first_byte_timeout_s` in emulator.yaml: 8 s went by without a word")),
        ("network-timeout", "no connection to gp:9 within 5 s", ("Find out why the provider is slow, or give it longer "
         "with `providers.connect_timeout_s` in emulator.yaml: no connection to gp:9 within 5 s")),
    ],
)  # fmt: skip
def test_a_provider_that_failed_is_explained_by_how(reason: str, error: str, remedy: str) -> None:
    told = explained(**{**refused(None, reason, "TEXT"), "provider": {"address": None, "status": None, "error": error}})

    assert told.remedy is not None
    assert told.remedy.startswith(remedy)
    assert told.page == pages.SSP


def test_a_token_that_was_overlooked_is_not_what_refused() -> None:
    passed = [{"check": name, "result": "pass", "found": ""} for name in checks.NAMES]
    passed[checks.NAMES.index("token")].update(result="fail", expected="a token", found="The token's exp is missing")
    denial = {"reason": "bad-request", "text": "The request's body is not well-formed: a chunk without a size"}

    told = explained(checks=passed, denial=denial, status=400, provider=None)

    assert told.remedy == (
        "Have the consumer's HTTP library send what HTTP allows: The request's body is not well-formed: a chunk "
        "without a size"
    )
    assert told.page == pages.HTTP


def test_a_check_that_passed_last_is_not_what_refused() -> None:
    reached = [
        {"check": name, "result": "pass", "found": ""} for name in checks.NAMES[: checks.NAMES.index("headers") + 1]
    ]
    denial = {"reason": "bad-request", "text": "The request is not well-formed HTTP: a bad name"}

    told = explained(checks=reached, denial=denial, status=400, provider=None)

    assert (told.remedy or "").startswith("Have the consumer's HTTP library send what HTTP allows: ")


def test_an_answer_that_was_whole_is_not_said_to_be_cut_off() -> None:
    assert explained(provider={"address": "a:1", "status": 200, "error": "it closed afterwards"}).remedy is None


def test_a_rule_that_is_asked_for_and_not_there_is_explained_as_that() -> None:
    text = "X-Ssp-Emulator-Fault should name fault rules that are in force and act on requests; found slow"

    told = explained(**refused(None, "bad-request", text))

    assert told.remedy == (f"Leave X-Ssp-Emulator-Fault out, or name a rule of `ssp-emulator fault list` in it: {text}")


FOT = refused("agreement", "fot-check-failed", "FOT", expected="an agreement", found="none")
SLOW = fired("latency", "waited 400 ms before the request", "slow")


@pytest.mark.parametrize(
    ("changes", "beginning"),
    [
        # One that answers comes before the check that refused as well.
        ({**FOT, "faults": [fired("fot-check-failed", "refused with 403")]}, "The fault rule mine (fot-check-failed)"),
        ({**FOT, "faults": [SLOW]}, "Ask for a data sharing agreement"),
        ({"faults": [SLOW]}, "The fault rule slow (latency) did this on purpose: it waited 400 ms before the request"),
        ({"faults": [fired("truncate", None)], "status": 200}, None),
        ({"faults": [fired("close-idle", "nothing: the connection was new")]}, None),
        ({"status": 503, "faults": [fired("status", "made the status 503, which was 200")]}, "The fault rule mine"),
        (
            {"status": 503, "provider": {"status": 404}, "faults": [fired("status", "made the status 503")]},
            "The fault rule mine",
        ),
        (
            {
                "status": 404,
                "provider": None,
                "faults": [fired("provider-error", "answered 404 NO_RECORD_FOUND in the provider's place")],
            },
            "The fault rule mine (provider-error)",
        ),
        ({"status": 404, "provider": {"status": 404}, "faults": [SLOW]}, "Read the OperationOutcome in the answer"),
        ({"status": 444, "provider": None, "faults": [fired("garbage", "sent 9 random bytes")]}, "The fault rule mine"),
        ({"status": 499, "broken_off": True, "faults": [SLOW]}, "The fault rule slow"),
        ({"broken_off": True, "faults": [SLOW, fired("truncate", "closed the connection")]}, "The fault rule mine"),
        (
            {"broken_off": True, "faults": [SLOW], "provider": {"status": 200, "error": "the provider closed it"}},
            "Ask again: the answer was cut off, as the provider's was",
        ),
        (
            {**refused(None, "bad-gateway", "ERROR"), "faults": [SLOW], "provider": {"error": "TLS with x failed"}},
            "Nothing for the consumer to change",
        ),
    ],
)  # fmt: skip
def test_a_fault_rule_is_blamed_for_what_it_did_and_for_no_more(changes: dict[str, Any], beginning: str | None) -> None:
    remedy = explained(**changes).remedy

    assert (remedy if beginning is None else (remedy or "")[: len(beginning)]) == beginning
    if beginning is not None and beginning.startswith("The fault rule"):
        name = beginning.split()[3]
        assert (remedy or "").endswith(f"`ssp-emulator fault remove {name}` lifts it")


@pytest.mark.parametrize(
    ("changes", "remedy"),
    [
        (
            {"status": 499, "broken_off": True},
            "Have the consumer wait longer than 3.4 ms for an answer, or find out why it left",
        ),
        (
            {"broken_off": True, "notes": ["the consumer took nothing for 30 s"]},
            (
                "Ask again, and have the consumer take the whole answer: the connection ended before that "
                "(the consumer took nothing for 30 s)"
            ),
        ),
        ({"status": 444, "provider": None}, "See `errors.unanswered` in emulator.yaml"),
        (
            {**refused("method", "method-not-allowed", "405", expected="GET POST PUT", found="BREW"), "status": 444},
            "Use GET, POST or PUT",
        ),
    ],
)
def test_an_answer_that_nobody_had_is_explained(changes: dict[str, Any], remedy: str) -> None:
    told = explained(**changes)

    assert (told.remedy or "").startswith(remedy)
    assert told.page is not None


@pytest.mark.parametrize("record", [None, [], "x", 7, {}, {"sequence": 1}, {"time": "x", "trace_id": "y"}])
def test_what_is_no_record_has_nothing_to_explain(record: Any) -> None:
    assert explain(record) == Explanation("There is nothing to explain: this is no record of a request.", None, None)


def test_a_refusal_that_is_not_known_here_is_said_to_be_that() -> None:
    told = explained(denial={"reason": "brand-new", "text": "?"}, status=418, provider=None)

    assert told.remedy == "This version knows no refusal called brand-new; docs/refusals.md lists those it gives"


@pytest.mark.parametrize("field", sorted(facts()))
@pytest.mark.parametrize("value", [None, 7, "x", [None, "x", []], {"x": {}}, True])
def test_no_record_is_too_odd_to_be_explained(field: str, value: Any) -> None:
    for changes in ({}, FOT, {"faults": [SLOW]}, {"status": 499}):
        told = explained(**{**changes, field: value})

        assert told.summary.endswith(".")


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(facts())), inner, max_size=3),
    max_leaves=6,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(sorted(facts())), JSON, max_size=6))
def test_anything_of_json_is_explained_in_one_line_each(record: dict[str, Any]) -> None:
    told = explain(record)

    assert json.loads(json.dumps(told.json())) == told.json()
    assert len(told.summary.splitlines()) == 1
    assert told.remedy is None or len(told.remedy.splitlines()) == 1


def test_a_long_or_many_lined_value_is_one_short_line() -> None:
    told = explained(interaction="a\nb\r\n\tc" + "d" * 5000)

    assert "for a b cddd" in told.summary
    assert len(told.summary) < 500


def test_the_pages_are_public_ones_each_said_once() -> None:
    known = [each for each in vars(pages).values() if isinstance(each, pages.Page)]
    used = Path(pages.__file__).parent

    assert len({page.url for page in known}) == len({page.title for page in known}) == len(known) == 8
    public = ("https://developer.nhs.uk/apis/", "https://digital.nhs.uk/developer/", "https://www.rfc-editor.org/")
    assert all(page.url.startswith(public) for page in known)
    written = "".join(file.read_text() for file in used.glob("*.py"))
    assert all(f"pages.{name}" in written for name, each in vars(pages).items() if isinstance(each, pages.Page))
