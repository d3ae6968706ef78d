"""The tracking page as HTML: plain, without a script, readable on an old phone, in light and in dark.

Every text goes through `escape`; there is no other way from a value into the page.
"""

import base64
import hashlib
from datetime import datetime
from html import escape
from zoneinfo import ZoneInfo

import msgspec

from dashboard.track.view import TrackView
from dashboard.words import i18n

STYLE = """
:root{color-scheme:light dark;--page:#f3f4f5;--panel:#fff;--line:#c3c8cd;--ink:#16191c;--ink2:#4a5259;--main:#0069a8;
--main-ink:#fff;--bad:#b83a00;--warn:#fdf1d6;--warn-line:#f0a30a}
@media(prefers-color-scheme:dark){:root{--page:#171a1e;--panel:#1e2328;--line:#3a424a;--ink:#e9ecee;--ink2:#b3bbc2;
--main:#56b4e9;--main-ink:#04121c;--bad:#ff8a66;--warn:#332a17;--warn-line:#8a6a20}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:17px/1.5 "Noto Sans CJK SC","Noto Sans SC","PingFang SC",
"Microsoft YaHei",system-ui,"Segoe UI",Roboto,sans-serif}
main{max-width:34rem;margin:0 auto;padding:1rem}
header{display:flex;align-items:center;justify-content:space-between;gap:1rem}
h1{font-size:1.45rem;line-height:1.25;margin:.4rem 0}
h2{font-size:1.1rem;margin:0 0 .5rem}
p{margin:.4rem 0}
section,form.panel{background:var(--panel);border:1px solid var(--line);border-radius:.5rem;padding:1rem;margin:.9rem 0}
label{display:block;font-weight:600;margin-bottom:.3rem}
input[type=text],textarea{width:100%;font:inherit;color:inherit;background:var(--page);border:1px solid var(--ink2);
border-radius:.4rem;padding:.65rem;min-height:2.9rem}
input[type=text]{font-family:ui-monospace,Menlo,Consolas,monospace;letter-spacing:.05em}
button{font:inherit;font-weight:600;min-height:2.9rem;padding:.5rem 1.1rem;border-radius:.4rem;border:1px solid var(--main);
background:var(--panel);color:var(--main);cursor:pointer}
button.main{background:var(--main);color:var(--main-ink)}
button.plain,a.plain{border:0;background:none;padding:.5rem;color:var(--main);font-weight:400;text-decoration:underline;
display:inline-block;min-height:2.9rem;line-height:1.9rem}
:focus-visible{outline:3px solid var(--main);outline-offset:2px}
form.panel button{margin-top:.7rem}
dl{display:grid;grid-template-columns:auto 1fr;gap:.3rem 1rem;margin:0}
dt{color:var(--ink2)}dd{margin:0;font-weight:600}
small,.hint{color:var(--ink2);font-size:.88rem;font-weight:400}
ol.way{list-style:none;margin:0;padding:0}
ol.way li{position:relative;padding:.15rem 0 .85rem 2.2rem}
ol.way li::before{content:"";position:absolute;left:.35rem;top:.42rem;width:.95rem;height:.95rem;border-radius:50%;
border:2px solid var(--ink2);background:var(--panel);z-index:1}
ol.way li::after{content:"";position:absolute;left:.8rem;top:1.2rem;bottom:-.4rem;width:2px;background:var(--line)}
ol.way li:last-child::after{display:none}
ol.way li.done::before{background:var(--ink2)}
ol.way li.now::before{background:var(--main);border-color:var(--main);box-shadow:0 0 0 3px var(--panel),0 0 0 5px var(--main)}
ol.way li.now{font-weight:700}
ol.way li.ahead{color:var(--ink2)}
ol.way small{margin-left:.5rem}
.urgent{background:var(--warn);border:1px solid var(--warn-line);border-radius:.5rem;padding:.7rem 1rem;font-weight:600}
.bad{color:var(--bad);font-weight:600}
.said{border-left:4px solid var(--main)}
.words{white-space:pre-wrap;overflow-wrap:anywhere}
.two{display:flex;flex-wrap:wrap;gap:.6rem}
footer{color:var(--ink2);font-size:.85rem;margin:1.2rem 0}
"""

