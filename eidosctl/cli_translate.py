"""`eidosctl translate`: a text in another language, by the provider that the person configured."""

import os

import click

from eidos.errors import ConfigError
from eidosctl import streams
from eidosctl.output import as_json, printable
from eidosctl.place import Place


@click.command()
@click.argument("text", nargs=-1)
@click.option("--to", metavar="LANGUAGE",
              help="The language to translate to, as code or name; default: translate_to, else "
              "that of your locale, and English for a text that is in that already.")  # fmt: skip
@click.option("--from", "source", metavar="LANGUAGE",
              help="The language of TEXT; default: it is found out, on this machine.")  # fmt: skip
@click.option("--json", "is_json", is_flag=True, help="Print all of the answer as one JSON object.")
def translate(text: tuple[str, ...], to: str | None, source: str | None, is_json: bool) -> None:
    """Translate TEXT, by a LibreTranslate server or a language model of your choice.

    Only the translation goes to standard output; who made it, and what was left out of the text,
    goes to standard error. Without TEXT, or where it is a single dash, it is read from standard
    input. Before the first text goes anywhere you are told what is sent and where.
    """
    from eidos.config import Config
    from eidosctl import translating

    try:
        codes = {name: translating.code_of(said) for name, said in (("to", to), ("from", source))
                 if said}  # fmt: skip
    except ConfigError as exc:
        raise click.UsageError(str(exc)) from exc
    is_read = text == ("-",) or (not text and streams.is_given())
    asked = streams.read_text() if is_read else " ".join(text)
    if not asked.strip():
        raise click.UsageError("give a text, for instance: eidosctl translate --to de good morning")
    place = Place.find(os.environ)
    config = Config.load(os.environ, place.config)
    answer = translating.translate(
        place, asked, source=codes.get("from", ""), to=codes.get("to", ""), config=config
    )
    if is_json:
        click.echo(as_json(answer.row(), indent=2))
        return
    for line in answer.reply.text.splitlines():
        click.echo(printable(line))
    for note in answer.notes():
        click.echo(printable(f"eidosctl: {note}"), err=True)
