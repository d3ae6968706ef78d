"""A town for each test of the streams."""

from pathlib import Path

import pytest

from tests.streams.town import Town


@pytest.fixture
def town(kafka: str, valkey: str, topic_prefix: str, tmp_path: Path) -> Town:
    """Fresh topics, read models and a data folder on the session's broker and Valkey."""
    return Town(kafka, valkey, topic_prefix, tmp_path / "data")
