"""`ssp-emulator postman`: a Postman collection of every interaction."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from ssp_emulator.address import Address
from ssp_emulator.cli import options
from ssp_emulator.cli.output import BAD_USAGE, fail, print_json
from ssp_emulator.demo import consumer
from ssp_emulator.demo.postman.collection import Values, collection
from ssp_emulator.demo.provider.dataset import DATASET
from ssp_emulator.plan import read_plan

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@options.proxy
@options.from_asid
@options.to_asid
@options.output("Where the collection goes.")
@options.config
def postman(
    proxy: Address | None, from_asid: str | None, to_asid: str | None, output: Path | None, config_path: Path
) -> None:
    """Print a Postman collection (v2.1) of every interaction, to be imported into Postman or run with newman.

    It has a folder for each capability and a request for each interaction, with fresh tokens; its description says how
    the client certificate is set up.
    """
    plan = read_plan(config_path)
    document = DATASET.documents[0]
    try:
        where = proxy or Address.parse(plan.configuration.settings.proxy.listen)
        if where.port == 0:
            fail("proxy.listen is any free port: say with --proxy which", code=BAD_USAGE)
        values = Values(
            proxy=f"https://{where.reachable}",
            nhs_number=document.patient.nhs_number,
            patient_id=document.patient.id,
            document_id=document.file.id,
        )
        made = collection(plan.registry, values, from_asid, to_asid)
    except (consumer.ConsumerError, ValueError) as error:
        fail(str(error), code=BAD_USAGE)
    if output is None:
        print_json(made)
        return
    output.write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")
    click.echo(f"{sum(len(folder['item']) for folder in made['item'])} requests in {output}")
