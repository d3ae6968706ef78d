"""A rule set in force: feeds, SLA limits, alert texts, categories, detectors and areas, compiled from its files' bytes.

Compiling is pure: the same bytes give the same rules for ever, which is what lets a refold see what live saw.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import msgspec

from domain.clocks.calendars import Calendar
from domain.clocks.limits import LEAST_PRIORITY, SlaLimit, read_sla
from domain.codes import (
    COUNTY_DIGITS,
    GRID_DIGITS,
    LEVELS,
    TOWNSHIP_DIGITS,
    VILLAGE_DIGITS,
    is_jurisdiction,
    is_unplaced,
    unplaced,
)
from domain.detection import DetectorRules, detector_rules
from domain.duty.roster import Roster, roster_of
from domain.duty.shifts import DeskPlan, desks_of
from domain.feeds.file import read_feed
from domain.feeds.rules import FeedRules
from domain.flows.flow import Flow
from domain.flows.rules import calendars_of, flows_of
from domain.places.boundaries import around
from domain.places.places import NO_GEOMETRY, AreaFile, AreaSet, rings_of, whole
from domain.rule_page import Page

ALERT_KINDS = (
    "due_soon", "overdue", "surge", "feed_silent", "handover_unsigned", "not_received", "supervision_overdue",
)  # fmt: skip
LATER_KINDS = {"handover_unsigned": 3, "not_received": 2, "supervision_overdue": 2}
"""Kinds that the first rule sets did not know, with their priority: such a set stays what it was, and is read as ever."""
UNCATEGORISED = "uncategorised"
UNPLACED_NAME = {"en": "not placed", "zh": "未定位"}


class RulesError(ValueError):
    """A rule set that does not compile; `mistakes` has a sentence for each mistake of every file."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRule:
    """What an alert of a kind says: texts by language (`en`, `zh`); `time_available` says how soon to act.

    An acknowledgement that nothing follows within `ack_ttl_ms` is lost; 0: it stays.
    """

    priority: int
    title: dict[str, str]
    cause: dict[str, str]
    consequence: dict[str, str]
    action: dict[str, str]
    time_available: dict[str, str]
    ack_ttl_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Everything in force under a hash. Immutable; what is derived for look-ups is built once."""

    hash: str
    feeds: dict[str, FeedRules]
    sla: dict[str, SlaLimit]
    default_limit: SlaLimit
    alerts: dict[str, AlertRule]
    categories: dict[str, dict[str, str]]
    detectors: DetectorRules
    areas: dict[str, AreaSet]
    flows: dict[str, Flow]
    calendars: dict[str, Calendar]
    rosters: dict[str, Roster] = field(default_factory=dict, repr=False, compare=False)
    desks: dict[str, DeskPlan] = field(default_factory=dict, repr=False, compare=False)
    _children: dict[str, list[str]] = field(default_factory=dict, repr=False, compare=False)
    _names: dict[str, dict[str, str]] = field(default_factory=dict, repr=False, compare=False)

    def limit(self, category: str) -> SlaLimit:
        """Return the limits of a category; those of `[default]` where it has none of its own."""
        return self.sla.get(category, self.default_limit)

    def flow_of(self, feed: str) -> Flow | None:
        """Return the flow in which people work on a feed's cases; None: the feed itself says what becomes of them."""
        known = self.feeds.get(feed)
        flow = None if known is None else self.flows.get(known.flow)
        return None if flow is None or flow.by_feed else flow

    def calendar_of(self, feed: str) -> Calendar | None:
        """Return the calendar of who handles a feed's cases."""
        known = self.feeds.get(feed)
        return None if known is None else self.calendars.get(known.calendar)

    def roster_of(self, code: str) -> Roster | None:
        """Return the roster of the county that a grid or jurisdiction lies in; None where it has none."""
        return self.rosters.get(code[:COUNTY_DIGITS])

    def successors(self, code: str) -> tuple[str, ...]:
        """Return the areas that came after one when its boundaries were redrawn, sorted; none of one that still holds.

        What was counted before stays under the old code.
        """
        return next(
            (found for one in self.areas.values() if (found := one.boundaries.of(code).successors)), ()
        )

    def holds(self, code: str, at_ms: int | None) -> bool:
        """Tell whether an area is one by the boundaries of an instant; None is after the last change."""
        return all(one.boundaries.of(code).holds(at_ms) for one in self.areas.values())

    def lay_in(self, grid: str, placed: str) -> bool:
        """Tell whether a place found anew is only what the boundaries have since made of a grid.

        It is then no other place: a case counts where it lay when it happened.
        """
        for one in self.areas.values():
            later = one.boundaries.after(grid)
            if not later:
                continue
            prefix = around(sorted(later))
            if placed in later or placed == (whole(prefix) if prefix else unplaced(one.county)):
                return True
        return False

    def name_of(self, code: str, lang: str = "en") -> str:
        """Return the name of a jurisdiction or grid in a language (`en`, else Chinese); the code where it has none."""
        language = "en" if lang == "en" else "zh"
        if len(code) == GRID_DIGITS and is_unplaced(code):
            return f"{self.name_of(code[:COUNTY_DIGITS], lang)} – {UNPLACED_NAME[language]}"
        return self._names.get(code, {}).get(language) or code

    def category_name(self, category: str, lang: str = "en") -> str:
        """Return a category's name in a language; the category itself where it has none."""
        return self.categories.get(category, {}).get("en" if lang == "en" else "zh") or category

    def children(self, code: str) -> list[str]:
        """Return the sorted codes one level below (of "" the provinces); unplaced grids are not among them."""
        return self._children.get(code, [])

    def trail(self, code: str) -> list[str]:
        """Return the codes from the province to a code, itself included."""
        return [code[:digits] for digits in LEVELS if digits <= len(code)]

    def known(self, code: str) -> bool:
        """Tell whether a code is a jurisdiction or a grid of this rule set ("" is the whole area)."""
        return (
            code == ""
            or code in self._children
            or code in self._names
            or code in self._children.get(code[:-3], ())
        )

    def codes_of(self, text: str) -> list[str]:
        """Return the codes that a person may mean by a code, or by a source's own code or name, with or without case.

        Parameters
        ----------
        text
            `990200001`, `47`, `Kalix`, or with the feed or area set in front, `la311:47`.

        Returns
        -------
        list[str]
            Sorted; more than one where several sets use the same text, none where nobody does.

        """
        if self.known(text) or (len(text) >= COUNTY_DIGITS and is_jurisdiction(text)):
            return [text]
        first, colon, rest = text.partition(":")
        sets = list(self.areas.values())
        if colon and first in self.areas:
            sets, text = [self.areas[first]], rest
        elif colon and first in self.feeds:
            own = self.feeds[first].areas
            sets, text = [] if own is None else [own], rest
        return sorted({code for one in sets if (code := one.named(text))})

    def rings(self, code: str) -> list[list[list[float]]]:
        """Return the rings ([lon, lat] pairs) of a grid or area with a shape of its own; of another, none.

        The shape of a prefix without one is the union of its children's, which is the reader's business.
        """
        for areas in self.areas.values():
            area = areas.areas.get(code)
            if area is not None:
                return rings_of(area.geometry) if area.geometry is not NO_GEOMETRY else []
        if len(code) >= TOWNSHIP_DIGITS and not (len(code) == GRID_DIGITS and is_unplaced(code)):
            for feed in self.feeds.values():
                if feed.squares is not None and code.startswith(feed.county):
                    return [feed.squares.ring(code)]
        return []


