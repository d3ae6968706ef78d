"""Splitting a case: the parts are cases of their own, as far on as their parent."""

from domain.cases.case import Case
from domain.records import Tick
from tests.domain.cases.test_case_work import counts
from tests.domain.small_town import HOUR, MINUTE, T0
from tests.domain.workshop import Workshop


def parts_of(shop: Workshop, case: Case) -> list[Case]:
    work = shop.floor.casework[int(case.id[:2])]
    assert case.work is not None
    return [work.cases[name] for name in case.work.parts]


def split(shop: Workshop, *texts: str) -> tuple[Case, list[Case]]:
    parent = shop.case()
    assert shop.do("split", case=parent, given={"parts": list(texts)})["ok"]
    return parent, parts_of(shop, parent)


def test_each_part_but_the_first_is_a_case_that_names_its_parent() -> None:
    shop = Workshop()
    opened = shop.report(lon=7.25, lat=47.5, channel="phone")
    shop.done("accept")
    parent, (second, third) = split(shop, "the lamp", "the hole", "the noise")
    assert parent is opened
    assert [one.id for one in (second, third)] == [
        f"{parent.work and parent.work.parts[0][:-2]}.{n}" for n in (1, 2)
    ]
    assert second.id[:2] == parent.id[:2]
    for case, about in ((parent, "the lamp"), (second, "the hole"), (third, "the noise")):
        shown = case.public()
        assert (shown["about"], shown["step"], shown["grid"], shown["lon"]) == (
            about,
            "dispatch",
            parent.grid,
            7.25,
        )
    assert parent.public()["parts"] == (second.id, third.id)
    assert (second.public()["parent"], second.public()["version"]) == (parent.id, 1)
    assert parent.public()["version"] == 3
    story = second.work and second.work.story[0]
    assert story is not None
    assert (story.kind, story.account, story.given, story.what) == (
        "split",
        "clerk",
        {"text": "the hole"},
        {"parent": parent.id},
    )
    assert parent.work is not None
    assert parent.work.story[-1].what == {"parts": [second.id, third.id]}


def test_parts_count_as_opened_now_and_have_their_parents_start_and_pauses() -> None:
    shop = Workshop()
    shop.report()
    shop.done("accept", "ask")
    shop.at(HOUR)
    shop.done("answer")
    shop.at(2 * HOUR)
    assert counts(shop) == (1, 0)
    parent, (part,) = split(shop, "one", "other")
    assert counts(shop) == (2, 0)
    assert (part.opened_ms, part.arrived_ms) == (parent.opened_ms, T0 + 2 * HOUR)
    assert part.work is not None
    assert parent.work is not None
    assert (part.due_ms, part.work.step) == (parent.due_ms, parent.work.step)
    assert part.work.whole.clock == parent.work.whole.clock
    assert part.work.whole.clock.pauses == ((T0, T0 + HOUR),)


def test_a_part_of_an_overdue_case_is_overdue_with_an_alert_of_its_own() -> None:
    shop = Workshop()
    shop.report()
    shop.done("accept")
    shop.at(5 * HOUR)
    for work in shop.floor.casework:
        shop.floor.into_journal(work.partition, Tick())
    _, (part,) = split(shop, "one", "other")
    assert counts(shop) == (2, 2)
    alerts = [(alert.case, alert.kind) for alert in shop.work().alerts.values() if alert.clock == "resolve"]
    assert (part.id, "overdue") in alerts


def test_a_part_goes_its_own_way_and_reports_are_about_the_parent() -> None:
    shop = Workshop()
    shop.report()
    shop.done("accept")
    parent, (part,) = split(shop, "one", "other")
    shop.done("assign", case=part)
    assert (part.step, parent.step) == ("handle", "dispatch")
    shop.at(MINUTE).report(id="1", closed_ms=MINUTE)
    assert (part.step, parent.step) == ("handle", "closed")
    shop.report(id="1", closed_ms=MINUTE)
    assert (part.repeats, parent.repeats) == (0, 1)
    shop.grant("handling_unit", "handling_unit", team="team a")
    shop.done("done", "feed_back", "close", case=part)
    assert counts(shop) == (0, 0)


def test_a_split_stands_and_makes_a_second_one_stale() -> None:
    shop = Workshop()
    case = shop.report()
    answer = shop.done("split")
    assert shop.do("undo", by="clerk", case=case, undoes=answer["id"])["reason"] == "too_late"
    assert shop.do("split", by="dispatcher", case=case, version=1)["reason"] == "stale"
    assert shop.do("split", case=case, given={"parts": ["alone"]})["reason"] == "missing"
    assert shop.do("split", case=case, given={"parts": ["twice", "twice"]})["reason"] == "missing"


def test_twenty_parts_have_ids_in_their_order_and_a_part_may_be_split_again() -> None:
    shop = Workshop()
    shop.report()
    parent, parts = split(shop, *(f"part {number}" for number in range(20)))
    ids = [part.id for part in parts]
    assert len(ids) == 19
    assert ids == sorted(ids)
    assert all(parent.id < one for one in ids)
    assert shop.do("split", case=parts[3])["ok"]
    assert parts_of(shop, parts[3])[0].public()["parent"] == parts[3].id
