"""The provider's web application: one sub-application a practice, all with the same routes and the same gate."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from aiohttp import web

from ssp_emulator.demo.provider import binaries, capability, documents, interactions, patients
from ssp_emulator.demo.provider.context import DATASET, FITTING, PRACTICE, SETTINGS
from ssp_emulator.demo.provider.gate import admission, proxy_only
from ssp_emulator.demo.provider.journal import errors, journal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp.typedefs import Middleware

    from ssp_emulator.demo.provider.model import Dataset
    from ssp_emulator.demo.provider.settings import Practice, ProviderSettings


_LARGEST_BODY_BYTES = 64 << 20


class Route(NamedTuple):
    """A path under a practice's base path, its GET handler, and the interactions that fit it."""

    path: str
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    interactions: frozenset[str]


ROUTES = (
    Route("/metadata", capability.metadata, frozenset({interactions.READ_METADATA})),
    Route("/Patient", patients.find, frozenset({interactions.SEARCH_PATIENT})),
    Route("/Patient/{id}/DocumentReference", documents.find, frozenset({interactions.SEARCH_DOCUMENT})),
    Route("/Binary/{id}", binaries.fetch, frozenset({interactions.READ_BINARY, interactions.MIGRATE_BINARY})),
)


def compose(settings: ProviderSettings, dataset: Dataset, *first: Middleware) -> web.Application:
    """Put the application together: the practices of `settings`, with one set of made-up data.

    `first` are asked about each request of the proxy's, before the routes.
    """
    app = web.Application(middlewares=[journal, errors, proxy_only, *first], client_max_size=_LARGEST_BODY_BYTES)
    app[SETTINGS] = settings
    for practice in settings.practices:
        app.add_subapp(practice.base_path, _practice_app(practice, settings, dataset))
    return app


def _practice_app(practice: Practice, settings: ProviderSettings, dataset: Dataset) -> web.Application:
    app = web.Application(middlewares=[admission])
    app[PRACTICE] = practice
    app[SETTINGS] = settings
    app[DATASET] = dataset
    fitting: dict[object, frozenset[str]] = {route.handler: route.interactions for route in ROUTES}
    app[FITTING] = fitting
    for route in ROUTES:
        app.router.add_get(route.path, route.handler, allow_head=False)
    return app
