"""What one worker does beside counting: ticks, a clean stop, what it refuses, and what it says."""

import socket
import time

import msgspec
import psutil
from kafka.admin import KafkaAdminClient
from kafka.structs import TopicPartition

from config.kafka_access import kafka_python_options
from config.wallclock import now_ms
from domain.codes import LANES
from tests.streams.town import Town


def told(town: Town) -> list[str]:
    """Return the texts of all alerts so far."""
    return [msgspec.json.decode(value)["text"] for _, _, value in town.read("alerts")]


def test_what_falls_due_in_a_quiet_partition_fires_by_a_tick_of_its_owner(town: Town) -> None:
    with town.worker():
        town.send(400)
        town.wait_counted()
        due_ms = now_ms() + 2_000
        town.send(1, due_ms=due_ms)
        town.wait_counted()
        time.sleep(max(0.0, (due_ms - now_ms()) / 1000))
        until_s = time.monotonic() + 5
        while not any("was due" in text for text in told(town)):
            assert time.monotonic() < until_s
            time.sleep(0.1)
        ticks = [value for _, _, value in town.read("journal") if b'"type":"tick"' in value]
        # one did it; a second may have been on its way, and none comes when nothing is due
        assert 1 <= len(ticks) <= 2
        time.sleep(2)
        assert len([value for _, _, value in town.read("journal") if b'"type":"tick"' in value]) == len(ticks)
    assert sum("was due" in text for text in told(town)) == 1


def test_a_clean_stop_takes_at_most_4_seconds_and_leaves_nothing_to_fold_again(town: Town) -> None:
    with town.worker() as worker:
        town.send(3_000)
        town.wait_counted()
        begun_s = time.monotonic()
        assert worker.end() == 0
        assert time.monotonic() - begun_s < 4
    with town.worker("worker-2") as worker:
        states = town.digest()
        assert worker.said('"unfolded": 0')
    assert sum(offset + 1 for source, (offset, _) in states.items() if source.word == "reports") == 3_000


def test_a_worker_listens_on_no_port(town: Town) -> None:
    with town.worker() as worker:
        town.send(100)
        town.wait_counted()
        process = psutil.Process(worker.process.pid)
        listening = [c for c in process.net_connections(kind="inet") if c.status == psutil.CONN_LISTEN]
        assert listening == []
        assert process.net_connections(kind="inet")[0].type == socket.SOCK_STREAM


def test_the_worker_says_each_second_when_it_last_heard_of_a_partition_and_how_far_it_is(town: Town) -> None:
    with town.worker():
        town.send(400)
        town.wait_counted()
        time.sleep(1.5)
        stamps = msgspec.json.decode(town.redis.get(town.key("health:worker-1")))
    assert 0 <= now_ms() - stamps["at_ms"] < 20_000
    lane = stamps["partitions"]["reports:0"]
    assert (lane["offset"], lane["end"], lane["oldest_unfolded_ms"]) == (99, 100, None)
    assert abs(stamps["at_ms"] - lane["fetched_ms"]) < 2_000


def test_a_topic_cut_above_what_the_snapshots_need_stops_the_worker_with_3(town: Town) -> None:
    town.send(400)
    topic = town.settings.topic("reports")
    admin = KafkaAdminClient(**kafka_python_options(town.settings))
    admin.delete_records({TopicPartition(topic, lane): 50 for lane in range(LANES)})
    admin.close()
    with town.worker() as worker:
        until_s = time.monotonic() + 30
        while not worker.exits:
            assert time.monotonic() < until_s
            time.sleep(0.1)
        assert worker.exits[0] == 3
        assert worker.said("begins at offset 50 in Kafka and the newest usable snapshot needs 0")
