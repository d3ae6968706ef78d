"""Rule sets as the pages read them: an atlas of each one in use, and the words of its alerts, categories and feeds."""

import asyncio
from typing import Any, Protocol

from config.rules import RulesMissingError
from dashboard.answers.geometry import Atlas
from domain.flows.flow import Flow
from domain.rules import Rules, RulesError

# Two are in force while a rule set changes, and a replay may look at a third.
ATLASES_KEPT = 3


class RuleSets(Protocol):
    """Where compiled rule sets come from: `config.rules.RuleStore`."""

    def rules_of(self, hash: str) -> Rules:  # noqa: A002 - the store's own name
        """Return the compiled rule set of a hash."""


class NoRulesYetError(LookupError):
    """No rule set is in force, or none of that hash is known."""


class Bookshelf:
    """Atlases by rule set, the newest few kept. Compiling happens in a thread: a province takes seconds.

    Parameters
    ----------
    rule_sets
        Where they come from.

    """

    def __init__(self, rule_sets: RuleSets) -> None:
        self._rule_sets = rule_sets
        self._kept: dict[str, tuple[Rules, Atlas]] = {}
        self._one_at_a_time = asyncio.Lock()

    async def open(self, hash_: str) -> tuple[Rules, Atlas]:
        """Return a rule set and its atlas.

        Raises
        ------
        NoRulesYetError
            If the hash is empty, or none of that hash is known.

        """
        if not hash_:
            raise NoRulesYetError("No rule set is in force yet; `watchfloor up` publishes the first.")
        async with self._one_at_a_time:
            if hash_ not in self._kept:
                try:
                    rules = await asyncio.to_thread(self._rule_sets.rules_of, hash_)
                except (RulesMissingError, RulesError) as gone:
                    raise NoRulesYetError(str(gone)) from gone
                while len(self._kept) >= ATLASES_KEPT:
                    del self._kept[next(iter(self._kept))]
                self._kept[hash_] = (rules, Atlas(rules))
            return self._kept[hash_]


def words_of(rules: Rules) -> dict[str, Any]:
    """Return what a rule set says to people.

    Alert texts by kind, names of categories and feeds, of all that a flow names,
    the desks with number and shifts, what surges are judged by, the feeds' zones.
    """
    return {
        "rules": rules.hash,
        "alerts": {
            kind: {
                "title": rule.title,
                "cause": rule.cause,
                "consequence": rule.consequence,
                "action": rule.action,
                "time_available": rule.time_available,
            }
            for kind, rule in rules.alerts.items()
        },
        "categories": rules.categories,
        "feeds": {name: feed.title for name, feed in rules.feeds.items()},
        "flows": {name: _flow_words(flow) for name, flow in rules.flows.items()},
        "flow_of": {name: feed.flow for name, feed in rules.feeds.items()},
        "desks": {
            code: {"title": desk.title, "phone": desk.phone, "zone": desk.zone, "shifts": desk.shifts}
            for code, desk in sorted(rules.desks.items())
        },
        "detector": {
            name: getattr(rules.detectors, name)
            for name in (
                "model",
                "interval_s",
                "half_life_days",
                "warmup_intervals",
                "enter_probability",
                "min_count",
            )
        },
        "zones": sorted({feed.zone.key for feed in rules.feeds.values()}),
    }


def _flow_words(flow: Flow) -> dict[str, Any]:
    """Return the titles of a flow's steps, flags, actions and outcomes."""
    return {
        "steps": {name: step.title for name, step in flow.steps.items()},
        "flags": {name: flag.title for name, flag in flow.flags.items()},
        "actions": {name: action.title for name, action in flow.actions.items()},
        "outcomes": dict(flow.outcomes),
    }
