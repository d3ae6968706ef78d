"""A small town for these tests: a stream of reports whose right answer is known, workers that are ended and started again, and what came out."""

import contextlib
import random
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import confluent_kafka
import msgspec
import redis

from config.settings import Settings, child_environment
from domain.codes import JOURNAL_PARTITIONS, LANES
from domain.fold import FOLD_VERSION
from streams.sources import EVERY_SOURCE, Source
from tests.streams.counting_fold import ALERT_EVERY
from watchfloor.topics import create_topics

ROOT = Path(__file__).resolve().parents[2]
KEYS = 200


class Worker:
    """A worker process that is started again when it ends by itself, as its supervisor would."""

    def __init__(self, settings: Settings, module: str, extra: dict[str, str]) -> None:
        self.settings = settings
        self.exits: list[int] = []
        self.log = settings.data / f"{settings.worker}.log"
        self._module = module
        self._extra = extra
        self._wanted = True
        self._lock = threading.Lock()
        self.process = self._start()
        self._thread = threading.Thread(target=self._supervise, daemon=True)
        self._thread.start()

    def _start(self) -> subprocess.Popen[bytes]:
        environment = child_environment(self.settings) | self._extra
        environment |= {"PYTHONPATH": str(ROOT)}
        with self.log.open("ab") as out:
            return subprocess.Popen(
                [sys.executable, "-P", "-m", self._module], env=environment, stdout=out, stderr=out
            )

    def _supervise(self) -> None:
        while self._wanted:
            code = self.process.poll()
            if code is not None:
                with self._lock:
                    if not self._wanted:
                        return
                    self.exits.append(code)
                    self.process = self._start()
            time.sleep(0.02)

    def kill(self) -> None:
        """End it hard; it is started again at once."""
        self.process.kill()

    def freeze(self, for_s: float) -> None:
        """Stop it for a while, and let it go on."""
        process = self.process
        process.send_signal(signal.SIGSTOP)
        time.sleep(for_s)
        process.send_signal(signal.SIGCONT)

    def end(self, within_s: float = 10) -> int:
        """End it with TERM and return its exit code."""
        with self._lock:
            self._wanted = False
            if self.process.poll() is None:
                self.process.terminate()
        try:
            return self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait(within_s)

    def said(self, text: str) -> bool:
        """Tell whether its log has a text."""
        return text in self.log.read_text(encoding="utf-8", errors="replace")


