"""Handovers: two signatures over the same page, and an alert where the second one is missing."""

from typing import Any

import msgspec
import pytest

from domain.audit import Line
from domain.codes import partition_of_name
from domain.desks.desk import Desk
from domain.duty.shifts import DeskPlan
from domain.records import Command, Grant, Tick
from tests.domain.memory_floor import Floor, refold
from tests.domain.small_town import HOUR, MINUTE, T0, rules_of

DESK = "990100001"
PAGE, OTHER = "a" * 64, "b" * 64


class Post:
    """A floor with desks and three who may sign: the day's and the night's officer, and a supervisor."""

    def __init__(self, desk: str = DESK, *, staffed: bool = True) -> None:
        self.floor = Floor(rules_of, shared=False)
        self.floor.now_ms = T0
        self.desk = desk
        self._n = 0
        self.floor.publish("first")
        if staffed:
            self.grant("day", "duty_officer")
            self.grant("night", "dispatcher")
            self.grant("chief", "supervisor")

    @property
    def plan(self) -> DeskPlan:
        return rules_of("first").desks[self.desk]

    @property
    def shift(self) -> int:
        return self.plan.nearest(self.floor.now_ms).end_ms

    @property
    def state(self) -> Desk:
        return self.work._handovers.desks[self.desk]

    @property
    def work(self) -> Any:
        return self.floor.casework[partition_of_name(self.desk)]

    def grant(self, account: str, role: str, scope: str = "990100", *, on: bool = True) -> None:
        self._n += 1
        for partition in range(16):
            grant = Grant(id=f"g{self._n}", number=self._n, account=account, role=role, scope=scope, on=on)
            self.floor.into_journal(partition, grant)

    def at(self, ms: int) -> "Post":
        self.floor.now_ms = ms
        self.floor.into_journal(partition_of_name(self.desk), Tick())
        return self

    def do(self, action: str, by: str, desk: str = "", **given: Any) -> dict[str, Any]:
        self._n += 1
        command = Command(id=f"c{self._n}", action=action, desk=desk or self.desk, given=given, account=by)
        self.work.take_changes()
        self.floor.into_journal(partition_of_name(self.desk), command)
        answer: dict[str, Any] = msgspec.json.decode(self.work.take_changes().body)["answers"][command.id]
        return answer

    def prepare(self, by: str = "day", sha256: str = PAGE, **given: Any) -> dict[str, Any]:
        return self.do("hand_over", by, **({"sha256": sha256, "shift": self.shift} | given))

    def told(self) -> list[tuple[int, str]]:
        facts = [msgspec.json.decode(effect.value) for effect in self.floor.alerts]
        self.floor.alerts.clear()
        return [(one["t_ms"], one["fact"]) for one in facts if one["alert"]["key"] == f"handover:{self.desk}"]


def test_both_sign_the_same_page_and_the_handover_is_kept() -> None:
    post = Post()
    assert post.prepare()["ok"]
    assert post.do("take_post", "night", sha256=PAGE)["ok"]
    assert post.state.open is None
    last = post.state.last
    assert last is not None
    assert (last.prepared_by, last.accepted_by, last.sha256) == ("day", "night", PAGE)


def test_whoever_prepared_a_page_may_not_accept_it() -> None:
    post = Post()
    post.prepare()
    answer = post.do("take_post", "day", sha256=PAGE)
    assert (answer["ok"], answer["reason"]) == (False, "same_account")
    assert post.state.open is not None


def test_a_page_that_was_filled_anew_must_be_read_anew() -> None:
    post = Post()
    post.prepare()
    post.prepare(sha256=OTHER)
    answer = post.do("take_post", "night", sha256=PAGE)
    assert (answer["reason"], "changed" in answer["sentence"]) == ("changed", True)
    assert post.do("take_post", "night", sha256=OTHER)["ok"]


def test_critical_items_are_ticked_before_a_page_is_accepted() -> None:
    post = Post()
    post.prepare(critical=["03-1-0", "03-2-0"])
    assert post.do("take_post", "night", sha256=PAGE, ticked=["03-1-0"])["reason"] == "not_ticked"
    assert post.do("take_post", "night", sha256=PAGE, ticked=["03-2-0", "03-1-0"])["ok"]


