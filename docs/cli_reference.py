"""Write the commands' own help into docs/cli.md: python docs/cli_reference.py."""

from collections.abc import Iterator
from pathlib import Path

import click

from eidosctl.cli import cli

PAGE = Path(__file__).with_name("cli.md")
MARK = "## Commands\n"
"""What stands before this line is written by hand."""
WIDTH_COLUMNS = 96


def page(text: str) -> str:
    """Return *text*, the page as it is, with the help of every command as it is now."""
    by_hand = text.partition(MARK)[0]
    sections = [f"### {title}\n\n```text\n{help_}\n```\n" for title, help_ in _helps(cli, None)]
    return "\n".join([by_hand + MARK, *sections])


def _helps(command: click.Command, parent: click.Context | None) -> Iterator[tuple[str, str]]:
    name = command.name if parent is not None else "eidosctl"
    context = click.Context(
        command,
        parent=parent,
        info_name=name,
        terminal_width=WIDTH_COLUMNS,
        help_option_names=["-h", "--help"],
    )
    yield context.command_path, command.get_help(context)
    if isinstance(command, click.Group):
        for child in command.commands.values():
            yield from _helps(child, context)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
