from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from config.kafka_access import aiokafka_options, kafka_python_options
from config.settings import Settings, child_environment


def test_a_child_reads_back_what_its_parent_was_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told = Settings(
        kafka="a:1,b:2",
        redis="unix:///r",
        data=tmp_path,
        clock="feed",
        secret=SecretStr("s"),
        worker="worker-2",
        prefix="town.",
        config_dir=tmp_path / "rules",
        wall_port=1234,
    )
    monkeypatch.setenv("WATCHFLOOR_GATEWAY_PORT", "77")
    for key, value in child_environment(told).items():
        monkeypatch.setenv(key, value)
    monkeypatch.setenv("WATCHFLOOR_GATEWAY_PORT", "0")
    assert Settings() == told


def test_a_value_that_a_setting_does_not_take_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHFLOOR_CLOCK", "sundial")
    with pytest.raises(ValidationError, match="clock"):
        Settings()


def test_no_secret_is_printed() -> None:
    told = Settings(secret=SecretStr("hidden"), kafka_password=SecretStr("hidden"))
    assert "hidden" not in repr(told)


def test_every_setting_has_its_sentence() -> None:
    assert all((field.description or "").endswith(".") for field in Settings.model_fields.values())


def test_tls_and_sasl_reach_both_clients() -> None:
    told = Settings(
        kafka="a:1", kafka_security_protocol="SASL_SSL", kafka_username="u", kafka_password=SecretStr("p")
    )
    for options in (kafka_python_options(told), aiokafka_options(told)):
        assert options["security_protocol"] == "SASL_SSL"
        assert options["sasl_mechanism"] == "SCRAM-SHA-512"
        assert (options["sasl_plain_username"], options["sasl_plain_password"]) == ("u", "p")
    assert aiokafka_options(told)["ssl_context"].check_hostname


def test_a_plain_broker_is_told_nothing_else() -> None:
    assert kafka_python_options(Settings(kafka="a:1,b:2")) == {
        "bootstrap_servers": ["a:1", "b:2"],
        "security_protocol": "PLAINTEXT",
    }