@pytest.mark.parametrize(
    ("action", "by", "given", "reason"),
    [
        ("hand_over", "nobody", {"sha256": PAGE}, "no_role"),
        ("hand_over", "elsewhere", {"sha256": PAGE}, "no_role"),
        ("hand_over", "clerk", {"sha256": PAGE}, "no_role"),
        ("hand_over", "local", {"sha256": PAGE}, "no_role"),
        ("hand_over", "day", {"sha256": "abc"}, "missing"),
        ("hand_over", "day", {"sha256": PAGE, "shift": T0}, "no_shift"),
        ("hand_over", "day", {"sha256": PAGE, "critical": ["x"] * 51}, "missing"),
        ("take_post", "night", {"sha256": PAGE}, "not_prepared"),
        ("note_shift", "day", {"text": " "}, "missing"),
        ("move_scope", "day", {"scope": DESK + "001", "to": "990100"}, "no_role"),
        ("move_scope", "chief", {"scope": "990100002", "to": "990100"}, "out_of_scope"),
        ("move_scope", "chief", {"scope": DESK + "001", "to": "990200"}, "out_of_scope"),
        ("move_scope", "chief", {"scope": "x", "to": "990100"}, "missing"),
        ("fly", "day", {}, "unknown_action"),
    ],
)
def test_what_is_refused_is_explained_and_changes_nothing(
    action: str, by: str, given: dict[str, Any], reason: str
) -> None:
    post = Post()
    post.grant("clerk", "clerk")
    post.grant("elsewhere", "duty_officer", "990100002")
    before = post.work.plain()["handovers"]
    answer = post.do(action, by, **given)
    assert (answer["ok"], answer["reason"]) == (False, reason)
    assert answer["sentence"].endswith(".")
    assert post.work.plain()["handovers"] == before


def test_a_shift_that_nobody_hands_over_is_an_alert_15_minutes_after_its_end() -> None:
    post = Post()
    end_ms = post.plan.after(T0).end_ms
    post.at(end_ms + 15 * MINUTE - 1)
    assert post.told() == []
    post.at(end_ms + 15 * MINUTE)
    assert post.told() == [(end_ms + 15 * MINUTE, "raised")]
    (alert,) = post.work.alerts.values()
    assert (alert.scope, alert.priority, alert.since_ms) == (DESK, 3, end_ms)
    lines = [msgspec.json.decode(effect.value, type=Line) for effect in post.floor.audit]
    assert [(one.account, one.desk) for one in lines if one.action == "handover_unsigned"] == [
        ("clock", DESK)
    ]


def test_a_late_signature_ends_the_alert() -> None:
    post = Post()
    end_ms = post.plan.after(T0).end_ms
    post.at(end_ms + HOUR).told()
    post.prepare()
    assert post.do("take_post", "night", sha256=PAGE)["ok"]
    assert [fact for _, fact in post.told()] == ["cleared"]


def test_a_handover_signed_before_the_shifts_end_raises_nothing() -> None:
    post = Post()
    end_ms = post.plan.after(T0).end_ms
    post.at(end_ms - 10 * MINUTE)
    post.prepare()
    post.do("take_post", "night", sha256=PAGE)
    post.at(end_ms + HOUR)
    assert post.told() == []


def test_a_prepared_page_that_nobody_accepts_is_an_alert_after_15_minutes_at_any_desk() -> None:
    post = Post("990100003")
    post.floor.now_ms = T0
    assert post.do("hand_over", "day", sha256=PAGE)["ok"]
    post.at(T0 + 15 * MINUTE)
    assert post.told() == [(T0 + 15 * MINUTE, "raised")]
    post.at(T0 + 3 * HOUR)
    assert post.told() == []
    post.do("take_post", "night", sha256=PAGE)
    assert post.told() == [(T0 + 3 * HOUR, "cleared")]


def test_a_signature_for_an_old_shift_leaves_the_alert_about_a_later_one() -> None:
    post = Post()
    first = post.plan.after(T0).end_ms
    second = post.plan.after(first).end_ms
    post.at(first + 11 * HOUR)
    post.prepare(shift=first)
    post.at(second + 20 * MINUTE).told()
    post.do("take_post", "night", sha256=PAGE)
    assert post.told() == []
    assert len(post.work.alerts) == 1


