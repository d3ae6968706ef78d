"""No free text of a command leaves in the clear; what is a code must look like one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config import sealing
from config.sealing import UnsealedError, has_text
from config.vault import ErasedError, Vault
from domain.flows.given import LONGEST_TEXT
from domain.privacy.sealed import LONGEST_SEALED, is_sealed, key_name
from domain.records import Command, encoder

CASE = "03-000000001a"
AT_MS = 1_767_600_000_000
"""2026-01-05."""
PLANTED = "某某甲 13800138000"


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    with Vault(f"sqlite:///{tmp_path / 'v.sqlite3'}") as one:
        yield one


def act(**given: Any) -> Command:
    return Command(id="12345678", action="return", case=CASE, given=given, account="a-1", screen="cli")


def seal_command(vault: Vault, command: Command, **more: Any) -> Command:
    return sealing.seal_command(vault, command, **{"at_ms": AT_MS} | more)


def opened(vault: Vault, sealed: str) -> str:
    return vault.open(sealed, account="a-1", case=CASE, purpose="audit", at_ms=1)


def test_texts_are_sealed_whatever_they_are_called_and_codes_stay(vault: Vault) -> None:
    codes = {
        "assignee": "w-990100001-12", "departments": ["team a", "t-2"], "photo": "2026/01/05/p-1.jpg", "code": "settled",
        "case": "04-00000000ff", "category": "井盖", "amount": 2.5, "satisfied": True, "proposed": ["w-1", "t-2"],
    }  # fmt: skip
    texts = {"reason": PLANTED, "text": f"sealed:c-{CASE}:abc", "anything": PLANTED, "parts": [PLANTED, "b"]}
    command = seal_command(vault, act(**codes, **texts))
    assert {key: command.given[key] for key in codes} == codes
    assert opened(vault, command.given["reason"]) == PLANTED
    assert opened(vault, command.given["text"]) == texts["text"], "what looks sealed is sealed all the same"
    assert [opened(vault, one) for one in command.given["parts"]] == texts["parts"]
    assert is_sealed(command.given["anything"])
    assert "王" not in encoder.encode(command).decode()


def test_a_key_is_of_the_case_else_of_the_alert_or_the_desk_and_the_day(vault: Vault) -> None:
    shelve = Command(id="12345678", action="shelve", alert="03-1a2b-0", reason=PLANTED, for_s=60)
    assert key_name(seal_command(vault, shelve).reason) == "a-03-1a2b-0.20260105"
    assert key_name(seal_command(vault, shelve, about=CASE).reason) == f"c-{CASE}"
    assert key_name(seal_command(vault, act(reason=PLANTED)).given["reason"]) == f"c-{CASE}"
    note = Command(id="12345678", action="note_shift", desk="990100001", given={"text": PLANTED})
    names = [
        key_name(seal_command(vault, note, at_ms=at).given["text"]) for at in (AT_MS, AT_MS + 86_400_000)
    ]
    assert names == ["d-990100001.20260105", "d-990100001.20260106"]


def test_a_desk_writes_on_when_what_it_wrote_that_day_is_erased(vault: Vault) -> None:
    note = Command(id="12345678", action="note_shift", desk="990100001", given={"text": PLANTED})
    texts = []
    for _ in range(3):
        texts.append(seal_command(vault, note).given["text"])
        assert opened(vault, texts[-1]) == PLANTED
        vault.erase_names([key_name(texts[-1])], at_ms=AT_MS)
    assert [key_name(one) for one in texts] == [f"d-990100001.20260105{n}" for n in ("", ".2", ".3")]
    for one in texts:
        with pytest.raises(ErasedError):
            opened(vault, one)


def test_the_longest_text_is_taken_by_the_fold_once_it_is_sealed(vault: Vault) -> None:
    sealed = seal_command(vault, act(reason="😀" * LONGEST_TEXT)).given["reason"]
    assert LONGEST_TEXT < len(sealed) <= LONGEST_SEALED


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (act(reason="x" * (LONGEST_TEXT + 1)), "2,001 characters"),
        (act(assignee=PLANTED), "no code"),
        (act(assignee="13800138000"), "no code"),
        (act(photo="11010519491231002X"), "no code"),
        (act(departments=["team a", "某某甲"]), "no code"),
        (act(category="noise 13800138000"), "no category"),
        (act(某某甲=1), "no code"),
        (act(parts=["x"] * 21), "20 entries"),
        (act(text={"name": "某某甲"}), "neither"),
        (Command(id="12345678", action="x", case="03-某某甲", given={"reason": "x"}), "no code"),
        (Command(id="12345678", action="x", case="nonsense", given={"reason": "x"}), "no such case"),
        (Command(id="12345678", action="undo", case=CASE, undoes="某某甲"), "no code"),
        (Command(id="12345678", action="undo", case=CASE, screen="某某甲"), "no code"),
    ],
)
def test_what_cannot_be_sealed_is_refused_with_a_sentence(vault: Vault, command: Command, why: str) -> None:
    with pytest.raises(UnsealedError, match=why):
        seal_command(vault, command)


def test_of_an_erased_case_nothing_more_is_written(vault: Vault) -> None:
    vault.erase(CASE, [], at_ms=1)
    with pytest.raises(UnsealedError, match="erased"):
        seal_command(vault, act(reason="once more"))


def test_a_dead_database_refuses_texts_alone() -> None:
    with Vault("postgresql://nobody@127.0.0.1:9/none") as dead:
        plain = act(assignee="w-1", amount=2)
        assert not has_text(plain)
        assert seal_command(dead, plain) == plain
        with pytest.raises(UnsealedError, match="nothing was done"):
            seal_command(dead, act(reason="x"))


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    st.lists,
    max_leaves=4,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=60)
@given(
    st.dictionaries(
        st.sampled_from(["reason", "text", "parts", "photo", "code", "other"]), values, max_size=4
    )
)
def test_nothing_that_was_written_is_left_in_the_clear(vault: Vault, given_: dict[str, Any]) -> None:
    marked = {key: _marked(value) for key, value in given_.items()}
    try:
        command = seal_command(vault, act(**marked))
    except UnsealedError:
        return
    assert "王" not in encoder.encode(command).decode()


def _marked(value: Any) -> Any:
    """Plant a name in every text."""
    if isinstance(value, list):
        return [_marked(one) for one in value]
    return f"{value}某某甲" if isinstance(value, str) else value
