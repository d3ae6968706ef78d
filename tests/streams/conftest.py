"""A town for each test of the streams."""

from pathlib import Path

import pytest

from tests.streams.town import Town


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker of the long forms."""
    config.addinivalue_line("markers", "prove: the whole list, run by `make prove`")


@pytest.fixture
def town(kafka: str, valkey: str, topic_prefix: str, tmp_path: Path) -> Town:
    """Fresh topics, read models and a data folder on the session's broker and Valkey."""
    return Town(kafka, valkey, topic_prefix, tmp_path / "data")
