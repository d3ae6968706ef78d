"""Rule sets as files: a town's laid over the shipped ones, and a store that is never wrong about its bytes."""

from pathlib import Path

import pytest

from config.rules import RulesMissingError, RuleStore, gather, hash_of
from domain.rules import RulesError


def test_the_shipped_rules_compile() -> None:
    parts = gather(None, None)
    assert {"sla.toml", "alerts.toml", "detectors.toml", "categories.toml"} <= set(parts)
    assert {
        f"feeds/{name}.toml" for name in ("sweden-police", "stuttgart", "la311", "chicago311", "simulator")
    } <= set(parts)


def test_a_towns_file_takes_the_place_of_the_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "feeds").mkdir()
    (tmp_path / "sla.toml").write_text("[default]\naccept_h = 1\n")
    (tmp_path / "feeds" / "ours.toml").write_text("# ours\n")
    areas = tmp_path / "data" / "areas"
    areas.mkdir(parents=True)
    (areas / "set.json").write_text("{}")
    parts = gather(tmp_path, areas)
    assert parts["sla.toml"] == b"[default]\naccept_h = 1\n"
    assert parts["feeds/ours.toml"] == b"# ours\n"
    assert parts["areas/set.json"] == b"{}"
    assert "feeds/la311.toml" in parts


def test_what_is_put_is_got_and_known_by_the_hash_of_its_manifest(tmp_path: Path) -> None:
    store = RuleStore(str(tmp_path / "rules"))
    parts = gather(None, None)
    name = store.put(parts)
    assert name == hash_of(parts) == store.put(parts)
    assert store.get(name) == parts
    assert store.rules_of(name) is store.rules_of(name)
    assert store.rules_of(name).hash == name
    assert RuleStore((tmp_path / "rules").as_uri()).get(name) == parts


def test_an_edit_is_another_rule_set_and_the_old_one_stays(tmp_path: Path) -> None:
    store = RuleStore(str(tmp_path))
    parts = gather(None, None)
    old = store.put(parts)
    new = store.put(parts | {"sla.toml": b"[default]\naccept_h = 9\n"})
    assert old != new
    assert store.rules_of(new).limit("noise").accept_ms == 9 * 3_600_000
    assert store.rules_of(old).limit("noise").accept_ms != store.rules_of(new).limit("noise").accept_ms


def test_a_missing_or_damaged_file_is_named(tmp_path: Path) -> None:
    store = RuleStore(str(tmp_path))
    name = store.put({"sla.toml": b"# a"})
    with pytest.raises(RulesMissingError, match="backup"):
        store.get("0" * 64)
    part = next(path for path in tmp_path.iterdir() if path.name != name)
    part.write_bytes(b"# b")
    with pytest.raises(RulesMissingError, match="damaged"):
        store.get(name)
    store.put({"sla.toml": b"# a", "x": b"longer"})
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".part-")]


def test_a_rule_set_that_does_not_compile_says_why(tmp_path: Path) -> None:
    store = RuleStore(str(tmp_path))
    with pytest.raises(RulesError, match=r"alerts\.toml"):
        store.rules_of(store.put({"sla.toml": b""}))
