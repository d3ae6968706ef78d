"""Planted names, numbers and texts through the whole system: none stands outside the vault, and after erase none opens."""

import asyncio
import base64
import contextlib
import itertools
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
import redis
from websockets.asyncio.client import connect

from config.settings import Settings
from config.vault import vault_of
from domain.privacy.sealed import key_name
from tests.scenarios.running_town import RunningTown
from watchfloor.erasing import matter_of
from watchfloor.read_models import ReadModels
from watchfloor.topics import TOPICS

PROVE = os.environ.get("WATCHFLOOR_PROVE") == "1"
REPORTS = 1_000 if PROVE else 60
COMMANDS = 60 if PROVE else 3
WITHIN_S = 60

NAME, LATIN = "欧阳铁蛋", "Plantedson"
NUMBER, ID_CARD, PLATE, ACCOUNT = "1397531846", "44030619991231", "浙Q9X7Z", "wx_planted_"
PLANTED = (NAME, LATIN, NUMBER, ID_CARD, PLATE, ACCOUNT)
PASSWORD = "correct horse battery"


def forms(text: str) -> Iterator[bytes]:
    """Yield how a text may stand in a file: as it is, in other encodings, escaped, in an address, in base64."""
    yield from (text.encode(), text.encode("utf-16-le"), text.encode("gb18030"))
    yield json.dumps(text)[1:-1].encode()
    yield urllib.parse.quote(text).encode()
    for before in range(3):
        whole = base64.b64encode(b" " * before + text.encode())
        yield whole[(0, 2, 3)[before] : len(whole) - 4]


NEEDLES = tuple(dict.fromkeys(form for text in PLANTED for form in forms(text) if len(form) > 5))
SEALED = re.compile(rb"sealed:[A-Za-z0-9._-]{1,80}:[A-Za-z0-9_-]+(?:#[0-9a-f]{32})?")


class Search:
    """What was looked through, what was found there, and every sealed text on the way."""

    def __init__(self) -> None:
        self.hits: list[str] = []
        self.bytes: dict[str, int] = {}
        self.sealed: set[str] = set()

    def look(self, where: str, value: bytes) -> None:
        self.bytes[where] = self.bytes.get(where, 0) + len(value)
        self.hits += [f"{needle!r} in {where}" for needle in NEEDLES if needle in value]
        if where != "memory":  # half-overwritten texts are there, too
            self.sealed |= {found.decode() for found in SEALED.findall(value)}


def rows() -> Iterator[dict[str, Any] | str]:
    """Yield reports with persons planted in their fields, some of which cannot be read, and rows that are none."""
    for n in range(REPORTS):
        row: dict[str, Any] = {
            "id": f"p-{n}",
            "t": f"2026-01-05T{n // 3600 % 24:02}:{n // 60 % 60:02}:{n % 60:02}Z",
            "category": ("noise", "waste", "lamp")[n % 3],
            "reporter": f"{NAME}{n}" if n % 2 else f"{LATIN} {n}",
            "phone": f"{NUMBER}{n % 10}",
            "account": f"{ACCOUNT}{n}",
            "text": f"{NAME}，身份证{ID_CARD}{n:04}，车牌{PLATE}，请打{NUMBER}{n % 10}",
            "comment": f"a column that nobody named: {NAME} {NUMBER}{n % 10}",
        }
        if n % 20 == 7:
            row |= {"closed": f"when {NAME} comes", "lat": f"{PLATE}", "lon": f"{NUMBER}0"}
        yield row
        if n % 30 == 11:
            yield f'{{"id": {NAME} {ID_CARD}'


@pytest.fixture
def town(tmp_path: Path, kafka: str, valkey: str) -> Iterator[RunningTown]:
    """A town with the feed's clock; the session's broker and Valkey only show that both can be had."""
    running = RunningTown(tmp_path / "data", "--clock", "feed", "--no-simulator")
    try:
        yield running
    finally:
        running.stop()
        for process in running.everyone():
            process.kill()


def settings_of(town: RunningTown) -> Settings:
    status = town.status()
    return Settings(kafka=status["kafka"], redis=status["redis"], data=town.data, clock="feed")


def sign_up(town: RunningTown, name: str, role: str) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-P", "-m", "watchfloor", "user", "add", name, "--role", role, "--scope", "all"),
            *("--data", str(town.data), "--json"),
        ],
        input=PASSWORD + "\n", capture_output=True, text=True, timeout=120, check=False,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


