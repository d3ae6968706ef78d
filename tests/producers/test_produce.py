"""Recorded files through a real broker: order, ticks, refusals, and times moved on the wall's clock."""

import gzip
import subprocess
import sys
import time
from pathlib import Path

import pytest
from kafka import KafkaConsumer, TopicPartition

from config.rules import gather
from config.settings import Settings
from config.wallclock import now_ms
from domain.codes import lane_of
from domain.feeds.rules import FeedRules
from domain.records import Report, Tick, TooLarge, reports_decoder
from domain.rules import compile_rules
from producers.produce import MAX_SPEED, ProduceError, produce
from watchfloor.topics import create_topics

HEADER = "SRNumber,CreatedDate,ServiceDate,ClosedDate,RequestType,Latitude,Longitude,RequestSource,Owner\n"
DAY_MS = 86_400_000


def la311() -> FeedRules:
    return compile_rules(gather(None, None), "").feeds["la311"]


def settings(kafka: str, prefix: str, clock: str) -> Settings:
    made = Settings(kafka=kafka, prefix=prefix, clock=clock)
    create_topics(made)
    return made


def read_lane(town: Settings, lane: int) -> list[tuple[object, dict[str, bytes]]]:
    consumer = KafkaConsumer(
        bootstrap_servers=town.kafka, auto_offset_reset="earliest", enable_auto_commit=False
    )
    try:
        partition = TopicPartition(town.topic("reports"), lane)
        consumer.assign([partition])
        end = consumer.end_offsets([partition])[partition]
        found: list[tuple[object, dict[str, bytes]]] = []
        begun = time.monotonic()
        while len(found) < end and time.monotonic() - begun < 60:
            for records in consumer.poll(1000, max_records=5000).values():
                found += [(reports_decoder.decode(one.value), dict(one.headers)) for one in records]
        return found
    finally:
        consumer.close()


@pytest.fixture
def two_files(tmp_path: Path) -> list[Path]:
    """The first is newest first, as the city's own; the second is packed."""
    first = tmp_path / "a.csv"
    first.write_text(
        HEADER
        + "3,01/02/2018 10:00:30 AM,01/03/2018 12:00:00 AM,01/04/2018 08:00:00 AM,Other,34.1,-118.2,Call,X\n"
        + "1,01/01/2018 10:00:00 AM,01/03/2018 12:00:00 AM,01/01/2018 12:00:00 AM,Other,34.1,-118.2,Call,X\n"
    )
    second = tmp_path / "b.csv.gz"
    with gzip.open(second, "wt") as file:
        file.write(HEADER + "2,01/01/2018 10:00:10 AM,,,Other,,,Call,X\n")
    return [first, second]


def test_files_are_merged_by_time_and_a_tick_follows_each_minute_and_ends_the_run(
    kafka: str, topic_prefix: str, two_files: list[Path]
) -> None:
    town = settings(kafka, topic_prefix, "feed")
    done = produce(two_files, la311(), town, speed=MAX_SPEED, lane_clock=lambda: None)
    records = [record for record, _ in read_lane(town, 0)]
    assert (done.rows, done.sent, done.ticks) == (3, 5, 3)
    assert done.last_offset == {0: len(records) - 1}
    said = [(r.id, r.closed_ms is not None) if isinstance(r, Report) else "tick" for r in records]
    # 1 closed "00:00" of its own day, before it opened: its opening goes first all the same
    assert said == [
        ("1", False),
        ("1", True),
        ("2", False),
        "tick",
        ("3", False),
        "tick",
        ("3", True),
        "tick",
    ]
    clock = 0
    for record in records:
        assert isinstance(record, Report | Tick)
        assert record.t_ms is not None
        assert record.t_ms >= clock, "time went back"
        clock = record.t_ms
    assert records[-1] == Tick(t_ms=done.last_ms)
    promised = {r.id: r.promised for r in records if isinstance(r, Report)}
    assert promised == {"1": "2018-01-03", "2": None, "3": "2018-01-03"}


def test_every_record_has_cloudevents_headers_and_an_id_of_its_own(
    kafka: str, topic_prefix: str, two_files: list[Path]
) -> None:
    town = settings(kafka, topic_prefix, "feed")
    produce(two_files, la311(), town, speed=MAX_SPEED, lane_clock=lambda: None)
    headers = [headers for _, headers in read_lane(town, 0)]
    assert {h["ce_specversion"] for h in headers} == {b"1.0"}
    assert {h["ce_source"] for h in headers} == {b"/feeds/la311"}
    assert {h["ce_type"] for h in headers} == {b"watchfloor.report", b"watchfloor.tick"}
    assert len({h["ce_id"] for h in headers}) == len(headers)


