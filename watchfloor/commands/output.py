"""How answers are printed: JSON for programs, tables for people, progress on standard error."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

import msgspec

DAY_MS = 86_400_000
EPOCH_ORDINAL = date(1970, 1, 1).toordinal()

# A file or a pipe has no width: wide enough that no cell is broken.
WIDTH_OF_A_FILE = 240

# An instant's name without its unit, where adding `_at` to it would not be English.
NAMES_OF_INSTANTS = {
    "shelved_until_ms": "shelved_until",
    "out_since_ms": "out_since",
    "out_until_ms": "out_until",
    "since_ms": "since",
    "silent_since_ms": "silent_since",
}


def rfc3339(at_ms: int | None) -> str | None:
    """Return an instant as RFC 3339 in UTC, with milliseconds only where it has some.

    Parameters
    ----------
    at_ms
        Epoch milliseconds; None gives None.

    """
    if at_ms is None:
        return None
    days, ms = divmod(at_ms, DAY_MS)
    seconds, ms = divmod(ms, 1000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    rest = f".{ms:03d}Z" if ms else "Z"
    return f"{_day(days)}T{hour:02d}:{minute:02d}:{second:02d}{rest}"


@lru_cache(maxsize=4096)
def _day(days: int) -> str:
    """Return a day as text; a list of 60,000 cases has 300,000 instants on some hundred days."""
    return date.fromordinal(EPOCH_ORDINAL + days).isoformat()


def with_times(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row whose fields named `…_ms` have become `…_at` in RFC 3339."""
    shown: dict[str, Any] = {}
    for name, value in row.items():
        if name.endswith("_ms"):
            shown[NAMES_OF_INSTANTS.get(name) or name.removesuffix("_ms") + "_at"] = rfc3339(value)
        else:
            shown[name] = value
    return shown


def print_object(value: Mapping[str, Any]) -> None:
    """Print one JSON object, indented."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")


def print_list(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print a JSON list, one object a line, so that 60,000 cases are still quick to read."""
    encode = msgspec.json.Encoder().encode
    body = b",\n".join(encode(row) for row in rows)
    sys.stdout.write((b"[" + body + b"]\n").decode())


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], note: str = "") -> None:
    """Print a table; numbers stand to the right.

    Parameters
    ----------
    title
        Above the table; empty: none.
    columns, rows
        Names, and as many values a row; None is shown as a dash.
    note
        A line below it.

    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    filled = [list(row) for row in rows]
    table = Table(title=title or None, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for index, name in enumerate(columns):
        number = bool(filled) and all(
            (isinstance(row[index], int | float) and not isinstance(row[index], bool)) or row[index] is None
            for row in filled
        )
        table.add_column(name, justify="right" if number else "left", overflow="fold")
    for row in filled:
        table.add_row(*(Text(_cell(value)) for value in row))
    console = Console(width=None if sys.stdout.isatty() else WIDTH_OF_A_FILE)
    console.print(table)
    if note:
        console.print(note, style="dim", markup=False, highlight=False)


def _cell(value: object) -> str:
    match value:
        case None | "":
            return "–"
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case float():
            return f"{value:,.2f}"
        case _:
            return str(value)


def quiet_logs() -> None:
    """Let only warnings of the folds be seen, on standard error: standard output is the answer's."""
    import logging

    import structlog

    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def tell(line: str) -> None:
    """Say how far it is on standard error, for whoever watches."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