class Page:
    """A signed-in browser, as far as this test needs one."""

    def __init__(self, wall: str) -> None:
        parts = urllib.parse.urlsplit(wall)
        self.origin = f"http://{parts.netloc}"
        self.cookie = ""
        _, headers = self.ask("/signin", {"name": "desk", "password": PASSWORD})
        self.cookie = headers["set-cookie"].partition(";")[0]

    def ask(self, path: str, body: Any = None) -> tuple[bytes, Any]:
        request = urllib.request.Request(
            self.origin + path,
            None if body is None else json.dumps(body).encode(),
            {"cookie": self.cookie, "content-type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.read(), answer.headers

    async def act(self, search: Search, cases: list[dict[str, Any]]) -> list[str]:
        """Note something with a person in it on cases; return why some were refused. All that is said is searched."""
        ticket = json.loads(self.ask("/ticket")[0])
        refused: list[str] = []
        async with connect(ticket["gateway"], origin=self.origin, max_size=None, proxy=None) as socket:
            await socket.send(json.dumps({"type": "hello", "token": ticket["token"], "scope": ""}))
            for n, case in enumerate(cases):
                name = str(uuid.uuid4())
                given = {"text": f"{NAME}说，打{NUMBER}{n % 10}，{LATIN}, {ID_CARD}{n:04}"}
                about = {"case": case["id"], "version": case["version"], "screen": "dispatch"}
                act = {"type": "act", "id": name, "action": "note", "given": given, **about}
                await socket.send(json.dumps(act))
                while True:
                    said = await asyncio.wait_for(socket.recv(), 20)
                    search.look("socket", said.encode() if isinstance(said, str) else said)
                    answer = json.loads(said)
                    if answer["type"] == "answer" and answer["id"] == name:
                        refused += [] if answer["ok"] else [answer["reason"]]
                        break
                await asyncio.sleep(1.1 if n else 0.1)  # a person's pace: more is refused
                await socket.send(json.dumps({"type": "case", "id": case["id"]}))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.5):
                    while True:
                        said = await socket.recv()
                        search.look("socket", said.encode() if isinstance(said, str) else said)
        return refused


def look_through(town: RunningTown, search: Search, page: Page) -> None:
    """Look through every place but the vault: files, topics, Redis, archives, pages and the memory of processes."""
    known = town.status()
    town.status = lambda: known
    for path in sorted(town.data.rglob("*")):
        # Kafka's indexes are ten megabytes of holes around a few positions
        if path.is_file() and not path.is_symlink() and path.suffix not in {".index", ".timeindex"}:
            with contextlib.suppress(FileNotFoundError):
                search.look("files", path.read_bytes())
    search.look("up.log", (town.data.parent / "up.log").read_bytes())
    for topic in TOPICS:
        records = itertools.chain.from_iterable(town.topic(topic.name))
        search.look(f"topic {topic.name}", b"\n".join(value or b"" for _, _, value in records))
    with redis.Redis.from_url(town.status()["redis"]) as server:
        for key in server.scan_iter(count=500):
            search.look("redis", key + (server.dump(key) or b""))
            search.look("redis", repr(_value(server, key)).encode())
    for file in (town.data / "archive").rglob("*.parquet"):
        search.look(
            "parquet", b"\n".join(filter(None, pyarrow.parquet.read_table(file)["value"].to_pylist()))
        )
    for path in ("/wall", "/ops", "/ops.json", "/login", "/words", "/names?codes=9905", "/dispatch"):
        search.look("pages", page.ask(path)[0])
    for name in ("worker", "archive") if PROVE else ("worker",):
        look_into_memory(town.pid(name), search)


def _value(server: "redis.Redis[bytes]", key: bytes) -> Any:
    kind = server.type(key)
    if kind == b"hash":
        return [value.decode(errors="replace") for pair in server.hgetall(key).items() for value in pair]
    if kind == b"stream":
        return [
            value.decode(errors="replace")
            for _, body in server.xrange(key)
            for pair in body.items()
            for value in pair
        ]
    return None


def look_into_memory(pid: int, search: Search) -> None:
    """Look through all that a crash dump of a process would hold."""
    try:
        maps = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8").splitlines()
        memory = Path(f"/proc/{pid}/mem").open("rb", buffering=0)  # noqa: SIM115 - the block below closes it
    except OSError:
        return  # another system, or one that lets nobody look
    with memory:
        for line in maps:
            span, rights, *_ = line.split()
            if rights.startswith("rw"):
                begin, end = (int(one, 16) for one in span.split("-"))
                with contextlib.suppress(OSError, ValueError, OverflowError):
                    memory.seek(begin)
                    search.look("memory", memory.read(end - begin))


@pytest.mark.timeout(900)
def test_no_planted_person_stands_outside_the_vault_and_after_erase_nothing_opens(
    town: RunningTown, tmp_path: Path, measured: Callable[[str], None]
) -> None:
    file = tmp_path / "planted.jsonl"
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows()]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    sign_up(town, "desk", "clerk")
    said = town.run("produce", str(file), "--feed", "grid-reports", "--speed", "max", "--wait")
    assert said["accepted"] == REPORTS - len(range(7, REPORTS, 20))
    assert said["refused"] == len(range(7, REPORTS, 20)) * 2 + len(range(11, REPORTS, 30))
    cases = town.run("show", "cases")
    search, page = Search(), Page(town.wall)
    assert asyncio.run(page.act(search, cases[:COMMANDS])) == []
    about = ("--case", cases[0]["id"], "--as", "desk", "--set", f"text={NAME} {NUMBER}0")
    assert town.run("command", "note", *about)["accepted"]
    assert town.run("command", "note", *about, "--version", "0", code=1)["reason"] == "stale"
    crash(town)
    archive(town)

    look_through(town, search, page)
    assert search.hits == []
    for where in (
        "files",
        "topic reports",
        "topic journal",
        "topic audit",
        "redis",
        "parquet",
        "pages",
        "socket",
    ):
        assert search.bytes.get(where, 0) > 1_000, f"{where}: nothing was looked at"
    erase_all(town, search, [case["id"] for case in cases])
    measured(
        f"looked through {sum(search.bytes.values()) / 1e6:,.0f} MB in {len(search.bytes)} places: no hit "
        f"({', '.join(f'{where} {size / 1e6:,.1f}' for where, size in sorted(search.bytes.items()))})"
    )


