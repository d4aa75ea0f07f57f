"""Times as options take them: an instant, now, or so long ago."""

from time import time

import click

from stagewatch.durations import instant, milliseconds


class Moment(click.ParamType):
    """An instant, `now`, or so long ago (`-30d`)."""

    name = "time"

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The instant in ms."""
        if isinstance(value, int):
            return value
        try:
            if value == "now" or value.startswith("-"):
                return int(time() * 1_000) - (milliseconds(value[1:]) if value != "now" else 0)
            return instant(value)
        except ValueError as error:
            self.fail(f"{error}, or now, or a time ago, such as -30d", param, ctx)
