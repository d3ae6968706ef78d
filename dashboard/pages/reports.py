"""The page of reports: what became of the cases of a period. Tables and charts for a desk; no figure of it is about a person.

Elements that the script `reports.js` fills stay without children, so that React has nothing of its own to put back.
"""

from typing import Any

from dash import dcc, html

from dashboard.pages.head import as_of, button, buttons, links, marks, word
from dashboard.pages.wall import EMPTY_FIGURE, PICTURE

OTHERS = ("wall", "dispatch", "handover", "ops")
"""The pages beside this one; its own name is the heading."""

TILES = (
    "accepted",
    "filed",
    "due",
    "closed",
    "close_rate",
    "on_time_rate",
    "satisfaction",
    "returned",
    "reopened",
)
"""The strip's figures, from the left; figure X has the word `rep_X`."""

COLUMNS = ("name", *TILES)
RATES = frozenset({"close_rate", "on_time_rate", "satisfaction"})
LEFT_OUT = ("pauses", "duplicates", "source", "persons", "ranking", "round", "minute")
"""What the page explains, a sentence each: the words `rep_note_X`."""


def layout() -> Any:
    """Return the page of reports."""
    return html.Div(
        id="reports",
        className="reports",
        **{"data-page": "reports"},
        children=[
            _header(),
            html.Div(id="banner", className="banner", hidden=True, role="alert"),
            _choices(),
            html.Main(
                className="rep-body",
                children=[
                    html.Section(
                        id="rep-tiles", className="figures rep-tiles", **{"data-label": "rep_whole"}
                    ),
                    html.P(id="rep-state", className="rep-state", role="status"),
                    html.Div(
                        id="rep-found",
                        className="rep-found",
                        hidden=True,
                        children=[
                            html.Div(className="rep-column", children=[_table(), _notes()]),
                            html.Div(className="rep-column rep-right", children=[_charts(), _steps()]),
                        ],
                    ),
                ],
            ),
        ],
    )


def _header() -> Any:
    return html.Header(
        className="head",
        children=[
            html.Nav(
                className="trail",
                **{"data-label": "trail"},
                children=[
                    word("reports_title", html.H1),
                    *links("reports", OTHERS, className="page-link"),
                ],
            ),
            marks(),
            as_of("rep-asof"),
            buttons(),
        ],
    )


def _choices() -> Any:
    return html.Section(
        className="rep-choices",
        **{"data-label": "rep_choices"},
        children=[
            html.Nav(id="rep-trail", className="rep-trail", **{"data-label": "rep_scope"}),
            _group("rep_by", "rep-by"),
            _group("rep_span", "rep-span"),
            html.Div(
                className="rep-move",
                children=[
                    button("rep-before", "rep_before"),
                    html.Span(id="rep-period", className="rep-period"),
                    button("rep-after", "rep_after"),
                ],
            ),
            word("rep_csv", html.A, id="rep-csv", className="button rep-csv", href="/reports.csv"),
        ],
    )


def _group(label: str, id_: str) -> Any:
    return html.Div(id=id_, className="rep-group", role="group", **{"data-label": label})


def _table() -> Any:
    heads = [
        word(
            f"rep_{name}",
            html.Th,
            scope="col",
            className="rep-name" if name == "name" else "rep-wide" if name in RATES else "",
        )
        for name in COLUMNS
    ]
    return html.Section(
        className="panel rep-panel rep-rows",
        children=[
            word("rep_rows", html.H2),
            html.Div(
                className="rep-scroll",
                tabIndex=0,
                **{"data-label": "rep_rows"},
                children=[
                    html.Table(
                        id="rep-table",
                        className="table rep-table",
                        children=[html.Thead(html.Tr(heads)), html.Tbody()],
                    )
                ],
            ),
            html.P(id="rep-small", className="quiet rep-small"),
        ],
    )


def _charts() -> Any:
    return html.Section(
        className="panel rep-panel rep-chart",
        children=[
            word("rep_rates", html.H2),
            html.P(id="rep-more", className="quiet rep-small"),
            html.Div(
                id="rep-rates-box",
                className="rep-graph",
                role="img",
                children=dcc.Graph(id="rep-rates", figure=EMPTY_FIGURE, config=PICTURE, className="rep-plot"),
            ),
        ],
    )


def _steps() -> Any:
    return html.Section(
        className="panel rep-panel rep-steps",
        children=[
            word("rep_steps", html.H2),
            html.Div(
                className="rep-steps-both",
                children=[
                    html.Table(
                        id="rep-step-table",
                        className="table rep-table",
                        children=[
                            html.Thead(
                                html.Tr(
                                    [
                                        word(key, html.Th, scope="col", className=name)
                                        for key, name in (
                                            ("rep_step", "rep-name"),
                                            ("rep_visits", ""),
                                            ("rep_median", ""),
                                            ("rep_p90", ""),
                                        )
                                    ]
                                )
                            ),
                            html.Tbody(),
                        ],
                    ),
                    html.Div(
                        id="rep-times-box",
                        className="rep-graph",
                        role="img",
                        children=dcc.Graph(
                            id="rep-times", figure=EMPTY_FIGURE, config=PICTURE, className="rep-plot"
                        ),
                    ),
                ],
            ),
        ],
    )


def _notes() -> Any:
    return html.Section(
        className="panel rep-panel rep-notes",
        children=[
            word("rep_notes", html.H2),
            html.Ul([word(f"rep_note_{name}", html.Li) for name in LEFT_OUT]),
        ],
    )