def crash(town: RunningTown) -> None:
    """End a worker as a fault would: it must leave no picture of its memory."""
    pid = town.pid("worker")
    limits = Path(f"/proc/{pid}/limits")
    if limits.exists():
        (line,) = [one for one in limits.read_text().splitlines() if one.startswith("Max core file size")]
        assert line.split()[4:6] in (["0", "0"], ["1", "1"])
    os.kill(pid, signal.SIGABRT)
    until_s = time.monotonic() + WITHIN_S
    while True:
        with contextlib.suppress(StopIteration):
            if town.pid("worker") != pid:
                return
        assert time.monotonic() < until_s, "the worker did not come back"
        time.sleep(0.2)


def archive(town: RunningTown) -> None:
    """Let the archive write what waits, as it does when it is told to end; it is started again."""
    os.kill(town.pid("archive"), signal.SIGTERM)
    until_s = time.monotonic() + WITHIN_S
    while not list((town.data / "archive" / "journal").rglob("*.parquet")):
        assert time.monotonic() < until_s, "the archive wrote nothing"
        time.sleep(0.2)


def erase_all(town: RunningTown, search: Search, cases: list[str]) -> None:
    """Erase the cases: what was sealed about them opened before, opens no more, and its keys stand nowhere."""
    mine = sorted(one for one in search.sealed if key_name(one)[:2] in {"r-", "c-"})
    assert len({key_name(one) for one in mine if one.startswith("sealed:r-")}) == len(cases)
    assert len({key_name(one) for one in mine if one.startswith("sealed:c-")}) >= COMMANDS
    look: dict[str, Any] = {"account": "a", "case": "x", "purpose": "audit", "at_ms": 1, "fields": ["text"]}
    with contextlib.closing(sqlite3.connect(town.data / "accounts.sqlite3")) as sql:
        keys = dict(sql.execute("SELECT name, key FROM vault_keys"))
    first, *rest = cases
    settings = settings_of(town)
    with vault_of(settings) as vault, ReadModels(settings) as models:
        opened = vault.open_all(mine, **look)
        assert len(opened) == len(mine)
        assert any(NAME in text for text in opened.values()), "what was planted is in the vault's reach"
        assert town.run("privacy", "erase", first)["deleted"] == 2
        for case in rest:
            vault.erase(case, matter_of(settings, models, vault, case).names, at_ms=1)
        left = vault.open_all(mine, **look)
        assert left == {}
        for case in vault.erase_due(10**15):
            assert case.startswith("u-"), "of refused rows, whose time comes by itself"
        assert vault.open_all(sorted(search.sealed), **look) == {}
        erased = vault.erased(keys)
    files = b"".join(one.read_bytes() for one in town.data.glob("accounts.sqlite3*"))
    assert len(erased) > len(cases)
    assert not [name for name in erased if keys[name] and keys[name] in files]
