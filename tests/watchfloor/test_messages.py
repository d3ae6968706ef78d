"""`watchfloor messages list` says what people were told, and what has become of it."""

import time
from pathlib import Path
from typing import Any

from config.outbox import Outbox, Post, State
from config.settings import Settings
from tests.streams.town import Worker
from tests.watchfloor.conftest import Run

ARRIVES_S = 20
T0 = 1_700_000_000_000


def post(n: int, state: State) -> Post:
    return Post(
        key=f"05-1/v{n}/step/reporter/r-{n}", case=f"05-{n % 2}", kind="step", receiver="reporter", channel="file",
        state=state, said=True, at_ms=T0 + n,
    )  # fmt: skip


def test_messages_are_listed_newest_first_with_counts_by_state(run: Run, tmp_path: Path) -> None:
    with Outbox(f"sqlite:///{tmp_path / 'accounts.sqlite3'}") as outbox:
        outbox.begin([post(1, "sent"), post(2, "sent"), post(3, "unsure")])
    folder = ("messages", "list", "--data", str(tmp_path))
    code, found, _ = run(*folder, "--json")
    assert code == 0
    assert found["counts"] == {"sending": 0, "sent": 2, "unsure": 1, "erased": 0, "failed": 0}
    assert [one["key"] for one in found["messages"]] == [post(n, "sent").key for n in (3, 2, 1)]
    _, only, _ = run(*folder, "--state", "unsure", "--json")
    assert [one["state"] for one in only["messages"]] == ["unsure"]
    _, table, _ = run(*folder, "--case", "05-0")
    assert "2 sent, 1 unsure" in table
    code, _, why = run(*folder, "--state", "lost")
    assert (code, "A state is one of" in why) == (2, True)


def test_what_a_command_causes_reaches_the_channel_and_its_outcome_the_story(
    town: Settings, run: Run, case: dict[str, Any], typed: None
) -> None:
    assert run("user", "add", "desk", "--role", "clerk", "--scope", "990599", "--json")[0] == 0
    courier = Worker(town.model_copy(update={"worker": "courier"}), "streams.courier", {})
    try:
        code, said, error = run("command", "reject", "--case", case["id"], "--as", "desk",
                                "--set", "code=unfounded", "--set", "reason=nothing there", "--json")  # fmt: skip
        assert code == 0, (said, error)
        until_s = time.monotonic() + ARRIVES_S
        told: list[Any] = []
        while "closed" not in [one["what"]["kind"] for one in told] and time.monotonic() < until_s:
            time.sleep(0.1)
            _, cases, _ = run("show", "cases", "--json")
            (story,) = [one["story"] for one in cases if one["id"] == case["id"]]
            told = [one for one in story if one["kind"] == "delivered"]
        assert [(one["what"]["kind"], one["what"]["to"], one["what"]["state"]) for one in told][-1:] == [
            ("closed", "grid_worker", "sent")
        ], courier.log.read_text()
    finally:
        courier.end()
    _, found, _ = run("messages", "list", "--case", case["id"], "--json")
    assert {(one["kind"], one["state"]) for one in found["messages"]} == {
        ("step", "sent"),
        ("closed", "sent"),
    }
    code, proof, _ = run("digest", "--refold", "--json")
    assert (code, proof["state"]) == (0, proof["live"])
