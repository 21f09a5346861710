"""`ssp-emulator completion`: the script that has a shell complete our commands."""

from __future__ import annotations

import click

from ssp_emulator.cli.completing import SHELLS, script


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script that completes commands, options and values in SHELL.

    bash and zsh: eval "$(ssp-emulator completion bash)" in ~/.bashrc, or with zsh in ~/.zshrc. fish:
    ssp-emulator completion fish > ~/.config/fish/completions/ssp-emulator.fish
    """
    click.echo(script(shell, ctx.find_root().command), nl=False)
