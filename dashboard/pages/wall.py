"""The wall: one screen that never scrolls, laid out here and kept alive by the socket script (decision 16).

Elements that scripts fill stay without children, so that React has nothing of its own to put back.
"""

from typing import Any

import plotly.graph_objects as go
from dash import dcc, html

from dashboard.pages.head import buttons, freshness, links, word

FIGURES = ("open", "new_1h", "overdue", "due_1h", "on_time", "unacked", "shelved", "feeds")
"""The strip's figures, from the left."""

EMPTY_FIGURE = go.Figure(
    layout={
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "xaxis": {"visible": False},
        "yaxis": {"visible": False},
        "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
    }
)

# The map is a picture that we hit-test ourselves: no drag, no zoom, no mode bar, no link to anybody's site.
PICTURE = {"staticPlot": True, "displayModeBar": False, "responsive": True, "showTips": False}


def layout() -> Any:
    """Return the wall."""
    return html.Div(
        id="wall",
        className="wall",
        **{"data-page": "wall"},
        children=[
            _header(),
            html.Div(id="banner", className="banner", hidden=True, role="alert"),
            html.Main(className="floor", children=[_map(), _lists(), _alerts()]),
            _figures(),
            html.Aside(id="drawer", className="drawer", hidden=True, **{"aria-labelledby": "drawer-title"}),
            html.Div(id="watermark", className="watermark", hidden=True, **{"aria-hidden": "true"}),
            html.Div(id="announcer", className="unseen", role="status", **{"aria-live": "polite"}),
        ],
    )


def _header() -> Any:
    return html.Header(
        className="head",
        children=[
            html.Nav(id="trail", className="trail", **{"data-label": "trail"}),
            html.Div(id="replay-word", className="replay-word", hidden=True),
            *freshness(),
            buttons(*links("wall", ("dispatch",), className="button")),
        ],
    )


def _map() -> Any:
    return html.Section(
        className="panel map",
        **{"data-label": "map"},
        children=[
            html.Div(
                id="map-box",
                className="map-box",
                role="img",
                children=[
                    dcc.Graph(id="map", figure=EMPTY_FIGURE, config=PICTURE, className="map-graph"),
                    html.Div(id="map-note", className="map-note"),
                ],
            ),
            html.Div(
                className="map-foot",
                children=[
                    html.Div(id="no-place", className="no-place"),
                    html.Div(id="legend", className="legend"),
                ],
            ),
        ],
    )


def _lists() -> Any:
    return html.Aside(
        className="panel lists",
        children=[
            word("top_overdue", html.H2),
            html.Ol(id="top-overdue", className="top"),
            word("top_loaded", html.H2),
            html.Ol(id="top-loaded", className="top"),
        ],
    )


def _alerts() -> Any:
    return html.Section(
        className="panel alerts",
        **{"data-label": "alerts"},
        children=[
            html.Div(
                className="alerts-head",
                children=[word("alerts", html.H2), html.Span(id="alert-counts", className="alert-counts")],
            ),
            html.Div(id="stack", className="stack"),
            html.Div(id="more", className="more"),
        ],
    )


def _figures() -> Any:
    return html.Section(
        id="figures",
        className="figures",
        children=[
            html.Div(
                id=f"figure-{name}",
                className="figure",
                children=[
                    word(f"kpi_{name}", className="label"),
                    html.Div(className="number"),
                    html.Div(className="spark"),
                ],
            )
            for name in FIGURES
        ],
    )
