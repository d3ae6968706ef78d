"""`watchfloor messages list` says what people were told, and what has become of it."""

from pathlib import Path

from config.outbox import Outbox, Post, State
from tests.watchfloor.conftest import Run

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