def compile_rules(parts: Mapping[str, bytes], hash: str) -> Rules:  # noqa: A002 - the field's own name
    """Compile a rule set.

    Parameters
    ----------
    parts
        Bytes of each file by its path: `sla.toml`, `feeds/la311.toml`, `areas/la311.json` …
    hash
        What the rule set is known by.

    Raises
    ------
    RulesError
        With every mistake of every file.

    """
    mistakes: list[str] = []
    areas = _read_areas(parts, mistakes)
    feeds: dict[str, FeedRules] = {}
    for path in sorted(parts):
        if path.startswith("feeds/") and path.endswith(".toml"):
            name = path.removeprefix("feeds/").removesuffix(".toml")
            feeds[name] = read_feed(name, _page(path, parts, mistakes), areas)
    calendars = calendars_of(parts, mistakes)
    flows = flows_of(parts, feeds, calendars, mistakes)
    desks = desks_of(parts, mistakes)
    default, sla = read_sla(_page("sla.toml", parts, mistakes))
    alerts = _read_alerts(_page("alerts.toml", parts, mistakes))
    names = _page("categories.toml", parts, mistakes)
    categories = {category: names.both(category) for category in names.values}
    detectors = DetectorRules()
    try:
        detectors = detector_rules(parts.get("detectors.toml", b""))
    except ValueError as wrong:
        mistakes += str(wrong).splitlines()
    if mistakes:
        raise RulesError(mistakes)
    return Rules(
        hash=hash,
        feeds=feeds,
        sla=sla,
        default_limit=default,
        alerts=alerts,
        categories=categories,
        detectors=detectors,
        areas=areas,
        flows=flows,
        calendars=calendars,
        rosters=_rosters_of(parts),
        desks=desks,
        _children=_children_of(feeds, areas),
        _names=_names_of(feeds, areas),
    )


