"""A line on standard error that says how far a run is, where somebody can see it."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

EVERY = 500
"""Messages between two looks: a bar redrawn for each message would cost more than sending it."""


@contextmanager
def shown(title: str) -> Iterator[Callable[[int, int], None]]:
    """Give what `produce` tells its progress; silent where standard error is no terminal."""
    if not sys.stderr.isatty():
        yield lambda _sent, _of: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)

        def show(sent: int, of: int) -> None:
            if sent % EVERY == 0 or sent == of:
                bar.update(task, completed=sent, total=of)

        yield show