POLICY = "; ".join(
    [
        "default-src 'none'",
        f"style-src 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)
"""Nothing but the page itself and its one style."""

LONGEST_TEXT = 1000


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What the page shows: in which language, for which code, what is said, and the case.

    Attributes
    ----------
    said
        A key of the words, with what is filled in; empty: nothing is said.
    texts
        What was written, by how it was sealed: opened and scrubbed.

    """

    lang: str
    code: str = ""
    said: str = ""
    filled: dict[str, str] = {}
    bad: bool = False
    view: TrackView | None = None
    texts: dict[str, str] = {}
    ask: bool = True


def lang_of(wanted: str, accepted: str) -> str:
    """Return the page's language: what is asked for, else the first that the browser prefers of the two."""
    for text in (wanted, *accepted.split(",")):
        first = text.strip().lower()[:2]
        if first in {"zh", "en"}:
            return "zh-CN" if first == "zh" else "en"
    return "zh-CN"


def render(shown: Shown) -> str:
    """Return the page."""
    page = _Page(shown)
    return page.html()


def instant(at_ms: int, zone: str, lang: str) -> str:
    """Return an instant as a person reads it: day, month, year, and the time to the minute."""
    at = datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone))
    if lang == "en":
        return f"{at.day} {at:%b %Y, %H:%M}"
    return f"{at.year}年{at.month}月{at.day}日 {at:%H:%M}"