def _page(path: str, parts: Mapping[str, bytes], mistakes: list[str]) -> Page:
    try:
        table = tomllib.loads(parts.get(path, b"").decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as wrong:
        mistakes.append(f"{path}: is no TOML in UTF-8: {wrong}.")
        table = {}
    return Page(path, table, mistakes)


def _read_areas(parts: Mapping[str, bytes], mistakes: list[str]) -> dict[str, AreaSet]:
    sets: dict[str, AreaSet] = {}
    for path in sorted(parts):
        if not (path.startswith("areas/") and path.endswith(".json")):
            continue
        try:
            file = msgspec.json.decode(parts[path], type=AreaFile)
        except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
            mistakes.append(f"{path}: is no areas file: {wrong}. Make it with `watchfloor areas import`.")
            continue
        codes = [area.code for area in file.areas]
        bad = [code for code in codes if not code or not is_jurisdiction(code)]
        mistakes += [f"{path}: `code` {code!r} has no digits of a level (6, 9, 12 or 15)." for code in bad]
        if codes != sorted(set(codes)):
            mistakes.append(f"{path}: `code` must be sorted and each there once; import the areas again.")
        for code in sorted(
            {*file.validity, *(after for one in file.validity.values() for after in one.successors)}
            - set(codes)
        ):
            mistakes.append(
                f"{path}: `validity` names {code!r}, which is none of its areas; import them again."
            )
        sets[file.set] = AreaSet(file)
    return sets


def _rosters_of(parts: Mapping[str, bytes]) -> dict[str, Roster]:
    """Return the rosters by county, unread: a province's are 30 MB. Whoever publishes a rule set has read them all."""
    return {
        path.removeprefix("roster/").removesuffix(".json"): roster_of(body)
        for path, body in sorted(parts.items())
        if path.startswith("roster/")
    }


def _read_alerts(page: Page) -> dict[str, AlertRule]:
    page.only(*ALERT_KINDS)
    rules: dict[str, AlertRule] = {}
    for kind in ALERT_KINDS:
        one = page.table(kind)
        one.only("priority", "title", "cause", "consequence", "action", "time_available", "ack_ttl_s")
        if kind not in page.values and kind in LATER_KINDS:
            bare = {"en": kind.replace("_", " "), "zh": kind.replace("_", " ")}
            rules[kind] = AlertRule(
                priority=LATER_KINDS[kind], title=bare, cause=bare, consequence=bare, action=bare, time_available=bare
            )  # fmt: skip
            continue
        if kind not in page.values:
            page.wrong(kind, "is missing: every kind of alert needs its texts.")
            continue
        rules[kind] = AlertRule(
            priority=int(one.number("priority", 2, least=1, most=LEAST_PRIORITY) or 2),
            title=one.both("title"),
            cause=one.both("cause"),
            consequence=one.both("consequence"),
            action=one.both("action"),
            time_available=one.both("time_available"),
            ack_ttl_ms=one.span_ms("ack_ttl_s", 1000) or 0,
        )
    return rules


def _children_of(feeds: Mapping[str, FeedRules], areas: Mapping[str, AreaSet]) -> dict[str, list[str]]:
    children: dict[str, set[str]] = {}
    codes = {code for one in areas.values() for code in one.areas}
    for feed in feeds.values():
        # the county of a set of several counties is only where its strays go
        several = feed.areas is not None and any(len(code) == COUNTY_DIGITS for code in feed.areas.areas)
        if not several:
            codes.add(feed.county)
        codes.update(feed.squares.codes() if feed.squares is not None else ())
    levels = (0, *LEVELS)
    for code in codes:
        for above, below in pairwise(levels):
            if below <= len(code):
                children.setdefault(code[:above], set()).add(code[:below])
    return {code: sorted(below) for code, below in children.items()}


def _names_of(feeds: Mapping[str, FeedRules], areas: Mapping[str, AreaSet]) -> dict[str, dict[str, str]]:
    names: dict[str, dict[str, str]] = {}
    for feed in feeds.values():
        names[feed.county] = feed.title
    for one in areas.values():
        for code, area in one.areas.items():
            if area.name:
                name = {"en": area.name, "zh": area.name_zh or area.name}
                names[code] = name
                for digits in (
                    VILLAGE_DIGITS,
                    TOWNSHIP_DIGITS,
                ):  # an area that is all of its village and township
                    if len(code) == GRID_DIGITS and code.endswith("001" * ((GRID_DIGITS - digits) // 3)):
                        names.setdefault(code[:digits], name)
    return names


__all__ = [
    "ALERT_KINDS",
    "UNCATEGORISED",
    "AlertRule",
    "FeedRules",
    "Rules",
    "RulesError",
    "SlaLimit",
    "compile_rules",
]
