"""Where the admin API is reached, by what the environment says of it."""

from __future__ import annotations

from typing import Any

import pytest

from ssp_emulator.address import Address
from ssp_emulator.admin.published import PublishedError, described_at, examine_published
from ssp_emulator.settings import Settings

EVERYWHERE = Address("0.0.0.0", 8440)


@pytest.mark.parametrize(
    ("listening", "said", "url"),
    [
        (EVERYWHERE, None, "http://127.0.0.1:8440"),
        (EVERYWHERE, "", "http://127.0.0.1:8440"),
        (EVERYWHERE, " ", "http://127.0.0.1:8440"),
        (Address("::1", 8440), None, "http://[::1]:8440"),
        (EVERYWHERE, "http://127.0.0.1:9000", "http://127.0.0.1:9000"),
        (EVERYWHERE, "http://127.0.0.1:9000/", "http://127.0.0.1:9000"),
        (EVERYWHERE, "HTTP://127.0.0.1:9000", "http://127.0.0.1:9000"),
        (EVERYWHERE, "https://ssp.build.example:443", "https://ssp.build.example:443"),
        (EVERYWHERE, "http://[::1]:9000", "http://[::1]:9000"),
        (EVERYWHERE, "http://127.0.0.1:0", None),
        (EVERYWHERE, "http://127.0.0.1:9000-9010", None),
        (EVERYWHERE, "http://build-1:9000", "http://build-1:9000"),
    ],
)
def test_the_environment_goes_before_where_it_listens(listening: Address, said: str | None, url: str | None) -> None:
    environment = {} if said is None else {"SSP_EMULATOR_ADMIN_URL": said}

    assert described_at(Settings(), listening, environment) == url


@pytest.mark.parametrize(
    "said",
    [
        "127.0.0.1:9000",
        "http://127.0.0.1",
        "http://127.0.0.1:65536",
        "http://127.0.0.1:9000-",
        "http://build-1",
        "http://127.0.0.1:",
        "http://a@127.0.0.1:9000",
        "http://127.0.0.1:9000/api",
        "http://127.0.0.1:9000?",
        "ftp://127.0.0.1:9000",
        "http://:9000",
        "http://a b:9000",
        "http://é:9000",
        "http://a>:9000",
    ],
)
def test_what_is_no_url_is_refused(said: str) -> None:
    with pytest.raises(PublishedError) as refused:
        examine_published(Settings(), {"SSP_EMULATOR_ADMIN_URL": said})

    (line,) = refused.value.lines
    assert line == (
        "the environment variable SSP_EMULATOR_ADMIN_URL should be a URL with a port, "
        f'as in "http://127.0.0.1:8440", found {said!r}'
    )


@pytest.mark.parametrize("settings", [{"admin": {"listen": None}}, {"errors": {"described_by": False}}])
def test_where_nothing_links_to_it_whatever_is_said_is_good(settings: dict[str, Any]) -> None:
    examine_published(Settings.model_validate(settings), {"SSP_EMULATOR_ADMIN_URL": "nonsense"})
