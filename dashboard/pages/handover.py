"""The handover page: it fills itself, two people sign it, and it prints. The script `handover.js` keeps it alive.

Elements that scripts fill stay without children, so that React has nothing of its own to put back.
"""

from typing import Any

from dash import dcc, html

from dashboard.pages.head import buttons, freshness, links, word

MAIN_TABLES = ("pressing", "aside", "due")
SYSTEM_TABLES = ("feeds", "rule_changes", "replays")
"""The main column's tables, in the order in which a shift is told of: what presses, what was put aside, what comes."""


def layout() -> Any:
    """Return the handover page."""
    return html.Div(
        id="handover",
        className="handover",
        **{"data-page": "handover"},
        children=[
            _header(),
            html.Div(id="banner", className="banner", hidden=True, role="alert"),
            html.Div(
                className="ho-bar",
                children=[
                    html.Div(id="ho-choose", className="ho-choose"),
                    html.Div(id="ho-facts", className="ho-facts"),
                    html.Div(id="ho-papers", className="ho-papers"),
                ],
            ),
            html.Main(
                className="ho-body",
                children=[
                    html.Div(
                        className="ho-main",
                        children=[
                            *(_table(name) for name in MAIN_TABLES),
                            html.Div(
                                className="ho-system", children=[_table(name) for name in SYSTEM_TABLES]
                            ),
                        ],
                    ),
                    html.Div(
                        className="ho-side",
                        children=[_sign(), _table("notes"), _move(), _table("staff")],
                    ),
                ],
            ),
            html.Div(id="announcer", className="unseen", role="status", **{"aria-live": "polite"}),
        ],
    )


def _header() -> Any:
    return html.Header(
        className="head",
        children=[
            html.Div(className="trail", children=[html.H1(id="ho-title")]),
            html.Nav(className="links", children=links("handover"), **{"data-label": "pages"}),
            *freshness(),
            buttons(),
        ],
    )


def _sign() -> Any:
    return html.Section(
        className="panel ho-sign",
        children=[
            html.Div(
                className="ho-heading",
                children=[word("handover_sign", html.H2), html.Span(id="ho-state", className="ho-state")],
            ),
            html.Div(id="ho-print", className="ho-print"),
            html.Div(id="ho-steps", className="ho-steps"),
            html.P(id="ho-said", className="ho-said", role="status"),
            html.Div(id="ho-last", className="ho-last quiet"),
        ],
    )


def _table(name: str) -> Any:
    return html.Section(
        className="panel",
        id=f"ho-{name}",
        children=[
            html.Div(
                className="ho-heading",
                children=[
                    word(f"handover_{name}", html.H2),
                    html.Span(id=f"ho-count-{name}", className="ho-count"),
                ],
            ),
            html.Div(id=f"ho-table-{name}", className="ho-table"),
            *([_note()] if name == "notes" else []),
        ],
    )


def _note() -> Any:
    return html.Form(
        id="ho-note",
        className="ho-form",
        children=[
            word("handover_note_new", html.Label, htmlFor="ho-note-text"),
            dcc.Textarea(id="ho-note-text", rows=2, maxLength=2000, className="ho-input"),
            word("handover_note_hint", html.P, className="quiet"),
            html.Div(className="act-row", children=word("handover_note_add", html.Button, id="ho-note-add", type="submit", className="act")),
        ],
    )  # fmt: skip


def _move() -> Any:
    return html.Section(
        className="panel",
        id="ho-move",
        children=[
            html.Div(className="ho-heading", children=[word("handover_move", html.H2)]),
            html.Div(id="ho-table-moved", className="ho-table"),
            html.Form(id="ho-move-form", className="ho-form ho-move-form"),
        ],
    )
