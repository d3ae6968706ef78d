"""The vault on both databases: the same content to the same bytes, each look in the log, and erased for good."""

import base64
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import vault_box
from config.retention import EVERY_MS, Retention
from config.vault import ErasedError, Vault, VaultError
from domain.feeds.rules import DAY_MS
from domain.privacy.sealed import ERASED_HASH, cipher_of, day_of, is_sealed, key_name, told_apart

CASE = "03-000000001a"
AT_MS = 1_700_000_000_000


def look(vault: Vault, sealed: str) -> str:
    return vault.open(sealed, account="a-1", case=CASE, purpose="call_back", at_ms=AT_MS)


def test_what_is_sealed_opens_with_a_purpose_and_the_look_is_in_the_log(database: str) -> None:
    with Vault(database) as vault, Vault(database) as other:
        sealed = vault.seal_text(f"c-{CASE}", "某某甲 13800138000")
        assert is_sealed(sealed)
        assert "王" not in sealed
        assert look(other, sealed) == "某某甲 13800138000"
        assert [(v.account, v.case, v.purpose, v.fields, v.at_ms) for v in vault.views(CASE)] == [
            ("a-1", CASE, "call_back", ["text"], AT_MS)
        ]
        assert vault.views("04-0000000001") == []
        with pytest.raises(VaultError, match="purpose is one of"):
            vault.open(sealed, account="a-1", case=CASE, purpose="curiosity", at_ms=1)
        assert len(vault.views()) == 1


def test_a_report_sent_twice_is_the_same_bytes_and_a_changed_one_is_not(database: str) -> None:
    names = [(f"r-{n:032x}", f"content {n}".encode()) for n in range(1200)]
    with Vault(database) as vault, Vault(database) as other:
        first = vault.seal_reports(names)
        assert first == other.seal_reports(names)
        assert len(set(first)) == len(names)
        (changed,) = other.seal_reports([(names[0][0], b"something else")])
        assert told_apart(changed) != told_apart(first[0])
        assert (key_name(changed), changed.count("#")) == (names[0][0], 1)


def test_processes_that_make_a_key_at_once_get_the_same(database: str) -> None:
    contents = [(f"r-{n:032x}", b"x") for n in range(50)]
    vaults = [Vault(database) for _ in range(6)]
    with ThreadPoolExecutor(6) as together:
        sealed = list(together.map(lambda vault: vault.seal_reports(contents), vaults))
        codes = set(together.map(lambda vault: vault.tracking_code(CASE), vaults))
    assert all(one == sealed[0] for one in sealed)
    assert len(codes) == 1
    for vault in vaults:
        vault.close()


def test_after_erase_nothing_opens_no_key_comes_back_and_the_code_ends(database: str) -> None:
    report = ("r-" + "a" * 32, b"who it was")
    with Vault(database) as vault, Vault(database) as other:
        text = vault.seal_text(f"c-{CASE}", "a reason")
        (private,) = vault.seal_reports([report])
        code = vault.tracking_code(CASE)
        assert other.case_of_code(code) == CASE
        assert vault.erase(CASE, [report[0], "r-" + "b" * 32], at_ms=5) == 2
        assert vault.erase(CASE, [report[0]], at_ms=6) == 0, "once more changes nothing"
        for sealed in (text, private):
            with pytest.raises(ErasedError, match="erased"):
                look(other, sealed)
        assert (
            other.open_all([text, private], account="a", case=CASE, purpose="audit", at_ms=1, fields=["text"])
            == {}
        )
        assert other.views() == [], "nothing was shown"
        assert other.seal_reports([report]) == [f"sealed:{report[0]}:#{ERASED_HASH}"]
        assert other.seal_reports([("r-" + "b" * 32, b"sent again")])[0].endswith(f":#{ERASED_HASH}")
        with pytest.raises(ErasedError, match="nothing more"):
            other.seal_text(f"c-{CASE}", "one more reason")
        assert other.case_of_code(code) is None
        assert vault.erased([f"c-{CASE}", report[0], "c-else"]) == {f"c-{CASE}", report[0]}


def test_cases_that_left_are_erased_when_their_time_has_come(database: str) -> None:
    with Vault(database) as vault:
        sealed = vault.seal_text(f"c-{CASE}", "a reason")
        vault.retire(CASE, ["r-" + "a" * 32], erase_ms=100)
        vault.retire(CASE, [], erase_ms=50)
        assert vault.erase_due(99) == []
        assert look(vault, sealed) == "a reason"
        assert vault.erase_due(100) == [CASE]
        assert vault.erased([f"c-{CASE}", "r-" + "a" * 32]) == {f"c-{CASE}", "r-" + "a" * 32}
        assert vault.erase_due(10**15) == []


def test_what_left_is_erased_after_its_days_by_itself_looked_at_once_an_hour(tmp_path: Path) -> None:
    with Vault(f"sqlite:///{tmp_path / 'v.sqlite3'}") as vault:
        retention = Retention(vault, keep_days=30)
        sealed = vault.seal_text(f"c-{CASE}", "a reason")
        retention.left(CASE, ["r-" + "a" * 32], AT_MS)
        retention.left(CASE, ["r-" + "a" * 32], AT_MS + 1)
        assert vault.leaving(CASE) == ["r-" + "a" * 32]
        due_ms = AT_MS + 30 * DAY_MS
        assert retention.step(due_ms - 1) == []
        assert retention.step(due_ms) == [], "it has looked within the hour"
        assert look(vault, sealed) == "a reason"
        assert retention.step(due_ms + EVERY_MS) == [CASE]
        assert retention.step(due_ms + EVERY_MS) == []
        with pytest.raises(ErasedError):
            look(vault, sealed)


