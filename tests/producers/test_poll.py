"""The Open311 poller against a small real HTTP server that serves recorded payloads, broken ones among them."""

import contextlib
import csv
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from kafka import KafkaConsumer, TopicPartition

from config.rules import gather
from config.settings import Settings
from domain.codes import lane_of
from domain.feeds.rules import FeedRules
from domain.records import Report, reports_decoder
from domain.rules import compile_rules
from producers.kafka_writer import KafkaWriter
from producers.open311 import BrokenAnswerError, NotServiceRequestsError, rows_of
from producers.poll import Poller, PollError, poll
from producers.produce import ProduceError
from watchfloor.topics import create_topics

FEED = b"""
title = {en = "Town", zh = "Town"}
county = "990600"
zone = "UTC"
public = true
"""

REQUEST = (
    "<request><service_request_id>{id}</service_request_id><status>{status}</status>"
    "<service_code>POT</service_code><requested_datetime>2024-05-01T12:00:00Z</requested_datetime>"
    "<updated_datetime>2024-05-02T12:00:00Z</updated_datetime><lat>48.1</lat><long>9.1</long></request>"
)


@dataclass
class Endpoint:
    """What the server answers next, and what it was asked."""

    body: bytes = b"<service_requests/>"
    statuses: list[int] = field(default_factory=list)
    etag: str = ""
    asked: list[dict[str, list[str]]] = field(default_factory=list)
    answered: list[int] = field(default_factory=list)
    bodies: dict[str, bytes] = field(default_factory=dict)
    url: str = ""


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    state = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked.append(parse_qs(urlsplit(self.path).query))
            status = state.statuses.pop(0) if state.statuses else 200
            if status == 200 and state.etag and self.headers.get("If-None-Match") == state.etag:
                status = 304
            body = state.bodies.get(state.asked[-1]["start_date"][0], state.body) if status == 200 else b""
            state.answered.append(status)
            self.send_response(status)
            if status in (429, 503):
                self.send_header("Retry-After", "0")
            if state.etag:
                self.send_header("ETag", state.etag)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        state.url = f"http://127.0.0.1:{server.server_port}/requests.xml"
        try:
            yield state
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def town(kafka: str, topic_prefix: str, tmp_path: Path) -> Settings:
    made = Settings(kafka=kafka, prefix=topic_prefix, data=tmp_path)
    create_topics(made)
    return made


def feed() -> FeedRules:
    return compile_rules(gather(None, None) | {"feeds/town.toml": FEED}, "").feeds["town"]


def looks(town: Settings, endpoint: Endpoint, times: int) -> list[int]:
    poller = Poller(town, endpoint.url, feed(), tries=3)
    with contextlib.closing(poller), KafkaWriter(town, "town", "r") as writer:
        return [poller.look(writer) for _ in range(times)]


def written(town: Settings) -> list[bytes]:
    consumer = KafkaConsumer(
        bootstrap_servers=town.kafka, auto_offset_reset="earliest", enable_auto_commit=False
    )
    partition = TopicPartition(town.topic("reports"), lane_of("town", shared=False))
    consumer.assign([partition])
    end = consumer.end_offsets([partition])[partition]
    found: list[bytes] = []
    while len(found) < end:
        found += [one.value for records in consumer.poll(1000).values() for one in records]
    consumer.close()
    return found


def answer(*requests: str) -> bytes:
    return f"<service_requests>{''.join(requests)}</service_requests>".encode()


def test_only_what_is_new_or_changed_is_sent_also_after_a_restart(town: Settings, endpoint: Endpoint) -> None:
    endpoint.body = answer(REQUEST.format(id="1", status="open"), REQUEST.format(id="2", status="open"))
    assert looks(town, endpoint, 2) == [2, 0]
    endpoint.body = answer(REQUEST.format(id="1", status="closed"), REQUEST.format(id="2", status="open"))
    assert looks(town, endpoint, 1) == [1], "it remembers where it was"
    reports = [reports_decoder.decode(value) for value in written(town)]
    assert all(isinstance(report, Report) for report in reports)
    closed = reports[-1]
    assert isinstance(closed, Report)
    assert (closed.id, closed.closed_ms, closed.t_ms) == ("1", 1_714_651_200_000, None)
    assert (closed.lat, closed.lon, closed.category) == (48.1, 9.1, "POT")


