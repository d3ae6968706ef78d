import shutil
from pathlib import Path

import pytest

from watchfloor import jars
from watchfloor.exceptions import MissingError, RefusedError


def test_the_lock_names_every_jar_with_its_sum() -> None:
    sums = jars.locked_sums()
    assert "kafka-clients-4.3.1.jar" in sums
    assert "kafka_2.13-4.3.1.jar" in sums
    assert all(len(bytes.fromhex(sum_hex)) == 32 for sum_hex in sums.values())


def test_jars_that_are_here_are_checked_and_nothing_is_fetched() -> None:
    told: list[str] = []
    folder = jars.ensure(None, told.append)
    assert told == []
    assert len(jars.class_path(folder).split(":")) == len(jars.locked_sums())


def test_a_jar_with_other_bytes_is_refused(tmp_path: Path) -> None:
    shutil.copytree(jars.jar_folder(None) / "jars", tmp_path / "jars")
    shutil.copytree(jars.jar_folder(None) / "modules", tmp_path / "modules")
    with (tmp_path / "modules" / "kafka-clients-4.3.1.jar").open("ab") as jar:
        jar.write(b"more")
    with pytest.raises(
        RefusedError, match=r"kafka-clients-4\.3\.1\.jar in .* is not the file that the lock names"
    ):
        jars.ensure(tmp_path, lambda _: None)


def test_without_a_network_one_sentence_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # nobody listens there, which is what a machine without a network looks like to a client
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with pytest.raises(MissingError, match=r"Kafka's jars are not in .* connect this machine to the network"):
        jars.ensure(tmp_path, lambda _: None)