def test_what_desks_and_alerts_without_a_case_had_written_goes_day_by_day(database: str) -> None:
    with Vault(database) as vault:
        retention = Retention(vault, keep_days=30)
        midnight_ms = AT_MS - AT_MS % DAY_MS
        about = ("d-990100001", "d-9901000012", "a-03-1a2b-0")
        texts = {
            (name, day): vault.seal_text(f"{name}.{day_of(midnight_ms + day * DAY_MS)}", "who it was")
            for name in about
            for day in (0, 1)
        }
        of_a_case = vault.seal_text(f"c-{CASE}", "stays")
        assert retention.step(midnight_ms + 31 * DAY_MS - 1) == []
        assert {look(vault, one) for one in texts.values()} == {"who it was"}
        gone = retention.step(midnight_ms + 31 * DAY_MS + EVERY_MS)
        assert sorted(gone) == sorted(f"{name}.{day_of(midnight_ms)}" for name in about)
        for (_, day), one in texts.items():
            if day:
                assert look(vault, one) == "who it was"
            else:
                with pytest.raises(ErasedError):
                    look(vault, one)
        names = vault.names_of_days("d-990100001")
        assert names == [f"d-990100001.{day_of(midnight_ms + day * DAY_MS)}" for day in (0, 1)]
        assert vault.erase_names(names, at_ms=1) == 1
        assert look(vault, texts["d-9901000012", 1]) == "who it was", "another desk whose code begins so"
        assert look(vault, of_a_case) == "stays"
        assert vault.names_of_days("d-99_100001") == []


def test_what_another_system_sealed_does_not_open_and_says_so(database: str, tmp_path: Path) -> None:
    with Vault(database) as vault, Vault(f"sqlite:///{tmp_path / 'other.sqlite3'}") as stranger:
        sealed = stranger.seal_text(f"c-{CASE}", "theirs")
        with pytest.raises(VaultError, match="another system"):
            look(vault, sealed)
        own = vault.seal_text(f"c-{CASE}", "ours")
        with pytest.raises(VaultError, match="does not open"):
            look(vault, sealed)
        moved = own.replace(f":c-{CASE}:", ":c-00-0000000001:")
        vault.seal_text("c-00-0000000001", "x")
        with pytest.raises(VaultError, match="does not open"):
            look(vault, moved)
        assert vault.case_of_code(stranger.tracking_code(CASE)) is None


def test_a_dead_database_is_said_in_a_sentence(tmp_path: Path) -> None:
    for url in (f"sqlite:///{tmp_path}/absent/x.sqlite3", "postgresql://nobody@127.0.0.1:9/none"):
        with Vault(url) as vault, pytest.raises(VaultError, match="does not answer"):
            vault.seal_text("c-1", "x")


def test_an_erased_key_stands_nowhere_in_sqlites_files(tmp_path: Path) -> None:
    file = tmp_path / "accounts.sqlite3"
    with Vault(f"sqlite:///{file}") as vault:
        names = [f"r-{n:032x}" for n in range(300)]
        vault.seal_reports([(name, b"x") for name in names])
        with sqlite3.connect(file) as sql:
            keys = [row[0] for row in sql.execute("SELECT key FROM vault_keys")]
        sql.close()
        vault.erase(CASE, names, at_ms=1)
        left = b"".join(one.read_bytes() for one in tmp_path.iterdir())
        assert len(keys) == len(names)
        assert not [key for key in keys if key in left]


@given(
    st.integers(0, 15),
    st.integers(0, 2**30) | st.integers(0, 2**52 - 1),
    st.sampled_from(["", ".1", ".9", ".j"]),
)
def test_a_code_leads_to_its_case_alone_however_it_was_typed(partition: int, offset: int, part: str) -> None:
    key = bytes(range(64))
    case = f"{partition:02d}-{offset:010x}{part}"
    code = vault_box.code_of(key, case)
    assert vault_box.case_of(key, code) == case
    assert vault_box.case_of(key, code.upper().replace("-", " ").replace("0", "O").replace("1", "l")) == case
    assert vault_box.case_of(bytes(64), code) is None
    at = offset % len(code.replace("-", ""))
    bare = code.replace("-", "")
    forged = bare[:at] + ("2" if bare[at] != "2" else "3") + bare[at + 1 :]
    assert vault_box.case_of(key, forged) is None


@given(st.text(max_size=60))
def test_nonsense_is_no_code(text: str) -> None:
    assert vault_box.case_of(bytes(64), text) is None


def test_sealed_content_is_bound_to_its_key_and_name() -> None:
    sealed, digest = vault_box.seal(bytes(32), "r-1", b"content")
    assert vault_box.unseal(bytes(32), "r-1", sealed) == b"content"
    assert digest != vault_box.seal(bytes([1] * 32), "r-1", b"content")[1]
    raw = base64.urlsafe_b64decode(sealed + "==")
    for wrong in (sealed[:-4], "", "%%", base64.urlsafe_b64encode(raw[:-1] + bytes([raw[-1] ^ 1])).decode()):
        with pytest.raises(vault_box.BoxError):
            vault_box.unseal(bytes(32), "r-1", wrong)
    assert cipher_of(f"sealed:r-1:{sealed}") == sealed
