"""What stands at the head of every page: words and buttons, links, how old the picture is, and the clock.

Elements that scripts fill stay without children, so that React has nothing of its own to put back.
"""

from collections.abc import Iterable
from typing import Any

from dash import html

PAGES = ("wall", "dispatch", "handover", "reports", "ops")
"""The pages that lead to each other, in their order; each is `/NAME` and the word `to_NAME`."""


def word(key: str, tag: Any = html.Span, **attributes: Any) -> Any:
    """Return an element whose text the page takes from the table of words.

    Parameters
    ----------
    key
        A key of `dashboard.words.i18n.WORDS`.
    tag
        The Dash component.
    **attributes
        More of its attributes.

    """
    return tag(**{"data-t": key}, **attributes)


def button(id: str, title: str, key: str = "") -> Any:  # noqa: A002 - Dash's own name for it
    """Return a header button; `title` is the key of its spoken name."""
    text = {"data-t": key} if key else {}
    return html.Button(id=id, className="button", type="button", **{"data-title": title}, **text)


def links(page: str, names: Iterable[str] = PAGES, **attributes: Any) -> list[Any]:
    """Return links to pages, the page's own marked as such; `page.js` gives each the scope and look of the address."""
    return [
        word(
            f"to_{name}",
            html.A,
            id=f"to-{name}",
            href=f"/{name}",
            **attributes,
            **{"data-to": name} | ({"aria-current": "page"} if name == page else {}),
        )
        for name in names
    ]


def freshness() -> list[Any]:
    """Return what says how old the picture is, and what time it is."""
    return [
        marks(),
        as_of("asof"),
        html.Div(id="chip", className="chip", role="status"),
        html.Div(
            className="clock",
            children=[
                html.Time(id="clock"),
                html.Time(id="clock-frozen", **{"aria-hidden": "true"}),
                html.Span(id="clock-date", className="label"),
            ],
        ),
    ]


def marks() -> Any:
    """Return where it is said what must be known of what is shown: that it is simulated, that a feed is silent."""
    return html.Div(id="marks", className="marks")


def as_of(id: str, key: str = "data_as_of") -> Any:  # noqa: A002 - Dash's own name for it
    """Return the time that what is shown is of."""
    return html.Div(
        className="asof", children=[word(key, className="label"), html.Span(id=id, className="value")]
    )


def buttons(*before: Any) -> Any:
    """Return the buttons of every page: who is signed in, the theme, the language; others stand before them."""
    return html.Div(
        className="buttons",
        children=[
            *before,
            button("who", "signin"),
            button("theme", "switch_theme"),
            button("lang", "switch_language", "language"),
        ],
    )
