"""Matching: globs against a slow reading of what they mean, and each of a request's facts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssp_emulator.faults import matching
from ssp_emulator.faults.matching import ConnectionMatcher, conditions_of
from ssp_emulator.faults.rule import Match

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssp_emulator.exchange import Client, Exchange


def fits(pattern: str, text: str) -> bool:
    """Whether a glob matches a text."""
    return ConnectionMatcher(Match(client=pattern)).matches(text, None)


def fits_slowly(pattern: str, text: str) -> bool:
    """The same, letter by letter, with every place at which a star may end."""
    places = {0}
    for letter in pattern:
        if letter == "*":
            places = set(range(min(places), len(text) + 1)) if places else places
        else:
            places = {at + 1 for at in places if at < len(text) and letter in ("?", text[at])}
    return len(text) in places


def matches(exchange: Exchange, **match: Any) -> bool:
    return all(condition.holds(exchange) for condition in conditions_of(Match.model_validate(match)))


@pytest.mark.parametrize(
    ("pattern", "text", "does"),
    [
        ("", "", True),
        ("", "a", False),
        ("a", "a", True),
        ("a", "A", False),
        ("a", "ab", False),
        ("a", "a\n", False),
        ("*", "", True),
        ("**", "any\nthing", True),
        ("a*", "a", True),
        ("*a", "ba", True),
        ("*a", "ab", False),
        ("a*a", "a", False),  # a letter is not both of them
        ("a*ba", "aba", True),
        ("ab*ba", "aba", False),
        ("*ab*ab*", "abab", True),
        ("*ab*ab*", "aab", False),
        ("?", "a", True),
        ("?", "\n", True),
        ("?", "", False),
        ("?", "ab", False),
        ("a?c", "abc", True),
        ("*?", "", False),
        ("?*?", "ab", True),
        ("?*?", "a", False),
        ("*a?c*", "xxabacabc", True),
        ("[ab]", "a", False),
        ("[ab]", "[ab]", True),
        ("[!a]*", "[!a]b", True),
        ("a.c", "abc", False),
        ("a.c", "a.c", True),
        ("a|b", "a", False),
        ("(a)", "(a)", True),
        ("\\*", "\\anything", True),
        ("\\d", "1", False),
        ("^$", "^$", True),
        ("*:documents:*", "urn:nhs:names:services:gpconnect:documents:fhir:rest:read:binary-1", True),
        ("*:structured:*", "urn:nhs:names:services:gpconnect:documents:fhir:rest:read:binary-1", False),
    ],
)
def test_globs(pattern: str, text: str, does: bool) -> None:
    assert fits(pattern, text) is does
    assert fits_slowly(pattern, text) is does


@given(st.text("ab?*[.\n", max_size=9), st.text("ab[.\n", max_size=14))
def test_a_glob_matches_what_its_slow_reading_matches(pattern: str, text: str) -> None:
    assert fits(pattern, text) is fits_slowly(pattern, text)


@given(st.text(max_size=8), st.text(max_size=8))
def test_any_text_but_for_the_two_signs_stands_for_itself_only(pattern: str, text: str) -> None:
    plain = pattern.replace("*", "").replace("?", "")
    assert fits(plain, plain)
    assert fits(plain, text) is (plain == text)


@pytest.mark.parametrize(
    "pattern",
    ["*a*a*a*a*b", "*a" * 249 + "*b", "*a?" * 20 + "b", "a*" * 249 + "b", "*" * 499 + "b", "?*" * 20 + "b"],
    ids=lambda pattern: pattern[:12],
)
def test_no_pattern_takes_a_long_text_more_than_once_over(pattern: str) -> None:
    # With every place of every star tried these would take hours, and the test be stopped from outside.
    assert fits(pattern, "a" * 32_000) is False
    assert fits(pattern, "a" * 32_000 + "b") is True


@pytest.mark.parametrize(
    ("key", "does", "does_not"),
    [
        ("from", "200000000115", "200000000116"),
        ("from", "20000000011?", "?"),
        ("to", "*116", "*115"),
        ("interaction", "*:documents:*", "*:structured:*"),
        ("method", "GET", "get"),
        ("target", "*/Binary/?", "*/Binary"),
        ("target", "https://gp.example.nhs.uk/*", "/https://*"),
        ("trace_id", "9c2a4f0e-*", "9C2A4F0E-*"),
        ("organisation", "A1001", "A100"),  # the sender's
        ("organisation", "A20047", "X*"),  # the receiver's
        ("client", "192.0.2.*", "192.0.2.7:*"),
    ],
)
def test_each_fact(examined: Callable[..., Exchange], key: str, does: str, does_not: str) -> None:
    exchange = examined()
    assert matches(exchange, **{key: does})
    assert not matches(exchange, **{key: does_not})


def test_every_key_has_a_fact_that_it_is_held_against() -> None:
    keys = {field.alias or name for name, field in Match.model_fields.items()}
    assert set(matching._FACTS) | {"header"} == keys


def test_the_target_is_matched_with_its_query(examined: Callable[..., Exchange]) -> None:
    plain = examined()
    asked = examined(raw_target=f"{plain.raw_target}?_count=1")
    assert matches(asked, target="*[?]_count=1") is False  # brackets stand for themselves
    assert matches(asked, target="*?_count=1")
    assert matches(asked, target="*/Binary/1?*")
    assert not matches(plain, target="*/Binary/1?*")


def test_the_host_name_of_the_handshake_is_a_fact_of_the_request_too(
    examined: Callable[..., Exchange], client: Client
) -> None:
    assert matches(examined(client=replace(client, sni="ssp.example.nhs.uk")), sni="*.nhs.uk")
    assert not matches(examined(client=replace(client, sni="localhost")), sni="*.nhs.uk")


def test_every_pattern_has_to_match(examined: Callable[..., Exchange]) -> None:
    exchange = examined()
    assert matches(exchange, method="GET", to="*116")
    assert not matches(exchange, method="GET", to="*115")
    assert not matches(exchange, method="POST", to="*116")


@pytest.mark.parametrize(
    ("key", "without"),
    [
        ("from", {"headers": {"Ssp-From": None}}),
        ("from", {"headers": {"Ssp-From": ["200000000115", "200000000115"]}}),
        ("to", {"headers": {"Ssp-To": ""}}),
        ("interaction", {"headers": {"Ssp-InteractionID": None}}),
        ("trace_id", {"headers": {"Ssp-TraceID": None}}),
        ("organisation", {"headers": {"Ssp-From": "1", "Ssp-To": "2"}}),
        ("sni", {}),
    ],
)
def test_a_value_that_is_not_there_is_matched_by_a_star_alone(
    examined: Callable[..., Exchange], key: str, without: dict[str, Any]
) -> None:
    exchange = examined(**without)
    assert matches(exchange, **{key: "*"})
    assert not matches(exchange, **{key: "**"})
    assert not matches(exchange, **{key: ""})


def test_a_request_that_was_refused_early_is_matched_by_what_it_said(examined: Callable[..., Exchange]) -> None:
    exchange = examined(method="TRACE", raw_target="/nonsense")
    assert exchange.target is None
    assert matches(exchange, method="TRACE", target="nonsense", **{"from": "200000000115"})


@pytest.mark.parametrize(
    ("sent", "pattern", "does"),
    [
        ({"X-Run": "42"}, {"X-Run": "42"}, True),
        ({"X-Run": "42"}, {"x-run": "4?"}, True),
        ({"X-Run": "42"}, {"X-Run": "43"}, False),
        ({"X-Run": ["1", "42"]}, {"X-Run": "42"}, True),  # one line of them is enough
        ({"X-Run": ["1", "42"]}, {"X-Run": "1*42"}, False),  # and no two are taken together
        ({"X-Run": ""}, {"X-Run": "*"}, True),
        ({}, {"X-Run": "*"}, False),
        ({"X-Run": "42", "X-Team": "a"}, {"X-Run": "42", "X-Team": "a"}, True),
        ({"X-Run": "42", "X-Team": "b"}, {"X-Run": "42", "X-Team": "a"}, False),
        ({"X-Run": "42"}, {"X-Run": "42", "X-Team": "*"}, False),
    ],
)
def test_header_fields(
    request_for: Callable[..., Exchange],
    sent: dict[str, Any],
    pattern: dict[str, str],
    does: bool,
) -> None:
    assert matches(request_for(headers=sent), header=pattern) is does


@pytest.mark.parametrize(
    ("match", "client", "sni", "does"),
    [
        ({}, "192.0.2.7", None, True),
        ({"client": "192.0.2.*"}, "192.0.2.7", None, True),
        ({"client": "192.0.2.*"}, "192.0.3.7", "localhost", False),
        ({"client": "2001:db8::?"}, "2001:db8::1", None, True),
        ({"sni": "local*"}, "192.0.2.7", "localhost", True),
        ({"sni": "local*"}, "192.0.2.7", "example", False),
        ({"sni": "local*"}, "192.0.2.7", None, False),
        ({"sni": "**"}, "192.0.2.7", None, False),
        ({"client": "192.*", "sni": "local*"}, "192.0.2.7", "localhost", True),
        ({"client": "193.*", "sni": "local*"}, "192.0.2.7", "localhost", False),
    ],
)
def test_connections(match: dict[str, str], client: str, sni: str | None, does: bool) -> None:
    assert ConnectionMatcher(Match.model_validate(match)).matches(client, sni) is does


@pytest.mark.parametrize("pattern", ["SSP.*", "ssp.*", "*.NHS.uk"])
def test_a_host_name_is_matched_in_any_case(pattern: str) -> None:
    assert ConnectionMatcher(Match(sni=pattern)).matches("127.0.0.1", "ssp.example.nhs.uk")
    assert not ConnectionMatcher(Match(sni=pattern)).matches("127.0.0.1", "localhost")
