"""`stagewatch draw`: a journey as a picture."""

import click

from journey.drawing import mermaid, svg
from stagewatch.files import writing
from stagewatch.library import journey_of


@click.command()
@click.argument("journey")
@click.option(
    "--format",
    "form",
    type=click.Choice(["mermaid", "svg"]),
    help="Mermaid text, which GitHub and many wikis show as a picture, or an SVG picture. "
    "[default: by the ending of --output, else mermaid]",
)
@click.option("-o", "--output", default="-", metavar="FILE", help="Where to write it. [default: standard output]")
def draw(journey: str, form: str | None, output: str) -> None:
    """Draws JOURNEY, a file or the name of a shipped one: each track's stages, and the moves between them.

    \b
    stagewatch draw five-stage
    stagewatch draw my-journey.yaml -o my-journey.svg
    """  # noqa: D301  click's mark for lines that stay as they are
    definition = journey_of(journey)
    as_svg = form == "svg" or (form is None and output.endswith(".svg"))
    with writing(output) as file:
        file.write((svg if as_svg else mermaid)(definition).encode())
