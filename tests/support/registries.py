"""Registries of every kind that the model allows, for properties that hold for all of them."""

from __future__ import annotations

import string

from hypothesis import strategies as st

from ssp_emulator.address import Address
from ssp_emulator.directory.model import Directory, Endpoint, Organisation, Reliability, System

CODES = st.text(string.ascii_letters + string.digits + "-", min_size=1, max_size=12)
WORDS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7F), min_size=1, max_size=120)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=120)
INTERACTIONS = st.frozensets(WORDS, max_size=4)
_MAYBE_WORD = st.none() | WORDS
RELIABILITIES = st.builds(
    Reliability,
    sync_reply_mode=_MAYBE_WORD,
    retry_interval=_MAYBE_WORD,
    retries=st.none() | st.integers(0, 1000),
    persist_duration=_MAYBE_WORD,
    duplicate_elimination=_MAYBE_WORD,
    ack_requested=_MAYBE_WORD,
    actor=_MAYBE_WORD,
)
ENDPOINTS = st.builds(
    Endpoint,
    root=WORDS,
    host=CODES,
    cpa_id=CODES,
    receives=INTERACTIONS,
    connect_to=st.just(Address("localhost", 9443)),
    mhs_id=st.uuids().map(str),
    reliability=st.none() | RELIABILITIES,
)
SYSTEMS = st.builds(
    System,
    asid=st.text(string.digits, min_size=1, max_size=20),
    organisation=st.builds(Organisation, CODES, NAMES),
    party_key=CODES,
    fqdn=CODES,
    sends=INTERACTIONS,
    endpoints=st.lists(ENDPOINTS, max_size=3, unique_by=lambda each: each.mhs_id).map(tuple),
    manufacturer=st.none() | CODES,
)
DIRECTORIES = st.lists(SYSTEMS, max_size=5, unique_by=lambda each: each.asid).map(lambda each: Directory(each, []))
