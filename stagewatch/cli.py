"""The command line: which commands there are. Each lives in a module of its own, loaded when it is called.

`stagewatch --help` loads none of them, so that it answers at once.
"""

import importlib
from typing import Any

import click

from stagewatch import __version__
from stagewatch.mistakes import Mistake

COMMANDS = {
    "demo": "Everything on this machine, in one go: a broker, shoppers, the worker, a live view.",
    "worker": "Reads events from Kafka and publishes every change of stage, until stopped.",
    "topics": "Creates the topics on the broker, or checks those that are there.",
    "rejected": "Lists and shows what could not be understood, and sends it again.",
    "customer": "Erases a customer, or suppresses one: tells the workers to, on customer-commands.",
    "replay": "Plays files of events through a journey and writes the transitions.",
    "generate": "Makes up life-like shoppers and writes their events to a file or to Kafka.",
    "check": "Says what is wrong with a journey or a dialect, and where.",
    "draw": "Draws a journey as Mermaid or SVG.",
}
"""Each command with what it does, in the order in which a newcomer meets them."""


class Commands(click.Group):
    """A group whose commands are imported only when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """The names, in the order of COMMANDS."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of that name; it stands in `stagewatch.commands.<name>` under the same name."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"stagewatch.commands.{cmd_name}")
        command = getattr(module, cmd_name)
        assert isinstance(command, click.Command)  # noqa: S101  a slip of ours, found by the tests
        return command

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401  whatever the command returns
        """Runs the command; what its user can put right is told in words."""
        try:
            return super().invoke(ctx)
        except Mistake as mistake:
            click.echo(mistake, err=True)
            ctx.exit(mistake.exit_code)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Lists the commands from COMMANDS, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="stagewatch")
def main() -> None:
    """Tells, from a shop's event stream, which stage of the journey each customer is in.

    To see it at work: `stagewatch demo`. To try it on events you have: `stagewatch replay FILE --summary`.
    """
