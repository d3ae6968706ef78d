"""The contract of one detector of surges in counts of equal intervals, behind River's own interface.

A detector keeps its own place in time, so it is told every interval in order: counted, empty or unobserved.
It has no clock, no randomness and no pickle: equal calls give equal plain values, byte for byte.
"""

import abc
from collections.abc import Mapping
from typing import Any

from river.base import AnomalyDetector

from detectors.negative_binomial import Expected

BYTES_A_PAIR = 4096
"""What a pair may take in a snapshot, encoded in msgpack: 20,000 pairs are then 80 MB at most."""

HIGHEST_SCORE = 16.0
"""Scores end here: beyond one in 10^16 the model is wrong before the town is."""


class CountDetector(AnomalyDetector, abc.ABC):
    """What every detector in the catalogue promises; ``tests/detectors/test_contract.py`` holds it to this.

    ``x`` is always ``{"count": n}`` with n the reports of one interval, a whole number from 0.
    """

    @abc.abstractmethod
    def score_one(self, x: dict[str, Any]) -> float:
        """-log10 of the chance of this count or more in the next interval, 0 … 16; changes nothing."""

    @abc.abstractmethod
    def learn_one(self, x: dict[str, Any]) -> None:
        """Learn the next interval."""

    @abc.abstractmethod
    def learn_empty(self, intervals: int) -> None:
        """Learn a run of empty intervals, 0 …: exactly the state that as many single ones give."""

    @abc.abstractmethod
    def skip(self, intervals: int) -> None:
        """Pass over intervals that nobody observed, 0 …: time goes on, nothing is learned."""

    @property
    @abc.abstractmethod
    def warm(self) -> bool:
        """Whether enough was learned for a verdict."""

    @abc.abstractmethod
    def expected(self) -> Expected:
        """What the next interval holds if nothing is wrong; changes nothing."""

    @abc.abstractmethod
    def plain(self) -> dict[str, Any]:
        """The state (not the parameters) as str-keyed dicts, lists, ints and floats; at most 4 kB in msgpack."""

    @abc.abstractmethod
    def restore(self, plain: Mapping[str, Any]) -> None:
        """Take over the state that `plain` gave, of a detector with these parameters."""