def test_a_desk_for_which_nobody_may_sign_is_not_watched() -> None:
    post = Post(staffed=False)
    post.at(T0 + 48 * HOUR)
    assert post.told() == []
    post.grant("day", "duty_officer")
    post.at(T0 + 72 * HOUR)
    assert len(post.told()) == 1
    post.grant("day", "duty_officer", on=False)
    assert [fact for _, fact in post.told()] == ["cleared"]
    post.at(T0 + 96 * HOUR)
    assert post.told() == []


def test_local_prepares_until_there_are_accounts() -> None:
    post = Post("990100003", staffed=False)
    assert post.do("hand_over", "local", sha256=PAGE)["ok"]
    assert post.do("take_post", "local", sha256=PAGE)["reason"] == "same_account"


def test_the_notes_that_a_page_holds_leave_with_it_and_later_ones_stay() -> None:
    post = Post()
    for text in ("one", "two"):
        assert post.do("note_shift", "day", text=text)["ok"]
    post.at(T0 + MINUTE)
    post.prepare()
    post.at(T0 + 2 * MINUTE)
    post.do("note_shift", "night", text="three")
    post.do("take_post", "night", sha256=PAGE)
    assert [note.text for note in post.state.notes] == ["three"]


def test_only_the_newest_20_notes_are_kept() -> None:
    post = Post()
    for number in range(25):
        post.do("note_shift", "day", text=str(number))
    assert [note.text for note in post.state.notes] == [str(number) for number in range(5, 25)]


def test_a_scope_goes_to_another_desk_and_back() -> None:
    post = Post()
    assert post.do("move_scope", "chief", scope=DESK + "001", to="990100")["ok"]
    assert {scope: (one.to, one.by) for scope, one in post.state.moved.items()} == {
        DESK + "001": ("990100", "chief")
    }
    assert post.do("move_scope", "chief", scope=DESK + "001", to=DESK)["ok"]
    assert post.state.moved == {}


def test_a_command_for_a_desk_of_another_partition_is_refused() -> None:
    post = Post()
    other = next(
        code for code in ("990100002", "990100003") if partition_of_name(code) != post.work.partition
    )
    assert post.do("hand_over", "day", desk=other, sha256=PAGE)["reason"] == "no_desk"


def test_the_read_models_have_the_desks_and_the_rule_sets_of_the_day() -> None:
    post = Post()
    post.at(T0 + MINUTE)
    post.floor.publish("faster")
    post.prepare()
    _, _, shown, _ = refold(
        lambda: post.floor.new_casework(post.work.partition), post.floor.journal[post.work.partition]
    )
    assert shown["desks"][DESK]["open"]["sha256"] == PAGE
    assert shown["rule_changes"][str(post.work.partition)] == [[T0, "first"], [T0 + MINUTE, "faster"]]


def test_a_scope_goes_only_to_a_desk_where_somebody_could_act_on_its_cases() -> None:
    post = Post(staffed=False)
    post.grant("chief", "supervisor")
    post.grant("there", "dispatcher", "990100002")
    answer = post.do("move_scope", "chief", scope=DESK + "001", to="990100002")
    assert (answer["ok"], answer["reason"]) == (False, "not_manned")
    post.grant("there", "dispatcher", DESK + "001")
    assert post.do("move_scope", "chief", scope=DESK + "001", to="990100002")["ok"]


def test_a_moved_scope_comes_back_when_nobody_at_the_other_desk_has_a_right_over_it_any_more() -> None:
    post = Post()
    post.do("move_scope", "chief", scope=DESK + "001", to="990100002")
    post.grant("day", "duty_officer", on=False)
    assert set(post.state.moved) == {DESK + "001"}, "the night's dispatcher still has both"
    post.work.take_changes()
    post.grant("night", "dispatcher", on=False)
    assert post.state.moved == {}
    shown = msgspec.json.decode(post.work.take_changes().body)
    assert shown["desks"][DESK]["moved"] == {}, "the queues follow it"
    lines = [msgspec.json.decode(effect.value, type=Line) for effect in post.floor.audit]
    (line,) = [one for one in lines if one.action == "scope_returned"]
    assert (line.account, line.desk) == ("rules", DESK)
    assert (line.before, line.after) == ({"moved": {DESK + "001": "990100002"}}, {"moved": {}})
