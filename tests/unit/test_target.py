"""The provider's URL in a request's path: three ways to write it, and all that it may not be."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ssp_emulator.target import Form, Target, TargetError, parse

HOST = "https://gp.example.nhs.uk"
NO_URL = "the target should be an absolute URL that begins with https:// and a host"
NO_DOTS = "the target's path should have no . or .. segment, raw or percent-encoded"
NO_USER = "the target should have no user information (@) before its host"
NO_FRAGMENT = "the target should have no fragment (#)"


@pytest.mark.parametrize(
    ("url", "authority", "path_and_query"),
    [
        (f"{HOST}/A20047/STU3/1/gpconnect/documents/Binary/1", "gp.example.nhs.uk", None),
        (f"{HOST}/Patient/$gpc.getstructuredrecord", "gp.example.nhs.uk", None),
        (f"{HOST}/Patient?identifier=https://fhir.nhs.uk/Id/nhs-number|9", "gp.example.nhs.uk", None),
        (f"{HOST}/Patient?identifier=a%7C9&x=%2E%2E/../.", "gp.example.nhs.uk", None),
        (f"{HOST}/a%20b%2Fc%zz/...;a=.b/.c", "gp.example.nhs.uk", None),
        (f"{HOST}:8443//a//b/", "gp.example.nhs.uk:8443", None),
        (f"{HOST}./a", "gp.example.nhs.uk.", None),
        (f"{HOST}", "gp.example.nhs.uk", "/"),
        (f"{HOST}?a=b?c", "gp.example.nhs.uk", "/?a=b?c"),
        (f"{HOST}/a?", "gp.example.nhs.uk", "/a?"),
        ("HTTPS://127.0.0.1/a", "127.0.0.1", "/a"),
    ],
)
def test_a_literal_target_keeps_its_text(url: str, authority: str, path_and_query: str | None) -> None:
    rest = url.partition("//")[2].removeprefix(authority) if path_and_query is None else path_and_query
    assert parse(f"/{url}") == Target(url, authority, rest, Form.LITERAL)


@pytest.mark.parametrize(
    ("raw", "url", "form"),
    [
        ("/https%3A%2F%2Fp1.nhs.uk%2FPlans%2Fda2b", "https://p1.nhs.uk/Plans/da2b", Form.ENCODED),
        ("/https%3a%2f%2fp1.nhs.uk/Plans", "https://p1.nhs.uk/Plans", Form.ENCODED),
        ("/https%3A%2F%2Fp1.nhs.uk%2FPlans%3Fa%3Db", "https://p1.nhs.uk/Plans?a=b", Form.ENCODED),
        ("/https%3A%2F%2Fp1.nhs.uk%2FPlans?a=%2F|", "https://p1.nhs.uk/Plans?a=%2F|", Form.ENCODED),
        ("/https%3A%2F%2Fp1.nhs.uk%2Fa%2520b", "https://p1.nhs.uk/a%20b", Form.ENCODED),
        ("/https:/p1.nhs.uk/Plans?a=//", "https://p1.nhs.uk/Plans?a=//", Form.COLLAPSED),
    ],
)
def test_the_other_forms_are_read_as_the_literal_one(raw: str, url: str, form: Form) -> None:
    literal = parse(f"/{url}")
    assert parse(raw) == Target(url, literal.authority, literal.path_and_query, form)


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ("", "the request's path should be /https://… with the provider's URL in it"),
        (f"{HOST}/a", "the request's path should be /https://… with the provider's URL in it"),
        ("/", NO_URL),
        ("/Patient/1", NO_URL),
        ("/http://gp.example.nhs.uk/a", NO_URL),
        ("/http%3A%2F%2Fgp.example.nhs.uk", NO_URL),
        ("/file%3A%2F%2F%2Fetc%2Fpasswd", NO_URL),
        ("/https:gp.example.nhs.uk", NO_URL),
        ("/https:///gp.example.nhs.uk", NO_URL),
        ("//https://gp.example.nhs.uk", NO_URL),
        ("/https%3A//gp.example.nhs.uk", NO_URL),
        ("/https://", "the target should have a host after https://, found ''"),
        ("/https://?a", "the target should have a host after https://, found ''"),
        ("/https://:443/a", "the target should have a host after https://, found ':443'"),
        ("/https://gp:/a", "the target should have a port from 1 to 65535 after its host, found ''"),
        ("/https://gp:x/a", "the target should have a port from 1 to 65535 after its host, found 'x'"),
        ("/https://gp:1:2/a", "the target should have a port from 1 to 65535 after its host, found '1:2'"),
        ("/https://gp../a", "the target should have a host after https://, found 'gp..'"),
        ("/https://g%70/a", "the target should have a host after https://, found 'g%70'"),
        ("/https://u@gp/a", NO_USER),
        ("/https://u:p@gp/a", NO_USER),
        ("/https%3A%2F%2Fu%40gp%2Fa", NO_USER),
        (f"/{HOST}#a", NO_FRAGMENT),
        (f"/{HOST}/a#", NO_FRAGMENT),
        (f"/{HOST}/a?b#c", NO_FRAGMENT),
        ("/https%3A%2F%2Fgp%2Fa%23c", NO_FRAGMENT),
        (f"/{HOST}/.", NO_DOTS),
        (f"/{HOST}/a/../b", NO_DOTS),
        (f"/{HOST}/a/%2e%2E/b", NO_DOTS),
        (f"/{HOST}/a/.%2e?b", NO_DOTS),
        (f"/{HOST}/a%2F..%2fb", NO_DOTS),
        ("/https%3A%2F%2Fgp%2F..%2Fa", NO_DOTS),
        ("/https%3A%2F%2Fgp%2F%252e%252e%2Fa", NO_DOTS),
        (f"/{HOST}/a\\b", r"the target holds the character '\\', which has to be percent-encoded"),
        (f"/{HOST}/a b", "the target holds the character ' ', which has to be percent-encoded"),
        (f"/{HOST}/a\tb", "the target holds the character U+0009, which has to be percent-encoded"),
        (f"/{HOST}/\x7f", "the target holds the character U+007F, which has to be percent-encoded"),
        (f"/{HOST}/é", "the target holds the character U+00E9, which has to be percent-encoded"),
        (f"/{HOST}/\udcc3", "the target holds the character U+DCC3, which has to be percent-encoded"),
        ("/https%3A%2F%2Fgp%2Fa%0d%0aX", "the target holds the character U+000D, which has to be percent-encoded"),
    ],
)
def test_what_is_no_target_is_told_why(raw: str, why: str) -> None:
    with pytest.raises(TargetError) as caught:
        parse(raw)
    assert str(caught.value) == why


@pytest.mark.parametrize(
    ("root", "below"),
    [
        (f"{HOST}/a", True),
        (f"{HOST}/a/b", True),
        (HOST, True),
        (f"{HOST}/a/", False),  # roots are registered without it
        (f"{HOST}/a/b/c", False),
        (f"{HOST}/A", False),
        (f"{HOST}/a/bb", False),
        ("https://gp.example.nhs", False),
    ],
)
def test_below_a_root_ends_with_a_segment(root: str, below: bool) -> None:
    assert parse(f"/{HOST}/a/b").is_below(root) is below
    assert parse(f"/{HOST}/a/b?c=d").is_below(root) is below


PIECES = st.sampled_from(
    ["https:", "http:", "/", "//", "%3A%2F%2F", "https%3A", "%2F", "gp.example", ":443", "@", "#", "?", ".", "..",
     "%2e", "%2E", "%252e", "\\", "%5C", "\x00", "%00", "%0a", " ", "é", "\udcff", "a", "%", "%zz", "$", "|", "[::1]"]
)  # fmt: skip
PATHS = st.one_of(
    st.text(alphabet=st.characters()),
    st.lists(PIECES).map("".join),
    st.lists(PIECES).map(lambda pieces: f"/{HOST}/" + "".join(pieces)),
    st.lists(PIECES).map(lambda pieces: "/https%3A%2F%2Fgp%2F" + "".join(pieces)),
)


@settings(max_examples=200, deadline=None)
@given(PATHS)
@example(f"/{HOST}/a%2f%2E%2e/b")
@example("/https%3A%2F%2Fgp%2F\udcff")
def test_whatever_comes_it_is_refused_or_safe(raw: str) -> None:
    try:
        target = parse(raw)
    except TargetError:
        return
    if target.form is Form.LITERAL:
        assert target.text == raw.removeprefix("/")
    assert target.text.lower().startswith("https://")
    assert target.text.isascii()
    assert target.text.isprintable()
    assert not set(target.text) & {" ", "\\", "#"}
    assert "@" not in target.authority
    rest = target.path_and_query if target.path_and_query in target.text else target.path_and_query.removeprefix("/")
    assert target.text.partition("//")[2] == target.authority + rest
    segments = target.path_and_query.partition("?")[0].lower().replace("%2e", ".").replace("%2f", "/").split("/")
    assert not {".", ".."} & set(segments)
