"""Counting: what is counted is written as Prometheus's own library would, label for label and bound for bound."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.exposition import choose_encoder

from ssp_emulator.audit.counting import BUCKETS_S, Counters, Histograms

if TYPE_CHECKING:
    from prometheus_client.registry import Collector

FORMS = ["", "text/plain; version=1.0.0", "application/openmetrics-text; version=1.0.0"]
LABELS = st.tuples(st.sampled_from(["a", 'quo"te', "new\nline", ""]), st.sampled_from(["x", "y"]))
ON_A_BOUND = st.sampled_from(BUCKETS_S)
SECONDS = st.one_of(ON_A_BOUND, st.floats(0, 200, allow_subnormal=False))


def written(form: str, collector: Collector) -> str:
    """Return how a collector's families are written, with no time of beginning in them."""
    registry = CollectorRegistry()
    registry.register(collector)
    encode, _ = choose_encoder(form)
    return re.sub(r"(_created(?:\{.*\})?) \S+", r"\1 then", encode(registry).decode())


@pytest.mark.parametrize("form", FORMS)
@settings(deadline=None, max_examples=40)
@given(counted=st.lists(LABELS))
def test_counters_are_written_as_the_librarys_own(form: str, counted: list[tuple[str, str]]) -> None:
    ours = Counters("seen", "What was seen.", ("one", "two"), 100)
    theirs = Counter("seen", "What was seen.", ("one", "two"), registry=None)
    for labels in counted:
        ours.of(*labels).value += 2
        theirs.labels(*labels).inc(2)

    assert written(form, ours) == written(form, theirs)


@pytest.mark.parametrize("form", FORMS)
def test_a_counter_without_labels_is_there_from_the_beginning(form: str) -> None:
    ours = Counters("seen", "What was seen.")
    ours.of()

    assert written(form, ours) == written(form, Counter("seen", "What was seen.", registry=None))


@pytest.mark.parametrize("form", FORMS)
@settings(deadline=None, max_examples=40)
@given(spans=st.lists(st.tuples(LABELS, SECONDS)))
def test_histograms_are_written_as_the_librarys_own(form: str, spans: list[tuple[tuple[str, str], float]]) -> None:
    ours = Histograms("took_seconds", "What it took.", ("one", "two"), 100)
    theirs = Histogram("took_seconds", "What it took.", ("one", "two"), registry=None, buckets=BUCKETS_S)
    for labels, seconds in spans:
        ours.of(*labels).observe(seconds)
        theirs.labels(*labels).observe(seconds)

    assert written(form, ours) == written(form, theirs)


def test_what_is_new_when_there_are_as_many_as_may_be_is_other() -> None:
    counters = Counters("seen", "What was seen.", ("one", "two"), 2)
    for labels in (("a", "b"), ("c", "d"), ("e", "f"), ("g", "h"), ("a", "b")):
        counters.of(*labels).value += 1

    (family,) = counters.collect()
    assert {tuple(each.labels.values()): each.value for each in family.samples if each.name == "seen_total"} == {
        ("a", "b"): 2,
        ("c", "d"): 1,
        ("other", "other"): 2,
    }


def test_a_series_is_the_same_whenever_it_is_asked_for() -> None:
    histograms = Histograms("took_seconds", "What it took.", ("one",), 1)

    assert histograms.of("a") is histograms.of("a")
    assert histograms.of("b") is histograms.of("c")
    assert histograms.of("a") is not histograms.of("b")
