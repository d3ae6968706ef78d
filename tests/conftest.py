"""Fixtures that every room may use: a real broker and a real Valkey, once a session, and names that do not meet."""

import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings

from tests.databases import new_database, running_postgresql
from watchfloor.dev_stack import running_broker, running_valkey
from watchfloor.exceptions import MissingError

IN_CI = os.environ.get("CI") == "true"
TESTS = Path(__file__).parent
PROVE = os.environ.get("WATCHFLOOR_PROVE") == "1"

LONGEST_FIRST = (
    "scenarios/test_whole_town.py",
    "browser/test_scripted_day.py",
    "browser/test_real_town.py",
    "streams/test_services_die.py",
    "browser/test_dispatch.py",
    "streams/test_exact_under_kills.py",
    "browser/test_wall.py",
    "browser/test_freshness.py",
    "watchfloor/test_cli_live.py",
    "scenarios/test_no_person_leaks.py",
    "watchfloor/test_up.py",
    "scenarios/test_feeds_in_memory.py",
    "watchfloor/test_audit.py",
    "browser/test_accessibility.py",
    "streams/test_worker.py",
    "producers/test_simulate.py",
    "browser/test_commands.py",
    "streams/test_courier.py",
    "domain/cases/test_case_work_laws.py",
    "dashboard/entry/test_oidc.py",
    "dashboard/gateway/test_redis_dies.py",
    "watchfloor/test_users.py",
    "watchfloor/test_broker_rights.py",
    "producers/test_mapping.py",
)
"""The files that take longest: begun last, one of them would keep a worker at it while the others have nothing to do."""

SHORT_LIVED_JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""A broker here lives for a minute: optimising its code takes longer than it saves. Proofs and benches have Java's own."""

# How long an example takes is the machine's affair: time is measured by the bench, and no test is wrong by it.
settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("here")

# Warnings are errors; each exception has its reason.
TOLERATED_WARNINGS = (
    # kafka-python 3.0.12 reads its message schemas with a call that Python 3.11 deprecates
    "ignore:(read|open)_text is deprecated:DeprecationWarning",
)


def pytest_configure(config: pytest.Config) -> None:
    # What is started here is compiled once, as an installed environment is: its start is measured, not the compiler's.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    if not PROVE:
        os.environ.setdefault("JAVA_TOOL_OPTIONS", SHORT_LIVED_JAVA)
    if gone := [name for name in LONGEST_FIRST if not (TESTS / name).exists()]:
        raise pytest.UsageError(f"LONGEST_FIRST in tests/conftest.py names files that are not there: {gone}")
    for line in TOLERATED_WARNINGS:
        config.addinivalue_line("filterwarnings", line)
    config.addinivalue_line(
        "markers", "prove: a long form that only `make prove` runs; `make test` says how many were deselected"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the long forms to `make prove`, and put the longest files first; a file's tests keep their order."""
    if not PROVE:
        long = [item for item in items if item.get_closest_marker("prove") is not None]
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item.get_closest_marker("prove") is None]
    first = {TESTS / name: place for place, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: first.get(item.path, len(first)))


@pytest.fixture
def measured(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Says what a test measured: it is printed at the end of the run, also of one by several workers."""
    return lambda text: record_property("measured", text)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [
        one for some in terminalreporter.stats.values() for one in some if getattr(one, "when", "") == "call"
    ]
    told = [(one.nodeid, text) for one in reports for name, text in one.user_properties if name == "measured"]
    if told:
        terminalreporter.section("measured")
    for name, text in told:
        terminalreporter.write_line(f"{name}: {text}")


@pytest.fixture(autouse=True)
def plain_logging() -> Iterator[None]:
    """Forget what a command said about logging: it writes to a stream that ends with the test."""
    yield
    structlog.reset_defaults()


def absent(reason: str) -> None:
    """Skip because a thing cannot be had; in CI, where nothing of the main path may skip, fail."""
    if IN_CI:
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real Apache Kafka, started once a session; topics are kept apart by `topic_prefix`."""
    try:
        with running_broker(tmp_path_factory.mktemp("kafka")) as broker:
            yield broker.address
    except MissingError as missing:
        absent(str(missing))


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real Valkey (unix://PATH), started once a session; keys are kept apart by `topic_prefix`."""
    try:
        with running_valkey(tmp_path_factory.mktemp("valkey")) as server:
            yield server.address
    except MissingError as missing:
        absent(str(missing))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a real PostgreSQL without a database's name, started once a session."""
    try:
        with running_postgresql() as url:
            yield url
    except MissingError as missing:
        absent(str(missing))


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database: each test that takes it runs on both kinds."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'accounts.sqlite3'}"
    return new_database(request.getfixturevalue("postgresql"))


@pytest.fixture
def topic_prefix() -> str:
    """A prefix for topics, groups and Redis keys that no other test has."""
    return f"t{uuid.uuid4().hex[:8]}."


@pytest.fixture(scope="session")
def recorded() -> Path:
    """The folder of recorded feeds (`WATCHFLOOR_TEST_DATA`); skips, or fails in CI, where it is absent."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("WATCHFLOOR_TEST_DATA", beside))
    if not folder.is_dir():
        absent(f"the recorded feeds are not in {folder}: name their folder in WATCHFLOOR_TEST_DATA")
    return folder
