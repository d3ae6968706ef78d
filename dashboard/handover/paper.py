"""A handover page on paper: PDF for the folder, CSV for the table. The same page gives the same bytes."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

import msgspec
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import LongTable, Paragraph, SimpleDocTemplate, Spacer, TableStyle

from dashboard.words import i18n
from domain.privacy.scrub import scrub

Row = dict[str, Any]
Words = dict[str, str]

COLUMNS: dict[str, tuple[str, ...]] = {
    "pressing": ("priority", "matter", "place", "age", "due_at", "who"),
    "aside": ("priority", "matter", "place", "state", "until", "who", "why", "reference"),
    "due": ("case", "matter", "place", "due_at", "who"),
    "feeds": ("matter", "last"),
    "notes": ("time", "who", "text"),
    "staff": ("place", "worker", "stand_in", "until"),
    "rule_changes": ("time", "matter"),
    "replays": ("matter",),
}
"""Each table's columns; the heading of column X is the word `handover_X`."""

INSTANTS = {"due_at": "due_ms", "until": "until_ms", "time": "t_ms", "last": "last_ms"}
ASIAN = "STSong-Light"
"""One of the standard fonts of Adobe's Asian packs, which readers and printers know without its being embedded."""
ASIAN_RUN = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\u3000-\u303f]+")
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for a formula where a text begins with it."""


class Signatures(msgspec.Struct, frozen=True, kw_only=True):
    """Who signed a page, by name, and when; empty where nobody has, or the desk does not know any more."""

    prepared_by: str = ""
    prepared_ms: int | None = None
    accepted_by: str = ""
    accepted_ms: int | None = None


class Copy(msgspec.Struct, frozen=True, kw_only=True):
    """A page as it is copied out: with what somebody wrote opened, and accounts by name, as far as they are known."""

    page: Row
    sha256: str
    texts: dict[str, str] = {}
    names: dict[str, str] = {}
    signed: Signatures = Signatures()


class _Sheet:
    """A page in one language, as rows of texts."""

    def __init__(self, copy: Copy, lang: str) -> None:
        self._copy = copy
        self._page = copy.page
        self._key = "en" if lang == "en" else "zh"
        self._zone = ZoneInfo(copy.page["zone"]) if copy.page["zone"] else UTC
        self.words: Words = i18n.table()[lang]
        self.zone_name = copy.page["zone"] or "UTC"

    def head(self, column: str) -> str:
        return self.words[f"handover_{column}"]

    def when(self, at_ms: int | None) -> str:
        if at_ms is None:
            return self.words["unknown"]
        return datetime.fromtimestamp(at_ms / 1000, self._zone).strftime("%Y-%m-%d %H:%M")

    def both(self, texts: dict[str, str]) -> str:
        return texts[self._key]

    def title(self) -> str:
        return f"{self.words['handover_title']} · {self.both(self._page['title'])} ({self._page['desk']})"

    def shift(self) -> str:
        shift = self._page["shift"]
        if shift is None:
            return self.words["handover_no_shift"]
        return f"{self.when(shift['start_ms'])} – {self.when(shift['end_ms'])}"

    def rows(self, table: str) -> Iterator[list[str]]:
        for row in self._page["tables"][table]:
            yield [self._cell(table, column, row) for column in COLUMNS[table]]

    def facts(self) -> Iterator[tuple[str, str]]:
        """Give what stands above the tables."""
        load = self._page["load"]
        standing = " / ".join(str(n) for n in load["standing"])
        yield self.words["handover_shift"], self.shift()
        yield self.words["handover_filled"], f"{self.when(self._page['filled_ms'])} ({self.zone_name})"
        yield (
            self.words["handover_standing"],
            f"{standing} ({self.words['handover_in_shift']}: {load['in_shift']})",
        )
        yield self.words["handover_unacked"], str(load["unacked"])
        for name in ("given", "taken"):
            for one in self._page[name]:
                text = f"{self._place(one['scope'])} – {self._place(one['desk'])}"
                yield self.words[f"handover_{name}"], text

    def signed(self) -> tuple[str, str]:
        signed, empty = self._copy.signed, self.words["handover_not_signed"]
        first, second = self.words["handover_prepared"], self.words["handover_accepted"]
        return (
            _filled(first, who=signed.prepared_by, time=self.when(signed.prepared_ms)) if signed.prepared_by
            else f"{self.words['handover_prepare']}: {empty}",
            _filled(second, who=signed.accepted_by, time=self.when(signed.accepted_ms)) if signed.accepted_by
            else f"{self.words['handover_accept']}: {empty}",
        )  # fmt: skip

    def _cell(self, table: str, column: str, row: Row) -> str:
        whole = {"who": self._who, "state": self._state}.get(column)
        if whole is not None:
            return whole(row)
        match column:
            case "priority":
                number = row["priority"]
                return f"{number} {self.words[f'priority_{number}']}"
            case "place":
                return self._place(row["place"])
            case "matter":
                return self._matter(table, row)
            case "why" | "text" | "reference":
                return self._text(row.get(column, ""))
            case "age":
                row = {"age": self._span(self._page["filled_ms"] - row["raised_ms"])}
        if column == "until" and row["until_ms"] is None:
            row = row | {"until": self.words["handover_open_end"]}
        elif column in INSTANTS:
            row = row | {column: self.when(row[INSTANTS[column]])}
        return str(row[column])

    def _state(self, row: Row) -> str:
        """Return how an alert is put aside; of a rule its name, in words where they are known."""
        state, rule = self.words[f"state_{row['state']}"], row.get("rule", "")
        return f"{state}: {self.words.get(f'kind_{rule}', rule)}" if rule else state

    def _who(self, row: Row) -> str:
        account = row.get("by") or row.get("acked_by") or row.get("account") or ""
        return self._copy.names.get(account, account) or str(row.get("assignee") or "")

    def _matter(self, table: str, row: Row) -> str:
        match table:
            case "feeds":
                state = self.words["feed_silent" if row["silent"] else "handover_feed_late"]
                return f"{self.both(row['title'])}: {state}"
            case "rule_changes":
                return str(row["hash"][:16])
            case "replays":
                return str(row["id"])
        category = self._page["categories"].get(row["category"])
        what = f"kind_{row['kind']}" if "kind" in row else f"step_{row['step']}"
        words = [
            self.words.get(what, row.get("kind") or row.get("step") or ""),
            category and self.both(category),
        ]
        return " · ".join(word for word in words if word)

    def _place(self, code: str) -> str:
        name = self.both(self._page["places"][code])
        return code if name == code else f"{name} {code}"

    def _text(self, sealed: str) -> str:
        """Return what somebody wrote, without numbers by which a person could be reached."""
        if not sealed:
            return ""
        text = self._copy.texts.get(sealed, "" if sealed.startswith("sealed:") else sealed)
        return scrub(text) if text else f"({self.words['handover_erased']})"

    def _span(self, ms: int) -> str:
        minutes = max(ms, 0) // 60_000
        return f"{minutes // 1440} d {minutes % 1440 // 60:02d}:{minutes % 60:02d}"


def as_csv(copy: Copy, lang: str) -> bytes:
    """Return a page as CSV in UTF-8 with a mark that spreadsheets know it by: a row an item, its table first."""
    sheet = _Sheet(copy, lang)
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    for name, text in [
        (sheet.title(), ""), (sheet.words["handover_print"], copy.sha256), *sheet.facts(),
        *((sheet.words["handover_sign"], one) for one in sheet.signed()),
    ]:  # fmt: skip
        writer.writerow([_plain(name), _plain(text)])
    for table, columns in COLUMNS.items():
        rows = list(sheet.rows(table))
        writer.writerow([])
        writer.writerow([sheet.words[f"handover_{table}"], *(sheet.head(column) for column in columns)])
        for row in rows:
            writer.writerow(["", *(_plain(cell) for cell in row)])
        if not rows:
            writer.writerow(["", sheet.words["handover_nothing"]])
        if table in copy.page["more"]:
            writer.writerow(["", _filled(sheet.words["handover_more"], n=copy.page["more"][table])])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def as_pdf(copy: Copy, lang: str) -> bytes:
    """Return a page as PDF, A4 on its side."""
    pdfmetrics.registerFont(UnicodeCIDFont(ASIAN))
    sheet = _Sheet(copy, lang)
    story: list[Any] = [_text(sheet.title(), 15, bold=True), Spacer(1, 2 * mm)]
    story += [_text(f"{name}: {text}", 9) for name, text in sheet.facts()]
    story.append(_text(f"{sheet.words['handover_print']}: {copy.sha256}", 9))
    for table, columns in COLUMNS.items():
        rows = list(sheet.rows(table))
        story += [
            Spacer(1, 4 * mm),
            _text(f"{sheet.words[f'handover_{table}']} ({len(rows)})", 11, bold=True),
        ]
        if rows:
            story += [Spacer(1, 1 * mm), _table([sheet.head(column) for column in columns], rows)]
        else:
            story.append(_text(sheet.words["handover_nothing"], 9))
        if table in copy.page["more"]:
            story.append(_text(_filled(sheet.words["handover_more"], n=copy.page["more"][table]), 9))
    story += [Spacer(1, 6 * mm), _text(sheet.words["handover_sign"], 11, bold=True)]
    story += [_text(one, 10) for one in sheet.signed()]
    story += [Spacer(1, 3 * mm), _text(_filled(sheet.words["handover_paper_note"], zone=sheet.zone_name), 8)]
    out = io.BytesIO()
    document = SimpleDocTemplate(
        out, pagesize=landscape(A4), leftMargin=14 * mm, rightMargin=14 * mm, topMargin=12 * mm, bottomMargin=12 * mm,
        title=sheet.title(), author="watchfloor", lang=lang, invariant=1,
    )  # fmt: skip

    def foot(canvas: Any, _: Any) -> None:
        canvas.setFont("Helvetica", 7)
        canvas.drawString(14 * mm, 7 * mm, copy.sha256)
        canvas.drawRightString(landscape(A4)[0] - 14 * mm, 7 * mm, str(canvas.getPageNumber()))

    document.build(story, onFirstPage=foot, onLaterPages=foot)
    return out.getvalue()


def _table(heads: list[str], rows: list[list[str]]) -> LongTable:
    cells = [[_text(head, 8, bold=True) for head in heads]] + [
        [_text(cell, 8) for cell in row] for row in rows
    ]
    table = LongTable(cells, repeatRows=1, colWidths=[269 * mm / len(heads)] * len(heads))
    table.setStyle(
        TableStyle([
            ("GRID", (0, 0), (-1, -1), 0.25, colors.HexColor("#9aa3aa")),
            ("BACKGROUND", (0, 0), (-1, 0), colors.HexColor("#e6e9ec")),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("TOPPADDING", (0, 0), (-1, -1), 1.5),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
        ])
    )  # fmt: skip
    return table


def _text(text: str, size: float, *, bold: bool = False) -> Paragraph:
    font = "Helvetica-Bold" if bold else "Helvetica"
    style = ParagraphStyle("text", fontName=font, fontSize=size, leading=size * 1.35, wordWrap="CJK")
    return Paragraph(ASIAN_RUN.sub(lambda run: f'<font name="{ASIAN}">{run[0]}</font>', escape(text)), style)


def _filled(text: str, **values: Any) -> str:
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", str(value))
    return text


def _plain(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA) else cell
