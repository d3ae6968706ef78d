"""The sign-in page; the script `login.js` fills it."""

from typing import Any

from dash import html

from dashboard.pages.head import button, word


def layout() -> Any:
    """Return the sign-in page."""
    return html.Div(
        id="login",
        className="login",
        **{"data-page": "login"},
        children=[
            html.Main(
                className="panel login-box",
                children=[
                    word("title", html.H1),
                    word("signin_title", html.P, className="label"),
                    html.Form(id="login-form", className="login-form"),
                    html.P(id="login-said", className="login-said", role="alert"),
                    html.P(id="login-note", className="quiet"),
                    html.Div(
                        className="buttons",
                        children=[
                            button("theme", "switch_theme"),
                            button("lang", "switch_language", "language"),
                        ],
                    ),
                ],
            )
        ],
    )
