"""Long work shows how far it has come: on stderr, and only where that is a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

Advance = Callable[[int], None]
"""Told by how much the work has advanced."""


@contextmanager
def watching(what: str, total: int | None, *, in_bytes: bool = False) -> Iterator[Advance]:
    """A bar of `total` while the block runs, and the function that moves it; nothing where nobody looks."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _count: None
        return
    amount = DownloadColumn() if in_bytes else MofNCompleteColumn()
    columns = (TextColumn("{task.description}"), BarColumn(), amount, TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(what, total=total)
        yield lambda count: progress.update(task, advance=count)