def test_files_older_than_the_lanes_clock_are_refused_before_anything_is_sent(
    kafka: str, topic_prefix: str, two_files: list[Path]
) -> None:
    town = settings(kafka, topic_prefix, "feed")
    clock_ms = 1_514_900_000_000  # 2018-01-02T13:33:20Z
    with pytest.raises(ProduceError, match="--from 2018-01-02T13:33:20Z"):
        produce(two_files, la311(), town, speed=MAX_SPEED, lane_clock=lambda: clock_ms)
    assert read_lane(town, 0) == []
    done = produce(two_files, la311(), town, speed=MAX_SPEED, lane_clock=lambda: clock_ms, from_ms=clock_ms)
    assert done.sent == 2, "the row named by --from goes on"


def test_another_speed_than_one_is_refused_on_the_walls_clock(two_files: list[Path]) -> None:
    with pytest.raises(ProduceError, match="--clock feed"):
        produce(two_files, la311(), Settings(kafka="127.0.0.1:1"), speed=10, lane_clock=lambda: None)


def test_on_the_walls_clock_every_time_in_a_message_is_moved_alike(
    kafka: str, topic_prefix: str, tmp_path: Path
) -> None:
    town = settings(kafka, topic_prefix, "wall")
    file = tmp_path / "a.csv"
    file.write_text(
        HEADER + "1,01/01/2018 10:00:00 AM,01/03/2018 12:00:00 AM,01/01/2018 10:00:01 AM,Other,,,Call,X\n"
    )
    before_ms = now_ms()
    feed = la311()
    done = produce([file], feed, town, speed=1, lane_clock=lambda: None)
    assert done.seconds >= 1, "a second of the file takes a second"
    lane = lane_of("la311", shared=False)
    first, second = (record for record, _ in read_lane(town, lane))
    assert isinstance(first, Report)
    assert isinstance(second, Report)
    assert first.t_ms is None
    assert isinstance(first.opened_ms, int)
    assert before_ms <= first.opened_ms <= now_ms()
    assert second.closed_ms == first.opened_ms + 1000
    opened_ms = 1_514_829_600_000  # 2018-01-01T10:00 in Los Angeles
    assert first.promised == feed.promise_end_ms("2018-01-03") - opened_ms + first.opened_ms


def test_a_row_of_more_than_512_kb_goes_as_its_size_and_sum(
    kafka: str, topic_prefix: str, tmp_path: Path
) -> None:
    town = settings(kafka, topic_prefix, "feed")
    file = tmp_path / "a.csv"
    file.write_text(HEADER + "1,01/01/2018 10:00:00 AM,,,Other,,,Call," + "x" * 600_000 + "\n")
    done = produce([file], la311(), town, speed=MAX_SPEED, lane_clock=lambda: None)
    large = read_lane(town, 0)[0][0]
    assert isinstance(large, TooLarge)
    assert large.size_bytes > 600_000
    assert done.sent == 1


ABSENT = """
from config.settings import Settings
from producers.kafka_writer import KafkaWriter, WriteError
try:
    KafkaWriter(Settings(kafka="127.0.0.1:1"), "la311", "r")
except WriteError as told:
    print(told)
"""


def test_an_absent_broker_is_one_sentence() -> None:
    # a process of its own: kafka-python leaves its sockets to the collector when no broker answers
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", ABSENT], cwd=root, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.count("\n") == 1
    assert "watchfloor doctor" in done.stdout


def test_a_swedish_month_is_sent_alone_and_whole(kafka: str, topic_prefix: str, recorded: Path) -> None:
    town = settings(kafka, topic_prefix, "feed")
    feed = compile_rules(gather(None, None), "").feeds["sweden-police"]
    file = recorded / "sweden-police" / "observations.jsonl.gz"
    with gzip.open(file, "rt") as lines:
        month = sum(line.startswith('{"observed_at": "2024-01') for line in lines)
    done = produce(
        [file],
        feed,
        town,
        speed=MAX_SPEED,
        lane_clock=lambda: None,
        from_ms=1_704_067_200_000,  # 2024-01-01T00:00:00Z
        to_ms=1_706_745_600_000,  # 2024-02-01T00:00:00Z
    )
    assert month > 1000
    assert done.sent == month
    assert done.last_offset == {0: done.sent + done.ticks - 1}