class _Page:
    def __init__(self, shown: Shown) -> None:
        self._shown = shown
        self._words = i18n.table()[shown.lang]
        self._key = "en" if shown.lang == "en" else "zh"

    def html(self) -> str:
        shown = self._shown
        parts = [self._head(), f'<p class="urgent">{self._t("track_urgent")}</p>']
        if shown.said:
            kind = "bad" if shown.bad else "said"
            parts.append(
                f'<section role="status" class="{kind}"><p>{self._t(shown.said, **shown.filled)}</p></section>'
            )
        if shown.view is not None:
            parts += self._case(shown.view)
        parts.append(self._form() if shown.view is None else self._other())
        parts.append(f"<footer>{self._t('track_privacy')}{self._times()}</footer>")
        return (
            f'<!doctype html><html lang="{shown.lang}"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            '<meta name="robots" content="noindex, nofollow">'
            '<meta name="format-detection" content="telephone=no">'
            f"<title>{self._t('track_title')}</title><style>{STYLE}</style></head>"
            f"<body><main>{''.join(parts)}</main></body></html>"
        )

    def _t(self, key: str, **filled: str) -> str:
        text = self._words[key]
        for name, value in filled.items():
            text = text.replace(f"{{{name}}}", value)
        return escape(text)

    def _both(self, texts: dict[str, str]) -> str:
        return escape(texts.get(self._key) or texts.get("en") or "")

    def _head(self) -> str:
        other = "zh" if self._shown.lang == "en" else "en"
        words = self._t("language")
        tongue = "zh-CN" if other == "zh" else "en"
        if self._shown.code:  # the code stays out of the address
            switch = (
                f'<form method="post" action="/track"><input type="hidden" name="code" value="{escape(self._shown.code)}">'
                f'<button class="plain" name="lang" value="{other}" lang="{tongue}">{words}</button></form>'
            )
        else:
            switch = f'<a class="plain" href="/track?lang={other}" lang="{tongue}">{words}</a>'
        return f"<header><h1>{self._t('track_title')}</h1>{switch}</header>"

    def _form(self) -> str:
        return (
            f'<form class="panel" method="post" action="/track"><p>{self._t("track_intro")}</p>'
            f'<label for="code">{self._t("track_code")}</label>'
            '<input id="code" name="code" type="text" required maxlength="200" autocomplete="off" autocapitalize="none" '
            f'spellcheck="false"><input type="hidden" name="lang" value="{self._shown.lang}">'
            f'<button class="main">{self._t("track_look")}</button></form>'
        )

    def _other(self) -> str:
        lang = self._shown.lang
        return f'<p><a class="plain" href="/track?lang={lang}">{self._t("track_other")}</a></p>'

    def _times(self) -> str:
        view = self._shown.view
        return "" if view is None else f" {self._t('track_times', zone=view.zone)}"

    def _when(self, view: TrackView, at_ms: int) -> str:
        return instant(at_ms, view.zone, self._shown.lang)

    def _case(self, view: TrackView) -> list[str]:
        parts = []
        if view.merged:
            parts.append(f"<section><p>{self._t('track_merged')}</p></section>")
        stages = {stage: self._t(f"track_{stage}") for stage in ("done", "now", "ahead")}
        way = "".join(
            f'<li class="{stage}"{" aria-current=step" if stage == "now" else ""}>{self._both(title)}'
            f"<small>{stages[stage]}</small></li>"
            for title, stage in view.steps
        )
        parts.append(
            f"<section><h2>{self._t('track_where')}</h2><ol class=way>{way}</ol>{self._facts(view)}</section>"
        )
        if view.question:
            parts.append(self._written("track_waiting", view.question, "track_waiting_how"))
        if view.answer:
            parts.append(self._written("track_answer", view.answer))
        if view.no_until_ms is not None and self._shown.ask:
            parts.append(self._ask(view, view.no_until_ms))
        return parts

    def _facts(self, view: TrackView) -> str:
        rows = [
            ("track_category", self._both(view.category)),
            ("track_reported", self._when(view, view.opened_ms)),
        ]
        if view.step_due_ms is not None:
            rows.append(("track_step_due", self._when(view, view.step_due_ms)))
        if view.due_ms is not None:
            doubt = f" <small>{self._t('track_provisional')}</small>" if view.provisional else ""
            rows.append(("track_due", self._when(view, view.due_ms) + doubt))
        if view.closed_ms is not None:
            rows.append(("track_closed", self._when(view, view.closed_ms)))
        if view.outcome is not None:
            rows.append(("track_outcome", self._both(view.outcome)))
        text = "".join(f"<dt>{self._t(key)}</dt><dd>{value}</dd>" for key, value in rows)
        notes = [f"<p>{self._t('track_paused', why=why[self._key])}</p>" for why in view.paused]
        if view.overdue and view.closed_ms is None:
            notes.append(f'<p class="bad">{self._t("track_overdue")}</p>')
        if view.rounds > 1:
            notes.append(f"<p>{self._t('track_round', n=str(view.rounds - 1))}</p>")
        return f"<dl>{text}</dl>{''.join(notes)}"

    def _written(self, key: str, sealed: str, hint: str = "") -> str:
        text = self._shown.texts.get(sealed, "")
        more = f'<p class="hint">{self._t(hint)}</p>' if hint else ""
        if not text and not hint:
            return ""
        return f'<section class="said"><h2>{self._t(key)}</h2><p class="words">{escape(text)}</p>{more}</section>'

    def _ask(self, view: TrackView, until_ms: int) -> str:
        until = self._t("track_settled_until", time=self._when(view, until_ms))
        return (
            f'<form class="panel" method="post" action="/track"><h2>{self._t("track_settled")}</h2><p>{until}</p>'
            f'<input type="hidden" name="code" value="{escape(self._shown.code)}">'
            f'<input type="hidden" name="lang" value="{self._shown.lang}">'
            f'<input type="hidden" name="version" value="{view.version}">'
            f'<label for="text">{self._t("track_no_text")}</label>'
            f'<textarea id="text" name="text" rows="3" maxlength="{LONGEST_TEXT}"></textarea>'
            f'<p class="hint">{self._t("track_no_hint")}</p><div class="two">'
            f'<button class="main" name="settled" value="yes">{self._t("track_yes")}</button>'
            f'<button name="settled" value="no">{self._t("track_no")}</button></div></form>'
        )
