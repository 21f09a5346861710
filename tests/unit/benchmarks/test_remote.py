"""The load generator as a process of its own: a job goes in, tallies come out, and nothing is lost between."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from load.job import Door, Job, Sheet
from load.remote import generator
from scenario import WrongAnswerError

if TYPE_CHECKING:
    from support.stub import StubProvider

    from ssp_emulator.pki.folder import CertificateFolder


@pytest.fixture
def job(certificates: CertificateFolder, provider: StubProvider) -> Job:
    ours = certificates.consumer
    door = Door(
        "127.0.0.1",
        provider.port,
        "gp.example.nhs.uk",
        str(ours.certificate),
        str(ours.key),
        str(certificates.chain),
    )
    sheet = Sheet("/Binary/1", {"Host": "gp.example.nhs.uk"}, {"requesting_practitioner": {}}, length=2)
    return Job((door,), sheet, requests=4, warm_up=1)


async def test_nothing_but_the_warm_up_is_sent_before_the_word_to_begin(job: Job, provider: StubProvider) -> None:
    async with generator() as made:
        await made.prepare(job)
        assert len(provider.received) == 1
        (tally,) = await made.go()
        assert (tally.right, tally.trouble, len(provider.received)) == (4, "", 5)
        await made.prepare(replace(job, manner="paced", rate=1000.0))
        assert [each.right for each in await made.go()] == [4]


async def test_a_job_that_failed_or_was_dropped_does_not_stand_in_the_next_ones_way(
    job: Job, provider: StubProvider
) -> None:
    async with generator() as made:
        with pytest.raises(WrongAnswerError, match="wrong content"):
            await made.prepare(replace(job, sheet=replace(job.sheet, length=3)))
        await made.prepare(job)
        await made.prepare(replace(job, requests=2))
        assert [each.right for each in await made.go()] == [2]
