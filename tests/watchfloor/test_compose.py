"""`docker-compose.yml` against the compose specification's own schema, and against what we promise of it."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_pydantic import ComposeSpecification

from config.settings import Settings
from watchfloor.broker import PROPERTIES
from watchfloor.broker_rights import ALLOWED

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docker-compose.yml"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return read


def without_extensions(compose: dict[str, Any]) -> dict[str, Any]:
    """Leave out `x-…`, which the specification allows everywhere and the generated models do not know."""
    return {key: value for key, value in compose.items() if not key.startswith("x-")}


def test_the_file_is_valid_by_the_specifications_schema(compose: dict[str, Any]) -> None:
    parsed = ComposeSpecification.model_validate(without_extensions(compose))
    assert parsed.services is not None
    assert {
        "kafka",
        "valkey",
        "postgresql",
        "worker",
        "gateway",
        "dashboard",
        "archive",
        "courier",
        "setup",
        "rules",
        "simulator",
    } == set(parsed.services)


def test_the_schema_refuses_a_mistyped_key(compose: dict[str, Any]) -> None:
    services = {**compose["services"], "worker": {**compose["services"]["worker"], "helthcheck": {}}}
    with pytest.raises(ValueError, match="helthcheck"):
        ComposeSpecification.model_validate(without_extensions({**compose, "services": services}))


def test_docker_compose_accepts_the_file_where_it_is_installed() -> None:
    program = shutil.which("docker-compose")
    if program is None:
        pytest.skip("docker-compose is not installed; the schema is checked above")
    users = ("ops", *ALLOWED)
    surroundings = os.environ | {f"WATCHFLOOR_KAFKA_{user.upper()}": "for this check" for user in users}
    surroundings |= dict.fromkeys(("WATCHFLOOR_SECRET", "WATCHFLOOR_DATABASE_PASSWORD"), "for this check")
    argv = [program, "-f", str(FILE), "config", "--quiet"]
    run = subprocess.run(argv, env=surroundings, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr


def test_only_the_wall_and_the_gateway_can_be_reached_from_outside(compose: dict[str, Any]) -> None:
    assert compose["networks"]["inside"] == {"internal": True}
    for name, service in compose["services"].items():
        outside = bool(service.get("ports")) or "outside" in service["networks"]
        assert outside == (name in {"dashboard", "gateway"}), name


def test_nothing_runs_as_root(compose: dict[str, Any]) -> None:
    ours = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert "\nUSER watchfloor\n" in ours
    for name, service in compose["services"].items():
        assert service["image"].startswith("watchfloor:") or service["user"] not in {"root", "0"}, name


def test_the_secret_has_no_default(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        said = service["environment"].get("WATCHFLOOR_SECRET") if "environment" in service else None
        assert said is None or said.startswith("${WATCHFLOOR_SECRET:?")


def test_each_process_has_its_own_user_at_a_broker_that_keeps_rights(compose: dict[str, Any]) -> None:
    kafka = compose["services"]["kafka"]["environment"]
    assert kafka["KAFKA_AUTHORIZER_CLASS_NAME"].endswith("StandardAuthorizer")
    assert kafka["KAFKA_SUPER_USERS"] == "User:ops"
    known = set(re.findall(r"user_(\w+)=", kafka["KAFKA_LISTENER_NAME_INSIDE_PLAIN_SASL_JAAS_CONFIG"]))
    assert known == {"ops", *ALLOWED}
    users = {
        name: service["environment"]["WATCHFLOOR_KAFKA_USERNAME"]
        for name, service in compose["services"].items()
        if "WATCHFLOOR_KAFKA_USERNAME" in service.get("environment", {})
    }
    assert (
        users.items()
        >= {
            "worker": "worker",
            "gateway": "gateway",
            "archive": "archive",
            "courier": "courier",
            "simulator": "producer",
            "setup": "ops",
            "rules": "ops",
            "dashboard": "dashboard",
        }.items()
    )
    for name, user in users.items():
        password = compose["services"][name]["environment"]["WATCHFLOOR_KAFKA_PASSWORD"]
        assert password.startswith(f"${{WATCHFLOOR_KAFKA_{user.upper()}:?") or (user, password) == (
            "dashboard",
            "",
        )


def test_only_who_seals_opens_or_signs_in_reaches_the_database(compose: dict[str, Any]) -> None:
    with_it = {
        name
        for name, one in compose["services"].items()
        if "WATCHFLOOR_DATABASE" in one.get("environment", {})
    }
    assert {"gateway", "dashboard", "courier"} <= with_it
    assert not with_it & {"worker", "archive", "setup", "rules", "kafka", "valkey"}
    for name in with_it:
        service = compose["services"][name]
        assert service["depends_on"]["postgresql"] == {"condition": "service_healthy"}
        assert service["environment"]["WATCHFLOOR_DATABASE"].startswith("postgresql://")
    password = compose["services"]["postgresql"]["environment"]["POSTGRES_PASSWORD"]
    assert password.startswith("${WATCHFLOOR_DATABASE_PASSWORD:?")


def test_every_long_running_service_is_started_again_and_those_that_are_asked_have_a_health_check(
    compose: dict[str, Any],
) -> None:
    for name in ("kafka", "valkey", "postgresql", "worker", "gateway", "dashboard"):
        service = compose["services"][name]
        assert service["restart"] == "unless-stopped"
        assert service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}


def test_our_settings_are_spelled_as_the_settings_spell_them(compose: dict[str, Any]) -> None:
    known = {f"WATCHFLOOR_{name.upper()}" for name in Settings.model_fields}
    for service in compose["services"].values():
        ours = {key for key in service.get("environment", {}) if key.startswith("WATCHFLOOR_")}
        assert ours <= known


def test_the_brokers_settings_are_the_embedded_ones(compose: dict[str, Any]) -> None:
    environment = compose["services"]["kafka"]["environment"]
    for key in (
        "broker.session.timeout.ms",
        "auto.create.topics.enable",
        "log.retention.ms",
        "log.segment.bytes",
    ):
        assert str(environment["KAFKA_" + key.replace(".", "_").upper()]) == PROPERTIES[key], key
