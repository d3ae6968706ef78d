"""The flows and calendars of a rule set: compiled from its parts, and checked against the feeds that use them."""

from collections.abc import Mapping

from domain.clocks.calendars import Calendar, CalendarError, read_calendar
from domain.feeds.file import SOURCE
from domain.feeds.rules import DAY_MS, FeedRules
from domain.flows.file import read_flows
from domain.flows.flow import Flow


def calendars_of(parts: Mapping[str, bytes], mistakes: list[str]) -> dict[str, Calendar]:
    """Return the calendars by name; mistakes are added to the list."""
    calendars: dict[str, Calendar] = {}
    for path in sorted(parts):
        if path.startswith("calendars/"):
            try:
                calendars[path.removeprefix("calendars/").removesuffix(".json")] = read_calendar(parts[path])
            except CalendarError as wrong:
                mistakes.append(f"{path}: {wrong}")
    return calendars


def flows_of(
    parts: Mapping[str, bytes],
    feeds: Mapping[str, FeedRules],
    calendars: Mapping[str, Calendar],
    mistakes: list[str],
) -> dict[str, Flow]:
    """Return the flows; each feed's must be there, and know its working hours where somebody works in it."""
    kept: dict[str, float] = {}
    for feed in feeds.values():
        days = float("inf") if feed.keep_closed_ms is None else feed.keep_closed_ms / DAY_MS
        kept[feed.flow] = min(days, kept.get(feed.flow, days))
    flows: dict[str, Flow] = {}
    if "flow.toml" in parts:  # rule sets from before there were flows have none
        flows, wrong = read_flows(parts["flow.toml"], lambda name: kept.get(name, float("inf")))
        mistakes += wrong
    for name, feed in feeds.items():
        flow = flows.get(feed.flow)
        if flow is None and feed.flow != SOURCE:
            known = ", ".join(flows) or "none"
            mistakes.append(f"feeds/{name}.toml: `flow` names {feed.flow!r}; flow.toml has {known}.")
        if feed.calendar not in calendars and (feed.calendar or (flow is not None and not flow.by_feed)):
            known = ", ".join(calendars) or "none"
            mistakes.append(f"feeds/{name}.toml: `calendar` must name one of the calendars ({known}).")
    return flows
