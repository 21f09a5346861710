"""The proxy refuses: every denial that it knows, by its name, in the very words of the real one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self, assert_never

from pydantic import Field, model_validator

from ssp_emulator import outcome
from ssp_emulator.faults.effects.effect import Effect, Stage
from ssp_emulator.outcome import Reason
from ssp_emulator.pki.verdict import CertificateFault

if TYPE_CHECKING:
    from ssp_emulator.exchange import Exchange
    from ssp_emulator.faults.effects.effect import Wire
    from ssp_emulator.faults.firing import Firing
    from ssp_emulator.outcome import Denial

RefusalKind = Literal[
    "plain-http",
    "certificate-required",
    "certificate-error",
    "method-not-allowed",
    "bad-request",
    "invalid-resource",
    "asid-check-failed",
    "partykey-check-failed",
    "endpoint-varies",
    "fot-check-failed",
    "unsupported-interaction",
    "rate-limited",
    "unavailable",
    "unsupported-media-type",
    "bad-gateway",
    "gateway-timeout",
    "network-timeout",
]
_WITH_DIAGNOSTICS = ("bad-request", "invalid-resource")


class Refusal(Effect):
    """The proxy refuses the request, with the status, the body and the text of the refusal that the kind names.

    The verdicts of the checks stay what they are, in the audit record too.

    Source: GP Connect 1.6.2, "Error handling"; Spine Core SSP implementation guide, "Response status codes".
    """

    group: ClassVar[str] = "The proxy refuses"
    example: ClassVar[str] = "{kind: asid-check-failed}"

    kind: RefusalKind
    reason: Annotated[CertificateFault, Field(strict=False)] | None = Field(
        default=None, description="`certificate-error` only: what is wrong with it; if not given, `EXPIRED`"
    )
    diagnostics: str | None = Field(
        default=None, min_length=1, max_length=2000, description="`bad-request`, `invalid-resource` only: the text"
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.reason is not None and self.kind != "certificate-error":
            raise ValueError("reason should stand with certificate-error only")
        if self.diagnostics is not None and self.kind not in _WITH_DIAGNOSTICS:
            raise ValueError("diagnostics should stand with bad-request or invalid-resource only")
        return self

    @property
    def stages(self) -> tuple[Stage, ...]:
        """In place of the answer."""
        return (Stage.INSTEAD,)

    async def instead(self, exchange: Exchange, wire: Wire, firing: Firing) -> Denial:  # noqa: ARG002 - the protocol's
        """Refuse."""
        denial = self.denial(exchange)
        firing.note(f"refused with {denial.form.status}")
        return denial

    def denial(self, exchange: Exchange) -> Denial:  # noqa: C901 - one row a reason is the clearest
        """Return the refusal of a request, in words that name what is in it."""
        sender, receiver, target = exchange.from_asid or "", exchange.to_asid or "", exchange.target_text
        reason = Reason(self.kind)
        match reason:
            case Reason.PLAIN_HTTP:
                return outcome.plain_http()
            case Reason.CERTIFICATE_REQUIRED:
                return outcome.certificate_required()
            case Reason.CERTIFICATE_ERROR:
                return outcome.certificate_error(self.reason or CertificateFault.EXPIRED)
            case Reason.METHOD_NOT_ALLOWED:
                return outcome.method_not_allowed()
            case Reason.BAD_REQUEST:
                return outcome.bad_request(self.diagnostics or _ON_DEMAND)
            case Reason.INVALID_RESOURCE:
                return outcome.invalid_resource(self.diagnostics or _ON_DEMAND)
            case Reason.ASID_CHECK_FAILED:
                return outcome.asid_check_failed(sender)
            case Reason.PARTYKEY_CHECK_FAILED:
                return outcome.partykey_check_failed(receiver)
            case Reason.ENDPOINT_VARIES:
                endpoint = exchange.endpoint
                root, cpa_id = (endpoint.root, endpoint.cpa_id) if endpoint is not None else ("", "")
                return outcome.endpoint_varies(root, cpa_id, target)
            case Reason.FOT_CHECK_FAILED:
                return outcome.fot_check_failed(sender, receiver)
            case Reason.UNSUPPORTED_INTERACTION:
                return outcome.unsupported_interaction(sender)
            case Reason.RATE_LIMITED:
                return outcome.rate_limited(sender)
            case Reason.UNAVAILABLE:
                return outcome.unavailable(receiver)
            case Reason.UNSUPPORTED_MEDIA_TYPE:
                return outcome.unsupported_media_type()
            case Reason.BAD_GATEWAY:
                return outcome.bad_gateway(target)
            case Reason.GATEWAY_TIMEOUT:
                return outcome.timeout(target)
            case Reason.NETWORK_TIMEOUT:
                return outcome.timeout(target, 599)
            case Reason.INTERNAL_ERROR:
                return outcome.internal_error()
            case Reason.NOT_RECORDED:
                return outcome.not_recorded()
            case _:
                assert_never(reason)


_ON_DEMAND = "This refusal was asked for: a fault rule of the emulator's."
