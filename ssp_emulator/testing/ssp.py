"""What a test has as `ssp`: the emulated Spine from a consumer's side, and from that of whoever tests it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Unpack
from uuid import uuid4

from ssp_emulator.demo.sending import Identity, tls_context
from ssp_emulator.testing import asking
from ssp_emulator.testing.errors import AskingError
from ssp_emulator.testing.faulting import Fault, Faults
from ssp_emulator.testing.trail import SERVICES, Exchange, Filters, Trail, not_as_expected

if TYPE_CHECKING:
    import ssl
    from contextlib import AbstractContextManager
    from pathlib import Path

    from ssp_emulator.demo.consumer import Route
    from ssp_emulator.testing.certificates import Certificates
    from ssp_emulator.testing.emulated import Emulated
    from ssp_emulator.testing.stub.provider import StubProvider

__tracebackhide__ = True  # what is wrong is the test's, and so pytest shows its line

_PATIENCE_S = 1.0


class Ssp:
    """The emulated Spine for one test; it goes from `begin` to `end`, which say what belongs to the test.

    All of it can be called from tests that block and from those in an event loop: the emulator is in neither.
    An interaction is its ID, or what follows `urn:nhs:names:services:gpconnect:` in it. Where ASIDs are left out, they
    are the first in the registry that have an agreement for the interaction.
    """

    def __init__(self, emulated: Emulated, test: str) -> None:
        self._emulated = emulated
        self._faults = Faults(emulated, test)

    def begin(self) -> None:
        """Lift faults, have the stub provider forget, and take note of the trail."""
        self._faults.clear()
        if self._emulated.provider is not None:
            self._emulated.provider.begin()
        self._trail = Trail(self._emulated)

    def end(self) -> list[str]:
        """Lift faults, and return what the stub provider expected and did not get, or got and did not expect."""
        self._faults.clear()
        provider = self._emulated.provider
        missed = provider.missed if provider is not None else []
        if provider is not None:
            provider.begin()
        return missed

    @property
    def url(self) -> str:
        """The proxy's URL; the provider's, whole, comes behind it after a slash."""
        return self._emulated.url

    @property
    def admin_url(self) -> str:
        """The URL of the admin API."""
        return self._emulated.admin_url

    @property
    def sds_url(self) -> str:
        """The URL of the SDS FHIR API. Raises `AskingError` where the emulator has none, or nobody said where."""
        if self._emulated.sds_url is None:
            raise AskingError("nobody said where SDS is: say so with --ssp-emulator-sds, or the setting sds.listen")
        return self._emulated.sds_url

    @property
    def certificates(self) -> Certificates:
        """The files that the consumer needs."""
        return self._emulated.certificates

    @cached_property
    def ssl_context(self) -> ssl.SSLContext:
        """A TLS context that shows the consumer's certificate and trusts the emulated Spine; the test's own."""
        files = self.certificates
        return tls_context(Identity(files.certificate, files.key, files.trust))

    @property
    def provider(self) -> StubProvider:
        """The stub provider. Raises `AskingError` where there is none."""
        if self._emulated.provider is None:
            raise AskingError(
                "a running emulator sends requests to the providers of its registry: say with --ssp-emulator-provider "
                "at which of those addresses (connect_to) the stub provider is to listen"
            )
        return self._emulated.provider

    def from_asid(self, interaction: str = asking.USUAL) -> str:
        """Return the ASID of the consumer that may ask for an interaction. Raises `AskingError`."""
        return self._route(interaction).sender.asid

    def to_asid(self, interaction: str = asking.USUAL) -> str:
        """Return the ASID of the provider that may be asked for it. Raises `AskingError`."""
        return self._route(interaction).receiver.asid

    def service_root(self, interaction: str = asking.USUAL, *, to_asid: str | None = None) -> str:
        """Return the URL at which a provider is registered for an interaction. Raises `AskingError`."""
        return self._route(interaction, None, to_asid).endpoint.root

    def token(
        self,
        interaction: str = asking.USUAL,
        *,
        from_asid: str | None = None,
        to_asid: str | None = None,
        sign_key: bytes | str | Path | None = None,
        claims: Mapping[str, Any] | None = None,
    ) -> str:
        """Return a fresh token for an interaction: unsigned, or signed with a private key (PEM, or a file's path).

        `claims` go in place of the usual ones; None leaves one out. Raises `AskingError`.
        """
        return asking.token(self._route(interaction, from_asid, to_asid), sign_key, claims or {})

    def headers(
        self,
        interaction: str = asking.USUAL,
        *,
        from_asid: str | None = None,
        to_asid: str | None = None,
        trace_id: str | None = None,
        token: str | None = None,
    ) -> dict[str, str]:
        """Return the headers of a request: the SSP's, with a new trace ID and a fresh token where none is said.

        Raises `AskingError`.
        """
        of = self._route(interaction, from_asid, to_asid)
        bearer = token if token is not None else asking.token(of, None, {})
        return asking.headers(of, trace_id or str(uuid4()), f"Bearer {bearer}")

    def url_for(
        self,
        interaction: str = asking.USUAL,
        resource_id: str | None = None,
        *,
        nhs_number: str | None = None,
        query: str | None = None,
        to_asid: str | None = None,
    ) -> str:
        """Return the URL through the proxy of what an interaction asks for. Raises `AskingError`."""
        return f"{self.url}/{asking.target(self._route(interaction, None, to_asid), resource_id, nhs_number, query)}"

    def fault(
        self, rule: Mapping[str, Any] | None = None, *, scenario: str | None = None, **parts: Any
    ) -> AbstractContextManager[Fault]:
        """Have a fault rule in force while a context is open; what it gives tells how often it `fired`.

        Takes a rule as docs/faults.md has it, or its parts (`name`, `match`, `when`, `effect`), or the name of a
        scenario. Raises `AskingError`, with what is wrong, where the emulator refuses it.
        """
        if scenario is not None:
            if rule is not None or parts:
                raise AskingError("fault should have a rule, or a scenario, and not both")
            return self._faults.scenario(scenario)
        if rule is not None and not isinstance(rule, Mapping):
            raise AskingError(
                f"fault should have a rule, such as {{'effect': {{'kind': 'reset'}}}}, or scenario=, found {rule!r}"
            )
        return self._faults.rule({**(rule or {}), **parts})

    def exchanges(self, **filters: Unpack[Filters]) -> list[Exchange]:
        """Return the exchanges since the test began, the oldest first, of those that are asked for.

        Takes `Filters`; raises `AskingError` for what none can be.
        """
        return self._trail.exchanges(**self._asked(filters))

    def assert_exchanged(
        self, *, times: int | None = None, within_s: float = _PATIENCE_S, **filters: Unpack[Filters]
    ) -> list[Exchange]:
        """Hold the trail to having as many of those exchanges as `times` says, or at least one, and return them.

        An exchange is in the trail before its consumer has all of the answer, and one that was broken off soon after:
        so it waits, `within_s` seconds at most, while there are too few. Takes `Filters`. Raises `AssertionError`,
        which shows the exchanges that there were, each with its explanation; and `AskingError`.
        """
        asked = self._asked(filters)
        wanted = 1 if times is None else times
        found = self._trail.waited(wanted, within_s, **asked)
        if len(found) < wanted or (times is not None and len(found) > times):
            number = "at least one exchange" if times is None else f"{times} exchange{'' if times == 1 else 's'}"
            raise AssertionError(not_as_expected(number, filters, found, self._trail.exchanges()))
        return found

    def _asked(self, filters: Filters) -> dict[str, Any]:
        """Return filters as the trail has them."""
        fault = filters.get("fault")
        interaction = filters.get("interaction")
        status = filters.get("status")
        asked = {
            "trace_id": filters.get("trace_id"),
            "interaction": asking.whole(interaction) if interaction is not None else None,
            "from": filters.get("from_asid"),
            "to": filters.get("to_asid"),
            "method": filters.get("method"),
            "status": str(status) if status is not None else None,
            "refusal": filters.get("denial"),
            "fault": self._faults.known_as(fault) if isinstance(fault, str) else None,
            "rules": fault.names if fault is not None and not isinstance(fault, str) else None,
            "service": filters.get("service", "proxy"),
        }
        if unknown := sorted(set(filters) - set(Filters.__annotations__)):
            raise AskingError(
                f"exchanges have no {', '.join(unknown)}; these can be asked: {', '.join(Filters.__annotations__)}"
            )
        if asked["service"] not in SERVICES:
            raise AskingError(f"service should be one of {', '.join(SERVICES)}, found {asked['service']!r}")
        return {name: value for name, value in asked.items() if value is not None}

    def _route(self, interaction: str, from_asid: str | None = None, to_asid: str | None = None) -> Route:
        return asking.route(self._emulated.registry, interaction, from_asid, to_asid)
