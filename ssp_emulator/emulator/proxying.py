"""Proxying: the parts of the proxy that settings shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssp_emulator.fhir import Format
from ssp_emulator.limits import Limits, Quota
from ssp_emulator.proxy.cors import Cors
from ssp_emulator.proxy.handler import Handler, Manners
from ssp_emulator.proxy.providers import Patience, Providers
from ssp_emulator.proxy.replies import Replies
from ssp_emulator.spine import Spine

if TYPE_CHECKING:
    import ssl

    from ssp_emulator.clock import Clock
    from ssp_emulator.directory.loading import Registry
    from ssp_emulator.faults.engine import Engine
    from ssp_emulator.proxy.ledger import Ledger
    from ssp_emulator.settings import Settings
    from ssp_emulator.tallies import Tallies


def providers_of(settings: Settings, context: ssl.SSLContext) -> Providers:
    """Return the connections to providers, none of them open yet."""
    ours = settings.providers
    patience = Patience(ours.connect_timeout_s, ours.first_byte_timeout_s, ours.idle_timeout_s)
    return Providers(context, patience, kept=ours.kept_connections, kept_for_s=ours.kept_for_s)


def handler_of(
    settings: Settings, spine: Spine, faults: Engine, providers: Providers, ledger: Ledger, described_at: str | None
) -> Handler:
    """Return what takes requests the whole way; `described_at` is the URL of the admin API, where refusals name it."""
    cors = Cors(frozenset(settings.cors.origins), settings.cors.max_age_s)
    replies = Replies(spine.clock, Format[settings.errors.default_format.upper()], cors, described_at)
    manners = Manners(
        settings.providers.connect_timeout_status, settings.proxy.idle_timeout_s, frozenset(settings.errors.unanswered)
    )
    return Handler(spine, faults, providers, ledger, replies, manners)


def spine_of(settings: Settings, registry: Registry, clock: Clock, tallies: Tallies | None = None) -> Spine:
    """Return what the checks judge by; `tallies` is where limits are counted."""
    sender, receiver = (Quota(side.requests, side.asids) for side in (settings.limits.sender, settings.limits.receiver))
    return Spine(
        registry.directory,
        registry.catalogue,
        clock,
        token_enforced=settings.token.mode == "enforce",
        token_leeway_s=settings.token.leeway_s,
        observed_2018=settings.compatibility == "observed-2018",
        media_types=frozenset(settings.media.allowed),
        limits=Limits(settings.limits.window_s, sender, receiver, tallies),
    )
