"""The dispatch desk: queue, detail and map on one screen, laid out here and kept alive by the scripts `dispatch*.js`.

Elements that scripts fill stay without children, so that React has nothing of its own to put back. The grid is empty
here: rows come over the socket and go into it as transactions (decision 16).
"""

from typing import Any

import dash_ag_grid as dag
from dash import html

from dashboard.pages.head import buttons, freshness, links

COLUMNS: tuple[dict[str, Any], ...] = (
    {"field": "mark", "cellRenderer": "DispatchMark", "width": 58, "minWidth": 54, "maxWidth": 80},
    {"field": "what", "cellRenderer": "DispatchWhat", "flex": 3, "minWidth": 132},
    {"field": "step", "cellRenderer": "DispatchStep", "flex": 2, "minWidth": 88},
    {"field": "left", "cellRenderer": "DispatchLeft", "width": 112, "minWidth": 96},
    {"field": "who", "cellRenderer": "DispatchWho", "flex": 2, "minWidth": 76},
    {"field": "age", "cellRenderer": "DispatchAge", "width": 62, "minWidth": 56},
)
"""The queue's columns; the heading of column X is the word `queue_X`."""

GRID_OPTIONS: dict[str, Any] = {
    "animateRows": False,
    "suppressRowHoverHighlight": False,
    "suppressColumnMoveAnimation": True,
    "suppressMovableColumns": True,
    "suppressCellFocus": False,
    "suppressContextMenu": True,
    "suppressScrollOnNewData": True,
    "rowSelection": {
        "mode": "multiRow",
        "checkboxes": True,
        "headerCheckbox": False,
        "enableClickSelection": False,
    },
    "selectionColumnDef": {
        "headerName": "✓",
        "width": 34,
        "minWidth": 34,
        "maxWidth": 34,
        "suppressHeaderMenuButton": True,
    },
    "suppressNoRowsOverlay": True,
}


def layout() -> Any:
    """Return the dispatch desk."""
    return html.Div(
        id="dispatch",
        className="dispatch",
        **{"data-page": "dispatch"},
        children=[
            _header(),
            html.Div(id="banner", className="banner", hidden=True, role="alert"),
            html.Section(
                className="desk-bar",
                **{"data-label": "views"},
                children=[
                    html.Div(id="presets", className="presets", role="group", **{"data-label": "views"}),
                    html.Div(id="view-filter", className="view-filter"),
                    html.Div(id="load", className="load"),
                ],
            ),
            html.Main(
                id="panes",
                className="panes",
                children=[
                    _queue(),
                    _splitter("split-1"),
                    html.Section(
                        id="detail", className="panel detail", tabIndex=-1, **{"data-label": "case_detail"}
                    ),
                    _splitter("split-2"),
                    html.Section(
                        id="desk-map",
                        className="panel desk-map",
                        **{"data-label": "map"},
                        children=[
                            html.Div(id="desk-map-box", className="desk-map-box"),
                            html.Div(id="desk-side", className="desk-side"),
                        ],
                    ),
                ],
            ),
            html.Section(
                className="desk-foot",
                **{"data-label": "bar"},
                children=[
                    html.Form(id="command-bar", className="command-bar", role="search"),
                    html.Div(id="key-row", className="key-row"),
                    html.Div(id="notes-waiting", className="notes-waiting", role="status", hidden=True),
                ],
            ),
            html.Div(id="toasts", className="toasts", role="status", **{"aria-live": "polite"}),
            html.Dialog(id="dialog", className="dialog", **{"aria-labelledby": "dialog-title"}),
            html.Div(id="announcer", className="unseen", role="status", **{"aria-live": "polite"}),
        ],
    )


def _header() -> Any:
    return html.Header(
        className="head",
        children=[
            html.Div(className="trail", children=[html.H1(id="desk-name")]),
            html.Nav(className="links", children=links("dispatch"), **{"data-label": "pages"}),
            *freshness(),
            buttons(html.Button(id="sound", className="button", type="button")),
        ],
    )


def _queue() -> Any:
    return html.Section(
        className="panel queue",
        **{"data-label": "queue"},
        children=[
            html.Div(
                className="queue-head",
                children=[
                    html.H2(id="queue-title"),
                    html.Span(id="queue-counts", className="queue-counts"),
                    html.Div(id="moved", className="moved", hidden=True, role="status"),
                    html.Button(id="waiting", className="waiting", type="button", hidden=True),
                ],
            ),
            html.Div(
                id="queue-box",
                className="queue-box",
                children=[
                    dag.AgGrid(
                        id="queue-grid",
                        className="ag-theme-desk",
                        columnDefs=[
                            *(
                                {
                                    **column,
                                    "headerValueGetter": {"function": "DispatchHead(params)"},
                                    "sortable": False,
                                    "suppressHeaderMenuButton": True,
                                }
                                for column in COLUMNS
                            ),
                            # the order is ours: a row's rank changes when nobody is in the list
                            {"field": "rank", "hide": True, "sort": "asc"},
                        ],
                        rowData=[],
                        style={"height": "100%"},
                        getRowId="params.data.id",
                        rowClassRules={
                            "is-current": "params.data.current",
                            "is-gone": "params.data.gone",
                            "is-mine": "params.data.mine",
                            "is-pending": "params.data.pending",
                            "is-changed": "params.data.changed",
                        },
                        defaultColDef={"resizable": True},
                        dashGridOptions=GRID_OPTIONS,
                    ),
                    html.Div(id="queue-empty", className="queue-empty", hidden=True),
                ],
            ),
        ],
    )


def _splitter(name: str) -> Any:
    return html.Div(
        id=name,
        className="splitter",
        role="separator",
        tabIndex=0,
        **{"aria-orientation": "vertical", "data-label": "splitter"},
    )
