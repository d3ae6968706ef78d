"""An evaluation as plain values and as CSV: the same fields on the page, on the command line and in a file."""

import csv
import io
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from domain.evaluation.figures import Evaluation, Figures, Row
from domain.evaluation.statistics import Rate

COUNTS = ("accepted", "filed", "due", "closed", "returned", "reopened")
RATES = ("close_rate", "on_time_rate", "satisfaction")
HOUR_MS = 3_600_000
DIGITS = 4

TOTAL = "total"
"""The code of the last row of a file."""

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is a formula to spreadsheets; a name from a source must not become one."""

Language = Literal["en", "zh"]

FEWER: Mapping[Language, str] = {"en": "fewer than {n} people", "zh": "不足 {n} 人，不显示数据"}
WITHHELD: Mapping[Language, str] = {
    "en": "withheld: the figures of a team of fewer than {n} people would follow from them",
    "zh": "不显示数据，以免推算出不足 {n} 人的班组",
}
"""What a file has instead of figures."""


def plain(found: Evaluation, names: Mapping[str, str], least: int) -> dict[str, Any]:
    """Return `rows` and `whole`; a team of too few people has `fewer_than` instead of figures, one with it `withheld`.

    Parameters
    ----------
    found
        The figures.
    names
        What the rows are called, by their codes.
    least
        The fewest people of a team with figures.

    """
    rows = [
        {"code": row.code, "name": names.get(row.code, row.code)}
        | (_none(row, least) if row.figures is None else _plain(row.figures))
        for row in found.rows
    ]
    return {"rows": rows, "whole": _plain(found.whole)}


def as_csv(found: Evaluation, names: Mapping[str, str], least: int, language: Language = "en") -> str:
    """Return the figures as a CSV file, a row for each and the total last; hours with two digits."""
    steps = list(found.whole.steps)
    head = ["code", "name", *COUNTS]
    for name in RATES:
        head += [f"{name}_{part}" for part in ("hits", "of", "rate", "low", "high")]
    for step in steps:
        head += [f"{step}_{part}" for part in ("visits", "median_h", "p90_h")]
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\r\n").writerow
    write(head)
    for row in found.rows:
        label = [_cell(row.code), _cell(names.get(row.code, row.code))]
        if row.figures is None:
            words = WITHHELD if row.for_another else FEWER
            write([*label, words[language].format(n=least)])
        else:
            write([*label, *_cells(row.figures, steps)])
    write([TOTAL, "", *_cells(found.whole, steps)])
    return out.getvalue()


def _none(row: Row, least: int) -> dict[str, Any]:
    return {"withheld": True} if row.for_another else {"fewer_than": least}


def _plain(figures: Figures) -> dict[str, Any]:
    shown: dict[str, Any] = msgspec.to_builtins(figures)
    for name in RATES:
        shown[name] = _rounded(shown[name])
    return shown


def _rounded(rate: Mapping[str, Any]) -> dict[str, Any]:
    return {name: round(value, DIGITS) if isinstance(value, float) else value for name, value in rate.items()}


def _cells(figures: Figures, steps: list[str]) -> list[object]:
    cells: list[object] = [getattr(figures, name) for name in COUNTS]
    for name in RATES:
        rate: Rate = getattr(figures, name)
        cells += _rounded(msgspec.structs.asdict(rate)).values()
    for step in steps:
        times = figures.steps.get(step)
        cells += (
            ["0", "", ""]
            if times is None
            else [times.n, round(times.median_ms / HOUR_MS, 2), round(times.p90_ms / HOUR_MS, 2)]
        )
    return cells


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) else text
