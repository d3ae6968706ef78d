"""Only the wall's own pages may open the live socket."""

import pytest

from dashboard.entry.origins import origin_is_ours


@pytest.mark.parametrize(
    ("origin", "host", "ours"),
    [
        ("http://127.0.0.1:8050", "127.0.0.1:9000", True),
        ("http://localhost:8050", "localhost:9000", True),
        ("http://10.1.2.3:8050", "10.1.2.3:9000", True),
        ("http://[::1]:8050", "[::1]:9000", True),
        ("https://wall.town.example", "wall.town.example", True),
        ("https://wall.town.example:8443", "wall.town.example:8051", True),
        ("http://wall.town.example", "wall.town.example", False),
        ("https://x@wall.town.example", "wall.town.example", False),
        (None, "127.0.0.1:9000", False),
        ("", "127.0.0.1:9000", False),
        ("null", "127.0.0.1:9000", False),
        ("http://127.0.0.1:8051", "127.0.0.1:9000", False),
        ("http://127.0.0.1", "127.0.0.1:9000", False),
        ("https://127.0.0.1:8050", "127.0.0.1:9000", False),
        ("http://10.1.2.3:8050", "127.0.0.1:9000", False),
        ("http://evil.example:8050", "evil.example:9000", False),
        ("http://wall.town.example:8050", "wall.town.example:9000", False),
        ("https://wall.town.example.evil.example", "wall.town.example", False),
        ("http://127.0.0.1:8050/x", "127.0.0.1:9000", False),
        ("http://127.0.0.1:port", "127.0.0.1:9000", False),
        ("http://[::1", "[::1]:9000", False),
    ],
)
def test_origins_are_told_apart(origin: str | None, host: str, ours: bool) -> None:
    assert origin_is_ours(origin, host, 8050, "wss://wall.town.example:8051/live") is ours
