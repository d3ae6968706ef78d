"""The operations page: whether the pipeline itself is well, each second. Tables alone; no figure of it is about a person."""

from typing import Any

from dash import html

from dashboard.pages.head import as_of, buttons, links, marks, word

TABLES = {
    "feeds": (
        "feed",
        "state",
        "age",
        "last",
        "rate",
        "accepted",
        "revised",
        "repeated",
        "refused",
        "unplaced",
        "lane",
    ),
    "dead": ("reason", "lane", "count"),
    "workers": ("worker", "state", "pid", "heard", "fetched", "folded", "owned"),
    "partitions": ("partition", "worker", "offset", "end", "lag", "lag_s", "clock", "cases", "alerts"),
}
"""Each table's columns; the heading of column X is the word `col_X`."""


def layout() -> Any:
    """Return the operations page."""
    return html.Div(
        id="ops",
        className="ops",
        **{"data-page": "ops"},
        children=[
            html.Header(
                className="head",
                children=[
                    html.Nav(
                        className="trail",
                        children=[
                            word("ops_title", html.H1),
                            *links("ops", ("wall", "dispatch", "handover", "reports")),
                        ],
                    ),
                    marks(),
                    html.Div(id="ops-gateway", className="mark-row"),
                    html.Div(id="ops-rules", className="mark-row"),
                    as_of("ops-read", "ops_updated"),
                    buttons(),
                ],
            ),
            html.Div(id="banner", className="banner", hidden=True, role="alert"),
            html.Section(id="ops-totals", className="figures ops-totals"),
            html.Main(
                className="ops-body",
                children=[
                    html.Div(
                        className="ops-column", children=[_table("feeds"), _table("dead"), _table("workers")]
                    ),
                    html.Div(className="ops-column", children=[_table("partitions")]),
                ],
            ),
        ],
    )


def _table(name: str) -> Any:
    heads = [
        word(f"col_{column}", html.Th, className=f"col-{column}", scope="col") for column in TABLES[name]
    ]
    return html.Section(
        className="panel",
        tabIndex=0,  # a table that is wider than its panel is scrolled by keyboard too
        **{"data-label": f"ops_{name}"},
        children=[
            word(f"ops_{name}", html.H2),
            html.Table(
                id=f"table-{name}",
                className="table",
                **{"data-columns": " ".join(TABLES[name])},
                children=[html.Thead(html.Tr(heads)), html.Tbody()],
            ),
            html.Div(id=f"empty-{name}", className="quiet"),
        ],
    )
