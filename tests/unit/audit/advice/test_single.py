"""Advisories on one exchange, whatever came before it: each with what gives it, and with what must not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from support import setup, tokens

from ssp_emulator.audit.advice import CATALOGUE, ORDER
from ssp_emulator.audit.advice.advice import Wanted
from ssp_emulator.faults.firing import Firing
from ssp_emulator.interactions import GP_CONNECT, NRL

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssp_emulator.clock import Clock
    from ssp_emulator.exchange import Exchange
    from ssp_emulator.spine import Spine

    Advised = Callable[..., dict[str, str]]

OWN = "urn:example:own"
NRL_READ = f"{NRL}DocumentReference.content.read"
ENCODED_ROOT = setup.ROOT.replace("://", "%3A%2F%2F").replace("/", "%2F")


def test_what_is_as_it_should_be_gets_no_advice(advised: Advised) -> None:
    assert advised() == {}


@pytest.mark.parametrize(
    ("trace_id", "found"),
    [
        ("9c2a4f0e-3b1d-4e57-8a60-5d1f7b2c9e34", None),
        ("9C2A4F0E-3B1D-4E57-BA60-5D1F7B2C9E34", None),
        ("6fa459ea-ee8a-11e9-81b4-2a2ae2dbcce4", "of version 1"),
        ("6fa459ea-ee8a-3ca4-894e-db77e160355e", "of version 3"),
        ("019342a0-7b3c-7def-9abc-0123456789ab", "of version 7"),
        ("00000000-0000-0000-0000-000000000000", "which is no UUID of RFC 9562"),
        ("9c2a4f0e-3b1d-4e57-ca60-5d1f7b2c9e34", "which is no UUID of RFC 9562"),
    ],
)
def test_a_trace_id_is_a_uuid_of_version_4(advised: Advised, trace_id: str, found: str | None) -> None:
    said = {} if found is None else {"trace-id-version": f"{trace_id}, {found}"}
    assert advised(headers={"Ssp-TraceID": trace_id}) == said


def organisation(ods: str, system: str) -> dict[str, Any]:
    return {"resourceType": "Organization", "name": "Example", "identifier": [{"system": system, "value": ods}]}


UK, NET = f"{tokens.UK}/ods-organization-code", f"{tokens.NET}/ods-organization-code"


@pytest.mark.parametrize("mode", ["enforce", "record"])
@pytest.mark.parametrize(
    ("dialect", "value", "differs"),
    [
        (tokens.gp_connect_1, organisation("A1001", UK), False),
        (tokens.gp_connect_1, organisation("A9", UK), True),
        (tokens.gp_connect_1, organisation("A9", "urn:other"), False),
        (tokens.gp_connect_1, "A9", False),
        (tokens.gp_connect_1, None, False),
        (tokens.gp_connect_0, organisation("A9", NET), True),
        (tokens.gp_connect_0, organisation("A1001", NET), False),
        (tokens.spine_core, f"{UK}|A9", True),
        (tokens.spine_core, f"{UK}|A1001", False),
        (tokens.spine_core, "", False),
    ],
    ids=[
        "the sender's", "another", "of a system that names none", "no resource", "null", "0.x another",
        "0.x the sender's", "Spine Core another", "Spine Core the sender's", "Spine Core none",
    ],
)  # fmt: skip
def test_the_organisation_is_the_asids(
    advised: Advised, clock: Clock, spine: Spine, mode: str, dialect: Any, value: object, *, differs: bool
) -> None:
    claims = tokens.changed(dialect(clock.now().timestamp()), requesting_organization=value)
    judge = replace(spine, token_enforced=mode == "enforce")

    found = advised(claims=claims, judge=judge).get("organisation-differs")

    assert found == (f"A9, where {setup.CONSUMER} is of A1001" if differs else None)


RECORD = f"{GP_CONNECT}fhir:operation:gpc.getstructuredrecord-1"
SLOTS = f"{GP_CONNECT}fhir:rest:search:slot-1"
REGISTER = f"{GP_CONNECT}fhir:operation:gpc.registerpatient-1"


@pytest.mark.parametrize(
    ("dialect", "claim", "interaction", "scope", "differs"),
    [
        (tokens.gp_connect_1, "requested_scope", setup.READ_BINARY, "patient/*.read", False),
        (tokens.gp_connect_1, "requested_scope", setup.READ_BINARY, "patient/*.read conf/N", False),
        (tokens.gp_connect_1, "requested_scope", setup.READ_BINARY, "patient/*.write", True),
        (tokens.gp_connect_1, "requested_scope", setup.READ_BINARY, "organization/*.read conf/R", True),
        (tokens.gp_connect_1, "requested_scope", SLOTS, "patient/*.read", True),
        (tokens.gp_connect_1, "requested_scope", OWN, "patient/*.write", False),
        (tokens.gp_connect_1, "requested_scope", setup.READ_BINARY, None, False),
        (tokens.spine_core, "scope", NRL_READ, "patient/*.read", False),
        (tokens.spine_core, "scope", NRL_READ, "patient/*.write", True),
        (tokens.spine_core, "scope", SLOTS, "patient/*.read", False),
        (tokens.spine_core, "scope", REGISTER, "patient/*.read", True),
    ],
)
def test_the_scope_is_the_interactions(
    advised: Advised,
    clock: Clock,
    spine: Spine,
    dialect: Any,
    claim: str,
    interaction: str,
    scope: str,
    *,
    differs: bool,
) -> None:
    claims = tokens.changed(dialect(clock.now().timestamp()), **{claim: scope})
    headers = {"Ssp-InteractionID": interaction}

    found = advised(claims=claims, headers=headers, judge=replace(spine, token_enforced=False)).get("scope-differs")

    wanted = spine.catalogue.get(interaction)
    assert wanted is not None
    assert found == (f"{scope}, where {interaction} asks for {wanted.scope}" if differs else None)


def test_a_scope_that_is_refused_is_not_advised_on_as_well(over: Callable[..., Exchange], advised: Advised) -> None:
    claims = tokens.changed(tokens.gp_connect_1(1_772_625_600), requested_scope="patient/*.write")
    refused = over(claims=claims)

    assert refused.denial is not None
    assert "requested_scope" in refused.denial.text
    assert "scope-differs" not in advised(claims=claims)


@pytest.mark.parametrize(
    ("method", "interaction", "found"),
    [
        ("GET", setup.READ_BINARY, None),
        ("POST", setup.READ_BINARY, f"POST, where {setup.READ_BINARY} has GET"),
        ("HEAD", setup.READ_BINARY, f"HEAD, where {setup.READ_BINARY} has GET"),
        ("GET", RECORD, f"GET, where {RECORD} has POST"),
        ("POST", RECORD, None),
        (
            "DELETE",
            f"{GP_CONNECT}fhir:rest:update:appointment-1",
            f"DELETE, where {GP_CONNECT}fhir:rest:update:appointment-1 has GET or PUT",
        ),
        ("PUT", f"{GP_CONNECT}fhir:rest:update:appointment-1", None),
        ("DELETE", OWN, None),
        ("OPTIONS", setup.READ_BINARY, None),
    ],
)
def test_the_method_is_the_interactions(advised: Advised, method: str, interaction: str, found: str | None) -> None:
    said = advised(method=method, headers={"Ssp-InteractionID": interaction})
    assert said.get("method-differs") == found


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("localhost:8443", None),
        ("proxy.example.nhs.uk", None),
        ("proxy.example.nhs.uk:4433", None),
        ("proxy.example.nhs.uk:443", "Host: proxy.example.nhs.uk:443"),
        ("[::1]:443", "Host: [::1]:443"),
        (None, None),
    ],
)
def test_host_has_no_port_that_https_has_anyway(advised: Advised, host: str | None, found: str | None) -> None:
    assert advised(headers={"Host": host}).get("host-port") == found


WITH_PORT = f"/{setup.ROOT}/Binary/1".replace("gp.example.nhs.uk", "gp.example.nhs.uk:443")


def test_a_port_in_the_target_is_advised_on_where_it_is_not_what_is_refused(advised: Advised, over: Any) -> None:
    unknown = {"Ssp-To": "299999999999"}
    assert advised(raw_target=WITH_PORT, headers=unknown)["target-port"] == "gp.example.nhs.uk:443"
    assert "target-port" not in advised(headers=unknown)
    assert over(raw_target=WITH_PORT).denial.reason.value == "endpoint-varies"
    assert "target-port" not in advised(raw_target=WITH_PORT)


@pytest.mark.parametrize(
    ("raw", "interaction", "said"),
    [
        (f"/{setup.ROOT}/Binary/1", setup.READ_BINARY, {}),
        (f"/{ENCODED_ROOT}%2FBinary%2F1", setup.READ_BINARY, {"target-form": "percent-encoded"}),
        (f"/{setup.ROOT}/Binary/1".replace("//", "/"), setup.READ_BINARY, {"target-form": "slashes collapsed"}),
        (f"/{ENCODED_ROOT}%2FBinary%2F1", NRL_READ, {}),
        (f"/{setup.ROOT}/Binary/1", NRL_READ, {"target-not-encoded": "literal"}),
        (f"/{setup.ROOT}/Binary/1".replace("//", "/"), NRL_READ, {"target-not-encoded": "slashes collapsed"}),
        (f"/{setup.ROOT}/Binary/1", OWN, {}),
        (f"/{ENCODED_ROOT}%2FBinary%2F1", OWN, {}),
        (f"/{setup.ROOT}/Binary/1".replace("//", "/"), OWN, {"target-form": "slashes collapsed"}),
    ],
    ids=[
        "literal", "encoded", "collapsed", "NRL encoded", "NRL literal", "NRL collapsed",
        "own literal", "own encoded", "own collapsed",
    ],
)  # fmt: skip
def test_the_form_of_a_target_is_the_one_of_its_family(
    advised: Advised, clock: Clock, raw: str, interaction: str, said: dict[str, str]
) -> None:
    claims = tokens.changed(tokens.spine_core(clock.now().timestamp()), aud=setup.ROOT)
    claims = claims if interaction == NRL_READ else None
    assert advised(raw_target=raw, headers={"Ssp-InteractionID": interaction}, claims=claims) == said


@pytest.mark.parametrize(
    ("tail", "found"),
    [
        ("/Binary/1", None),
        ("/Patient?identifier=https://fhir.nhs.uk/Id/nhs-number%7C9000000009", None),
        ("/Patient/$gpc.getstructuredrecord?a=b&c=(d);e,f~g@h:i!*'+", None),
        ("/Binary/100%25", None),
        ("/Binary/100%25?a=%C3%A9", None),
        ("/Patient?identifier=https://fhir.nhs.uk/Id/nhs-number|9000000009", "|, not percent-encoded"),
        ("/Patient?a[]=1", "[, not percent-encoded"),
        ('/Patient?a="1"', '", not percent-encoded'),
        ("/Patient?identifier=x%7c9000000009", "%7c, in lower case"),
        ("/Patient?name=%c3%A9", "%c3, in lower case"),
        ("/Patient?identifier=x%257C9000000009", "%257C, percent-encoded twice"),
        ("/Patient?name=100%", "% without two hexadecimal digits behind it"),
        ("/Patient?name=%zz", "% without two hexadecimal digits behind it"),
    ],
)
def test_percent_encoding(advised: Advised, tail: str, found: str | None) -> None:
    assert advised(raw_target=f"/{setup.ROOT}{tail}") == ({} if found is None else {"target-escapes": found})


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (f"/{ENCODED_ROOT}%2FBinary%2F1%257C2", None),
        (f"/{ENCODED_ROOT}%2FBinary%2F1%7C2", "|, not percent-encoded"),
        (f"/{ENCODED_ROOT.lower().replace('a20047', 'A20047').replace('stu3', 'STU3')}%2fBinary", "%3a, in lower case"),
    ],
    ids=["what is encoded in it", "what is not encoded in it", "lower case"],
)
def test_percent_encoding_inside_of_a_target_that_is_percent_encoded(
    advised: Advised, raw: str, found: str | None
) -> None:
    assert advised(raw_target=raw).get("target-escapes") == found


@pytest.mark.parametrize(
    ("accept", "query", "missing"),
    [
        ("application/fhir+json", "", False),
        ("*/*", "", False),
        (None, "", True),
        ("", "", True),
        (None, "?_format=application/fhir%2Bjson", False),
        (None, "?a=b&_format=xml", False),
        (None, "?_format=", True),
        (None, "?x_format=xml", True),
    ],
)
def test_the_format_that_is_wanted_is_said(advised: Advised, accept: str | None, query: str, *, missing: bool) -> None:
    said = advised(raw_target=f"/{setup.ROOT}/Binary/1{query}", headers={"Accept": accept})
    assert said == ({"accept-missing": "neither Accept nor _format"} if missing else {})


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({"Content-Type": "application/fhir+json;charset=utf-8"}, None),
        ({"Content-Type": 'application/fhir+json; charset="UTF-8"'}, None),
        ({"Content-Type": "application/fhir+xml;a=b; charset=utf-8 ;c=d"}, None),
        ({"Content-Type": "application/fhir+json"}, "Content-Type: application/fhir+json"),
        ({"Content-Type": "application/json;charset=latin1"}, "Content-Type: application/json;charset=latin1"),
        ({"Content-Type": "text/plain;charset=utf-80"}, "Content-Type: text/plain;charset=utf-80"),
        ({"Content-Type": "a/b;" + "x" * 1000}, "Content-Type: a/b;" + "x" * 96),
        ({}, "a body, and no Content-Type"),
        ({"Content-Length": "0"}, None),
        ({"Content-Length": None}, None),
        ({"Content-Length": None, "Transfer-Encoding": "chunked"}, "a body, and no Content-Type"),
    ],
)
def test_the_charset_of_a_body_is_said(advised: Advised, headers: dict[str, Any], found: str | None) -> None:
    sent = {"Ssp-InteractionID": RECORD, "Content-Length": "10", **headers}
    said = advised(method="POST", headers=sent)
    assert said == ({} if found is None else {"charset-missing": found})


def test_the_charset_is_asked_for_by_gp_connect_alone(advised: Advised) -> None:
    headers = {"Ssp-InteractionID": OWN, "Content-Length": "10", "Content-Type": "application/json"}
    assert advised(method="POST", headers=headers) == {}


WRONG: dict[str, Any] = {"headers": {"Accept": None, "Host": "localhost:443"}}
ON_IT = {"accept-missing", "host-port"}


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({}, ON_IT),
        ({"Ssp-To": "299999999999"}, ON_IT),
        ({"Authorization": None}, ON_IT),
        ({"Ssp-From": "299999999999"}, set()),
        ({"Ssp-From": setup.PROVIDER}, set()),
        ({"Ssp-TraceID": "no UUID"}, set()),
        ({"Ssp-InteractionID": "urn:unknown"}, set()),
    ],
    ids=["answered", "refused for the receiver", "for the token", "no sender", "another's ASID", "no trace", "unknown"],
)
def test_only_a_sender_that_is_known_is_advised(advised: Advised, changes: dict[str, Any], names: set[str]) -> None:
    assert set(advised(headers={**WRONG["headers"], **changes})) == names


def test_what_came_to_no_check_gets_no_advice(over: Callable[..., Exchange], advised: Advised, adviser: Any) -> None:
    unmet = over(headers={"Accept": None})
    unmet.verdicts, unmet.method, unmet.nth = {}, "-", 0
    assert adviser.advise(unmet) == ()
    assert advised(method="OPTIONS", headers={"Accept": None}) == {}


def test_what_a_fault_rule_has_answered_gets_advice_on_what_was_asked(
    over: Callable[..., Exchange], adviser: Any
) -> None:
    hit = over(status=503, headers={"Accept": None})
    hit.firings.append(Firing("outage", "unavailable", 1))
    assert [each.name for each in adviser.advise(hit)] == ["accept-missing"]


def test_whatever_bytes_a_request_has_it_gets_its_advice(advised: Advised) -> None:
    strange = b"\xff\xfe".decode("utf-8", "surrogateescape")
    said = advised(headers={"Host": f"{strange}:443", "Accept": strange})
    assert said == {"host-port": f"Host: {strange}:443"}


def test_each_advisory_says_what_to_do_and_who_wants_it_so() -> None:
    assert len(CATALOGUE) == len(ORDER)
    for advice in ORDER:
        assert advice.source.url.startswith("https://")
        assert advice.remedy.endswith(".")
        assert advice.title
        assert isinstance(advice.wanted, Wanted)
