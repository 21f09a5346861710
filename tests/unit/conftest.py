"""A small Spine that stands still in time, and a request that it lets through; tests change one thing of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from ssp_emulator import checks
from ssp_emulator.address import Address
from ssp_emulator.directory.model import Agreement, Directory, Endpoint, Organisation, System
from ssp_emulator.exchange import Client, Exchange
from ssp_emulator.interactions import GP_CONNECT, NRL, Catalogue
from ssp_emulator.pki.verdict import ClientCertificate
from ssp_emulator.spine import Spine
from ssp_emulator.token.minting import Purpose, claims_for, unsigned

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssp_emulator.verdict import Check, Verdict

READ_BINARY = f"{GP_CONNECT}documents:fhir:rest:read:binary-1"
SENT = {READ_BINARY, f"{GP_CONNECT}documents:fhir:rest:search:patient-1", f"{NRL}DocumentReference.content.read"}
ROOT = "https://gp.example.nhs.uk/A20047/STU3/1/gpconnect/documents"
HOSPITAL, SURGERY = Organisation("A1001", "Example Hospital"), Organisation("A20047", "Example Surgery")
CONSUMER = System("200000000115", HOSPITAL, "A1001-810001", "consumer.example.nhs.uk", sends=frozenset(SENT))
PROVIDER = System(
    "200000000116",
    SURGERY,
    "A20047-810002",
    "gp.example.nhs.uk",
    endpoints=(
        Endpoint(
            ROOT,
            "gp.example.nhs.uk",
            "S20001A000116",
            frozenset({READ_BINARY, f"{NRL}DocumentReference.content"}),
            Address("localhost", 9443),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class StoppedClock:
    moment: datetime

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return 1000.0


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock(datetime(2026, 3, 4, 12, 0, 0, 123456, tzinfo=UTC))


@pytest.fixture
def certificate() -> ClientCertificate:
    return ClientCertificate(
        subject="CN=consumer.example.nhs.uk",
        issuer="CN=Emulated SubCA",
        serial="1f",
        fingerprint="ab" * 32,
        names=("consumer.example.nhs.uk",),
    )


@pytest.fixture
def client(certificate: ClientCertificate) -> Client:
    return Client("192.0.2.7:50001", "192.0.2.7", "TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256", certificate)


@pytest.fixture
def spine(clock: StoppedClock) -> Spine:
    agreement = Agreement(CONSUMER.asid, PROVIDER.asid, frozenset({READ_BINARY}))
    return Spine(Directory([CONSUMER, PROVIDER], [agreement]), Catalogue(), clock)


@pytest.fixture
def bearer(clock: StoppedClock) -> str:
    """A good token for the request below, as the value of its header."""
    purpose = Purpose(ROOT, "patient/*.read")
    return f"Bearer {unsigned(claims_for(purpose, HOSPITAL, 'https://consumer.example.nhs.uk', clock.now()))}"


@pytest.fixture
def request_for(clock: StoppedClock, client: Client, bearer: str) -> Callable[..., Exchange]:
    """Make an exchange that passes all checks, but for the fields given.

    `headers` changes single headers: None leaves one out, a list gives it several times.
    """

    def request_for(*, headers: dict[str, str | list[str] | None] | None = None, **fields: object) -> Exchange:
        values: dict[str, str | list[str] | None] = {
            "Ssp-TraceID": "9c2a4f0e-3b1d-4e57-8a60-5d1f7b2c9e34",
            "Ssp-From": CONSUMER.asid,
            "Ssp-To": PROVIDER.asid,
            "Ssp-InteractionID": READ_BINARY,
            "Authorization": bearer,
            **(headers or {}),
        }
        sent: CIMultiDict[str] = CIMultiDict()
        for name, value in values.items():
            for each in [value] if isinstance(value, str) else value or []:
                sent.add(name, each)
        as_it_came: dict[str, object] = {
            "received_at": clock.now(),
            "started": clock.monotonic(),
            "client": client,
            "method": "GET",
            "raw_target": f"/{ROOT}/Binary/1",
            "headers": CIMultiDictProxy(sent),
        }
        return Exchange(**{**as_it_came, **fields})  # type: ignore[arg-type]

    return request_for


@pytest.fixture
def judge(spine: Spine) -> Callable[..., Verdict]:
    """Put an exchange to one check, after those before it have all let it pass."""

    def judge(check: Check, exchange: Exchange, spine: Spine = spine) -> Verdict:
        before = checks.ORDER[: checks.ORDER.index(check)]
        assert checks.examine(exchange, spine, before) is None
        return check(exchange, spine)

    return judge