def test_it_asks_from_where_it_was_and_takes_no_for_unchanged(town: Settings, endpoint: Endpoint) -> None:
    endpoint.etag = '"a"'
    assert looks(town, endpoint, 2) == [0, 0]
    assert endpoint.answered == [200, 304]
    first, second = (asked["start_date"][0] for asked in endpoint.asked)
    assert first <= second
    assert first.endswith("Z")


def test_it_waits_as_it_is_told_and_tries_again(town: Settings, endpoint: Endpoint) -> None:
    endpoint.statuses = [429, 503]
    endpoint.body = answer(REQUEST.format(id="1", status="open"))
    assert looks(town, endpoint, 1) == [1]
    assert endpoint.answered == [429, 503, 200]


def test_an_endpoint_that_refuses_is_told_in_a_sentence(town: Settings, endpoint: Endpoint) -> None:
    endpoint.statuses = [404]
    with pytest.raises(PollError, match="HTTP 404"):
        looks(town, endpoint, 1)
    endpoint.statuses = [503, 503, 503]
    with pytest.raises(PollError, match="after 3 tries"):
        looks(town, endpoint, 1)


def test_a_full_answer_is_asked_for_again_in_halves(town: Settings, endpoint: Endpoint) -> None:
    full = answer(*(REQUEST.format(id=str(n), status="open") for n in range(1000)))
    small = answer(REQUEST.format(id="7", status="open"))

    class Once(dict[str, bytes]):
        def get(self, key: str, default: bytes = b"") -> bytes:
            return full if len(endpoint.asked) == 1 else small

    endpoint.bodies = Once()
    assert looks(town, endpoint, 1) == [1]
    assert len(endpoint.asked) == 3
    assert endpoint.asked[1]["end_date"][0] >= endpoint.asked[2]["start_date"][0]


def test_a_broken_answer_goes_on_as_it_came_once(town: Settings, endpoint: Endpoint) -> None:
    endpoint.body = b"<service_requests><request></service_requests>"
    assert looks(town, endpoint, 2) == [1, 0]
    assert written(town) == [endpoint.body]


def test_every_recorded_payload_is_read_or_refused_and_none_stops_the_poller(
    town: Settings, endpoint: Endpoint, recorded: Path
) -> None:
    folder = recorded / "open311"
    with (folder / "index.csv").open() as index:
        files = [row for row in csv.DictReader(index) if row["root"] == "service_requests"]
    assert len(files) == 13
    sent = 0
    for row in files:
        endpoint.body = (folder / row["file"]).read_bytes()
        if row["wellformed"] == "well-formed":
            assert all("service_request_id" in one for one in rows_of(endpoint.body)), row["file"]
        else:
            with pytest.raises(BrokenAnswerError):
                rows_of(endpoint.body)
        sent += looks(town, endpoint, 1)[0]
    assert sent == len(written(town))
    assert sent > 8


def test_other_documents_and_errors_are_no_service_requests(recorded: Path) -> None:
    for path in sorted((recorded / "open311").glob("services_*.xml")):
        with pytest.raises((NotServiceRequestsError, BrokenAnswerError)):
            rows_of(path.read_bytes())
    with pytest.raises(NotServiceRequestsError, match="jurisdiction"):
        rows_of(b'[{"code": 404, "description": "jurisdiction_id was not found"}]')


def test_json_is_read_like_xml() -> None:
    (row,) = rows_of(
        b'[{"service_request_id": 5, "status": "closed", "updated_datetime": "2024-05-02T12:00:00Z"}]'
    )
    assert (row["service_request_id"], row["closed_datetime"]) == (5, "2024-05-02T12:00:00Z")


def test_an_entity_bomb_is_a_broken_answer() -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY x "yyyyyyyyyy">]><service_requests>&x;</service_requests>'
    with pytest.raises(BrokenAnswerError):
        rows_of(bomb)


def test_polling_stops_when_it_is_told_and_never_runs_on_a_feeds_clock(
    town: Settings, endpoint: Endpoint
) -> None:
    stop = threading.Event()
    endpoint.body = answer(REQUEST.format(id="1", status="open"))
    threading.Timer(1.0, stop.set).start()
    assert poll(town, endpoint.url, feed(), stop=stop) == 1
    with pytest.raises(ProduceError, match="wall"):
        Poller(Settings(clock="feed"), endpoint.url, feed())
