from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aiohttp.test_utils import make_mocked_request
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as plain

from ssp_emulator.admin.metrics import Exposition
from ssp_emulator.audit.metrics import Metrics

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from prometheus_client.registry import Collector

OPEN = "application/openmetrics-text"


def there(metrics: Metrics) -> Callable[[], Awaitable[Collector]]:
    async def collected() -> Collector:
        return metrics.registry

    return collected


@pytest.mark.parametrize(
    ("accept", "content_type", "read"),
    [
        ([], "text/plain; version=0.0.4; charset=utf-8", plain),
        (["*/*"], "text/plain; version=0.0.4; charset=utf-8", plain),
        (
            [f"{OPEN};version=1.0.0,text/plain;q=0.5"],
            f"{OPEN}; version=1.0.0; charset=utf-8; escaping=underscores",
            open_metrics,
        ),
        (
            ["text/html", f"{OPEN};version=1.0.0"],
            f"{OPEN}; version=1.0.0; charset=utf-8; escaping=underscores",
            open_metrics,
        ),
        ([f"{OPEN};version=abc"], "text/plain; version=0.0.4; charset=utf-8", plain),
        (["text/plain;version=x.y"], "text/plain; version=0.0.4; charset=utf-8", plain),
        (["text/html"], "text/plain; version=0.0.4; charset=utf-8", plain),
    ],
)
async def test_the_form_is_the_one_that_is_accepted(accept: list[str], content_type: str, read: object) -> None:
    counting = Metrics()
    counting.connected()
    request = make_mocked_request("GET", "/metrics", headers=[("Accept", each) for each in accept])

    answer = await Exposition(there(counting)).show(request)

    families = {family.name: family for family in read(answer.body.decode())}  # type: ignore[operator]
    assert (answer.status, answer.headers.getall("Content-Type")) == (200, [content_type])
    assert next(sample.value for sample in families["ssp_emulator_connections"].samples) == 1


def test_it_is_at_the_root_and_asks_for_the_token() -> None:
    (route,) = Exposition(there(Metrics())).routes

    assert (route.method, route.whole_path, route.open) == ("GET", "/metrics", False)
