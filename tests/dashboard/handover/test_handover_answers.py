"""The handover over HTTP: filled, kept, read again, and copied out, for who has a role at the desk."""

import csv
import dataclasses
import http.client
import io
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from dashboard.entry.door import Who
from dashboard.handover.paper import Copy, Signatures, as_csv, as_pdf
from tests.browser import town
from tests.browser.wall_server import serving
from tests.dashboard.desk_town import DESK, NOTES, TOWNSHIP, DeskTown

ROLES: dict[str, list[dict[str, str]]] = {
    "a-7": [{"role": "duty_officer", "scope": DESK, "team": ""}],
    "a-8": [{"role": "dispatcher", "scope": TOWNSHIP, "team": ""}],
    "a-9": [{"role": "grid_worker", "scope": "", "team": ""}],
}


class Staffed(town.OpenDoor):
    """A doorkeeper who knows what roles people have."""

    async def me(self, who: Who) -> dict[str, Any]:
        return {"state": who.state, "roles": ROLES.get(who.account, [])}


@pytest.fixture(scope="module")
def desk_town(tmp_path_factory: pytest.TempPathFactory) -> DeskTown:
    return DeskTown(tmp_path_factory.mktemp("town"))


@pytest.fixture(scope="module")
def keeper() -> Staffed:
    return Staffed()


@pytest.fixture(scope="module")
def wall(desk_town: DeskTown, keeper: Staffed) -> Iterator[str]:
    with serving(dataclasses.replace(desk_town.surroundings(), keeper=keeper)) as address:
        yield address


@pytest.fixture(autouse=True)
def officer(keeper: Staffed) -> None:
    keeper.here = Who(state="account", account="a-7")


def ask(wall: str, path: str, body: Any = None) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection(urlsplit(wall).netloc, timeout=20)
    try:
        method, text = ("GET", None) if body is None else ("POST", json.dumps(body))
        connection.request(method, path, text, {"content-type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def told(wall: str, path: str, body: Any = None) -> Any:
    status, _, said = ask(wall, path, body)
    assert status == 200, said
    return json.loads(said)


def test_a_page_that_is_filled_is_kept_and_read_again_as_it_was(wall: str, desk_town: DeskTown) -> None:
    filled = told(wall, "/handover/fill", {"desk": DESK})
    assert desk_town.store.has(filled["sha256"])
    again = told(wall, f"/handover/page?sha256={filled['sha256']}")
    assert again["page"] == filled["page"]
    assert set(again["texts"].values()) >= set(NOTES)
    views = desk_town.vault.views(f"d-{DESK}")
    assert {(one.account, one.purpose) for one in views} == {("a-7", "handling")}


def test_the_preview_opens_no_text_and_leaves_no_file(wall: str, desk_town: DeskTown) -> None:
    before = len(desk_town.vault.views())
    preview = told(wall, f"/handover.json?desk={DESK}")
    assert preview["page"]["critical"] == ["03-2-0", "03-1-0"]
    assert [one["code"] for one in preview["desks"]] == [DESK, TOWNSHIP]
    assert len(desk_town.vault.views()) == before
    assert told(wall, "/handover/texts", {"desk": DESK})


@pytest.mark.parametrize(
    ("who", "desk", "status"),
    [
        (Who(state="account", account="a-7"), DESK, 200),
        (Who(state="account", account="a-7"), TOWNSHIP, 200),
        (Who(state="account", account="a-8"), TOWNSHIP, 200),
        (Who(state="account", account="a-8"), DESK, 403),
        (Who(state="account", account="a-9"), DESK, 403),
        (Who(state="wall"), DESK, 403),
        (Who(state="none"), DESK, 401),
        (Who(state="open", account="local"), DESK, 200),
        (Who(state="open", account="local"), "99x", 404),
    ],
)
def test_a_desks_page_is_for_who_has_a_role_there(
    wall: str, keeper: Staffed, who: Who, desk: str, status: int
) -> None:
    filled = told(wall, "/handover/fill", {"desk": DESK})["sha256"]
    keeper.here = who
    assert ask(wall, f"/handover.json?desk={desk}")[0] == status
    assert ask(wall, "/handover/fill", {"desk": desk})[0] == status
    if desk == DESK:
        for path in ("page", "pdf", "csv"):
            place = f"/handover/{path}" if path == "page" else f"/handover.{path}"
            assert ask(wall, f"{place}?sha256={filled}")[0] == status


@pytest.mark.parametrize("path", ["/handover/page", "/handover.pdf", "/handover.csv"])
def test_a_page_that_is_not_kept_is_not_there(wall: str, path: str) -> None:
    for name in ("0" * 64, "../../x", ""):
        assert ask(wall, f"{path}?sha256={name}")[0] == 404


def test_the_papers_have_the_signatures_the_notes_and_no_number_of_a_person(
    wall: str, desk_town: DeskTown
) -> None:
    sha256 = told(wall, "/handover/fill", {"desk": DESK})["sha256"]
    desk = desk_town.material.desks[DESK]
    desk["last"] = {
        "sha256": sha256, "shift": 1, "prepared_by": "a-7", "prepared_ms": town.NOW_MS,
        "accepted_by": "a-8", "accepted_ms": town.NOW_MS + 60_000, "ticked": [],
    }  # fmt: skip
    status, headers, body = ask(wall, f"/handover.csv?sha256={sha256}&lang=zh")
    assert status == 200
    assert headers["content-disposition"] == f'attachment; filename="handover-{sha256[:12]}.csv"'
    text = body.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert ["指纹", sha256] in rows
    assert any("Front desk 于 2023-11-15 06:13 准备" in cell for row in rows for cell in row)
    assert "泵房三号机组偏热" in text
    assert "13812345678" not in text
    (out,) = [row for row in rows if "T-1204" in row]
    assert out[4:] == ["已停用", "未定", "Front desk", "Lamps are changed", "T-1204"]
    status, headers, body = ask(wall, f"/handover.pdf?sha256={sha256}&lang=zh")
    assert (status, headers.get_content_type(), body[:5]) == (200, "application/pdf", b"%PDF-")
    desk["last"] = None


def test_the_same_page_gives_the_same_papers_and_an_erased_note_says_so(
    desk_town: DeskTown, wall: str
) -> None:
    filled = told(wall, "/handover/fill", {"desk": DESK})
    copy = Copy(
        page=filled["page"], sha256=filled["sha256"], signed=Signatures(prepared_by="=cmd", prepared_ms=1)
    )
    for lang in ("en", "zh-CN"):
        assert as_pdf(copy, lang) == as_pdf(copy, lang)
        assert as_csv(copy, lang) == as_csv(copy, lang)
    text = as_csv(copy, "en").decode("utf-8-sig")
    assert text.count("(erased)") == 5
    assert "Sign: read and accepted: not signed" in text


def test_no_cell_of_the_table_is_a_formula(desk_town: DeskTown, wall: str) -> None:
    page = told(wall, "/handover/fill", {"desk": DESK})["page"]
    page["tables"]["notes"][0] |= {"text": "=1+1", "account": "@sum"}
    rows = list(csv.reader(io.StringIO(as_csv(Copy(page=page, sha256="a" * 64), "en").decode("utf-8-sig"))))
    cells = [cell for row in rows for cell in row]
    assert "'=1+1" in cells
    assert "'@sum" in cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@"))]