class Town:
    """Topics and read models of one test."""

    def __init__(self, kafka: str, valkey: str, prefix: str, data: Path) -> None:
        self.settings = Settings(kafka=kafka, redis=valkey, prefix=prefix, data=data)
        data.mkdir(parents=True, exist_ok=True)
        create_topics(self.settings)
        self.sent: Counter[str] = Counter()
        self.redis = redis.Redis.from_url(valkey)
        self.random = random.Random(7)
        self._producer = confluent_kafka.Producer({
            "bootstrap.servers": kafka, "linger.ms": 5, "enable.idempotence": True, "log_level": 0,
        })  # fmt: skip
        self._number = 0

    def key(self, name: str) -> str:
        """Return a read model's full key."""
        return f"{self.settings.prefix}wf{FOLD_VERSION}:{name}"

    @contextlib.contextmanager
    def worker(
        self, name: str = "worker-1", module: str = "tests.streams.counting_worker", **extra: str
    ) -> Iterator[Worker]:
        """Run a worker until the block ends."""
        worker = Worker(self.settings.model_copy(update={"worker": name}), module, extra)
        try:
            yield worker
        finally:
            worker.end()

    def send(self, reports: int, *, due_ms: int = 0) -> None:
        """Send reports of random keys, and remember them."""
        topic = self.settings.topic("reports")
        for _ in range(reports):
            key = f"key-{self.random.randrange(KEYS)}"
            self.sent[key] += 1
            self._number += 1
            value = msgspec.json.encode({"key": key, "due_ms": due_ms, "padding": "x" * 150})
            self._producer.produce(topic, value, partition=self._number % LANES)
            self._producer.poll(0)
        self._producer.flush(30)

    @contextlib.contextmanager
    def stream(self, a_second: int) -> Iterator[None]:
        """Send so many reports a second in the background until the block ends."""
        stop = threading.Event()

        def run() -> None:
            begun_s, done = time.monotonic(), 0
            while not stop.wait(0.02):
                due = int((time.monotonic() - begun_s) * a_second)
                self.send(due - done)
                done = due

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def counts(self) -> Counter[str]:
        """Return the counters that screens would read."""
        found: Counter[str] = Counter()
        for partition in range(JOURNAL_PARTITIONS):
            for key, count in self.redis.hgetall(self.key(f"cases:{partition}")).items():
                found[key.decode()] += int(count)
        return found

    def wait_counted(self, within_s: float = 30) -> None:
        """Wait until the counters are what was sent, and fail with the difference where they do not become it."""
        until_s = time.monotonic() + within_s
        found = self.counts()
        while found != self.sent:
            if time.monotonic() > until_s:
                more, fewer = found - self.sent, self.sent - found
                raise AssertionError(
                    f"sent {self.sent.total()}, counted {found.total()}; too many: {dict(more)}, missing: {dict(fewer)}"
                )
            time.sleep(0.05)
            found = self.counts()

    def digest(self, within_s: float = 20) -> dict[Source, tuple[int, bytes]]:
        """Ask the workers for the offset and the state's hash of every partition."""
        request = uuid.uuid4().hex
        self.redis.set(self.key("ask:digest"), request, ex=60)
        until_s = time.monotonic() + within_s
        answers: dict[bytes, bytes] = {}
        while len(answers) < len(EVERY_SOURCE):
            assert time.monotonic() < until_s, f"only {sorted(answers)} answered"
            time.sleep(0.05)
            answers = self.redis.hgetall(self.key(f"digest:{request}"))
        read = {source: msgspec.json.decode(answers[source.label.encode()]) for source in EVERY_SOURCE}
        return {source: (one["offset"], bytes.fromhex(one["sha256"])) for source, one in read.items()}

    def read(self, word: str) -> list[tuple[int, int, bytes]]:
        """Return all records of a topic: partition, offset, value."""
        consumer = confluent_kafka.Consumer({
            "bootstrap.servers": self.settings.kafka, "group.id": f"{self.settings.prefix}look",
            "enable.auto.commit": False,
        })  # fmt: skip
        topic = self.settings.topic(word)
        found: list[tuple[int, int, bytes]] = []
        try:
            partitions = consumer.list_topics(topic).topics[topic].partitions
            places = [confluent_kafka.TopicPartition(topic, partition, 0) for partition in partitions]
            missing = sum(consumer.get_watermark_offsets(place)[1] for place in places)
            consumer.assign(places)
            while len(found) < missing:
                batch = consumer.consume(min(5000, missing - len(found)), 10)
                assert batch, "the topic ended early"
                found += [(message.partition(), message.offset(), message.value()) for message in batch]
        finally:
            consumer.close()
        return found

    def check_effects(self) -> None:
        """Check that each report is in the journal, and each alert exactly once by its id and in the right number."""
        origins = {
            tuple(msgspec.json.decode(value).get("origin", ())) for _, _, value in self.read("journal")
        } - {()}
        assert len(origins) == self.sent.total()
        by_id: dict[str, str] = {}
        for _, _, value in self.read("alerts"):
            alert = msgspec.json.decode(value)
            assert by_id.setdefault(alert["effect"], alert["text"]) == alert["text"]
        expected = {
            f"{key} reached {count}" for key, total in self.sent.items() for count in range(ALERT_EVERY, total + 1, ALERT_EVERY)
        }  # fmt: skip
        told = [text for text in by_id.values() if "reached" in text]
        assert sorted(told) == sorted(expected)
