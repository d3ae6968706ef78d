import pytest

from config.settings import Settings
from watchfloor import topics
from watchfloor.exceptions import MissingError, RefusedError
from watchfloor.topics import CONFIG, TOPICS, create_topics, differences


def test_topics_are_created_once_and_then_left_alone(kafka: str, topic_prefix: str) -> None:
    settings = Settings(kafka=kafka, prefix=topic_prefix)
    assert create_topics(settings) == sorted(topic_prefix + topic.name for topic in TOPICS)
    assert create_topics(settings) == []


def test_a_topic_with_other_partitions_is_named_with_the_way_out(
    kafka: str, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(kafka=kafka, prefix=topic_prefix)
    create_topics(settings)
    other = tuple(
        topics.Topic(name=topic.name, partitions=topic.partitions + (topic.name == "journal"))
        for topic in TOPICS
    )
    monkeypatch.setattr(topics, "TOPICS", other)
    with pytest.raises(RefusedError, match=r"journal has 16 partitions and 17 are needed"):
        create_topics(settings)


def test_every_setting_that_differs_is_told() -> None:
    config = {**CONFIG, "retention.ms": "604800000", "message.timestamp.type": "CreateTime"}
    found = differences("journal", TOPICS[1], 16, config)
    assert len(found) == 2
    assert "retention.ms=604800000 and needs -1" in found[0]


def test_a_broker_that_is_not_there_is_said_in_one_sentence() -> None:
    with pytest.raises(MissingError, match="No Kafka broker answers"):
        create_topics(Settings(kafka="127.0.0.1:1"))
