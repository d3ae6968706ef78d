"""Who may see figures of where, and what is asked of the answers behind the page of reports."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from dashboard.entry.door import EVERYBODY, NOBODY, SCREEN, Who
from tests.browser import town
from tests.browser.reports_month import END_MS, MonthEvaluations
from tests.browser.wall_server import serving
from tests.dashboard.test_web import body, get
from tests.domain.small_town import T0

SPAN = f"from={T0}&to={END_MS}&by=jurisdiction"


@pytest.fixture(scope="module")
def around(tmp_path_factory: pytest.TempPathFactory) -> town.Surroundings:
    made = town.surroundings(tmp_path_factory.mktemp("rules"), town.Gateway())
    return replace(made, evaluations=MonthEvaluations())


@pytest.fixture(scope="module")
def wall(around: town.Surroundings) -> Iterator[str]:
    with serving(around) as address:
        yield address


def let_in(around: town.Surroundings, who: Who, *scopes: str) -> None:
    door: Any = around.keeper
    door.here, door.roles = who, [{"role": "clerk", "scope": scope, "team": ""} for scope in scopes]


def test_figures_are_for_who_has_a_right_in_the_scope(around: town.Surroundings, wall: str) -> None:
    account = Who(state="account", account="a1", sign_in="s1")
    cases = [
        (EVERYBODY, (), "", 200),
        (NOBODY, (), "990100", 401),
        (SCREEN, (), "990100", 403),
        (account, ("990100002",), "990100002", 200),
        (account, ("990100002",), "990100002001", 200),
        (account, ("990100002",), "990100", 403),
        (account, ("990100002",), "", 403),
        (account, (), "990100", 403),
    ]
    try:
        for who, scopes, asked, status in cases:
            let_in(around, who, *scopes)
            for path in ("/reports.json", "/reports.csv"):
                assert get(wall, f"{path}?scope={asked}&{SPAN}")[0] == status, (who, scopes, asked)
    finally:
        let_in(around, EVERYBODY)


def test_an_answer_has_the_figures_with_names_in_both_languages(wall: str) -> None:
    found = body(wall, f"/reports.json?scope=990100&{SPAN}")
    assert [row["code"] for row in found["rows"]] == ["990100001", "990100002", "990100003"]
    assert found["names"]["990100002"] == {"en": "Birch Hollow", "zh": "Birch Hollow"}
    assert found["titles"]["dispatch"] == {"en": "Dispatch", "zh": "任务派遣"}
    assert found["whole"]["due"] == sum(row["due"] for row in found["rows"]) > 0
    assert body(wall, "/reports.json?scope=990100")["clock_ms"] == END_MS


@pytest.mark.parametrize(
    "query",
    [
        "scope=99010&" + SPAN,
        "scope=990100&from=1&to=1&by=desk",
        "from=1&to=99999999999&by=desk",
        "from=x&to=2&by=desk",
        f"from={T0}&to={END_MS}&by=person",
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_sentence(wall: str, query: str) -> None:
    status, _, said = get(wall, f"/reports.json?{query}")
    assert status == 400
    assert b'"error"' in said
