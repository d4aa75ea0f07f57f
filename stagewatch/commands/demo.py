"""`stagewatch demo`: everything on this machine, in one go."""

import errno
import os

import click
import uvloop
from rich.console import Console

from stagewatch.demo import SPEED, DemoOptions, run_demo
from stagewatch.live import View


class _Screen(Console):
    """A console that may be read no more (`| head`). Rich would end the process there, amid what is to be stopped."""

    def on_broken_pipe(self) -> None:
        """Tells whoever writes, who stops in order."""
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


@click.command()
@click.option("--shoppers", default=400, show_default=True, type=click.IntRange(1), help="How many shoppers.")
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same shoppers.")
@click.option("--speed", default=SPEED, show_default=True, type=click.IntRange(1), help="How fast time runs.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65_535), help="Of /metrics; 0: any.")
def demo(shoppers: int, seed: int, speed: int, port: int) -> None:
    """Starts a broker, makes up shoppers, runs the worker, and shows the transitions as a subscriber hears them.

    Nothing is needed but this machine, and nothing is left when Ctrl-C ends it.
    """
    uvloop.run(run_demo(DemoOptions(shoppers, seed, speed, port), View(_Screen())))
