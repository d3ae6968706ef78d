import json
import socket
from pathlib import Path

from watchfloor.ports import OUTGOING_RANGE, anyone_listens, candidate, is_free, lasting_ports


def test_ports_are_the_same_after_a_restart_and_no_two_are_alike(tmp_path: Path) -> None:
    kept = tmp_path / "ports.json"
    first = lasting_ports(kept, ("broker", "controller"))
    assert len(set(first.values())) == 2
    assert lasting_ports(kept, ("broker", "controller")) == first
    assert json.loads(kept.read_text()) == first


def test_a_port_that_was_taken_meanwhile_is_replaced_and_the_other_stays(tmp_path: Path) -> None:
    kept = tmp_path / "ports.json"
    first = lasting_ports(kept, ("broker", "controller"))
    with socket.socket() as other:
        other.bind(("127.0.0.1", first["broker"]))
        other.listen()
        assert not is_free(first["broker"])
        assert anyone_listens(f"127.0.0.1:1,127.0.0.1:{first['broker']}")
        second = lasting_ports(kept, ("broker", "controller"))
    assert second["controller"] == first["controller"]
    assert second["broker"] != first["broker"]


def test_no_port_is_one_that_an_outgoing_connection_can_be_given() -> None:
    lowest = int(OUTGOING_RANGE.read_text().split()[0]) if OUTGOING_RANGE.is_file() else 49152
    assert all(20_000 <= candidate() < max(lowest, 21_000) for _ in range(200))
