"""Reading a rule file's fields: each of the expected kind, each mistake a sentence with file and field, none stopping at the first."""

import math
from collections.abc import Mapping, Sequence
from typing import Any


class Page:
    """A table of a rule file, with the mistakes found so far.

    A field that is wrong is noted and read as its default, so that all mistakes of a file are told at once.
    """

    def __init__(self, file: str, table: Mapping[str, Any], mistakes: list[str], prefix: str = "") -> None:
        self.file = file
        self.values = table
        self.mistakes = mistakes
        self._prefix = prefix

    def wrong(self, field: str, sentence: str) -> None:
        """Note a mistake of a field."""
        self.mistakes.append(f"{self.file}: `{self._prefix}{field}` {sentence}")

    def only(self, *fields: str) -> None:
        """Note every field that has no meaning here: most of them are slips of the pen."""
        for field in self.values:
            if field not in fields:
                self.wrong(field, f"is not known; known are {', '.join(fields)}.")

    def text(self, field: str, default: str = "", *, needed: bool = False) -> str:
        """Return a text; `needed` asks for one that is not empty."""
        value: Any = self.values.get(field, default)
        if not isinstance(value, str):
            self.wrong(field, f"must be a text, and is {value!r}.")
            return default
        if needed and not value:
            self.wrong(field, "is missing.")
        return str(value)

    def choice(self, field: str, choices: Sequence[str], default: str) -> str:
        """Return one of some words."""
        value = self.values.get(field, default)
        if value not in choices:
            self.wrong(field, f"must be one of {', '.join(choices)}, and is {value!r}.")
            return default
        return str(value)

    def number(
        self, field: str, default: float | None, *, least: float = 0.0, most: float = math.inf
    ) -> float | None:
        """Return a number within limits."""
        value = self.values.get(field, default)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            self.wrong(field, f"must be a number from {least:g} to {most:g}, and is {value!r}.")
            return default
        return value

    def span_ms(self, field: str, unit_ms: int) -> int | None:
        """Return a span in ms of a field that counts units; None where it is absent."""
        value = self.number(field, None, most=1e9)
        return None if value is None else round(value * unit_ms)

    def flag(self, field: str, *, default: bool) -> bool:
        """Return true or false."""
        value = self.values.get(field, default)
        if not isinstance(value, bool):
            self.wrong(field, f"must be true or false, and is {value!r}.")
            return default
        return value

    def texts(self, field: str, default: Sequence[str] = ()) -> list[str]:
        """Return a list of texts."""
        value = self.values.get(field, list(default))
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            self.wrong(field, f"must be a list of texts, and is {value!r}.")
            return list(default)
        return value

    def both(self, field: str, *, needed: bool = True) -> dict[str, str]:
        """Return a text in both languages: `{en = "…", zh = "…"}`."""
        value = self.values.get(field)
        if value is None and not needed:
            return {"en": "", "zh": ""}
        if not isinstance(value, dict) or not all(
            isinstance(value.get(k), str) and value[k] for k in ("en", "zh")
        ):
            self.wrong(field, 'must have both languages, as {en = "…", zh = "…"}.')
            return {"en": field, "zh": field}
        return {"en": value["en"], "zh": value["zh"]}

    def table(self, field: str) -> "Page":
        """Return a table in this one; an empty one where it is absent."""
        value = self.values.get(field, {})
        if not isinstance(value, dict):
            self.wrong(field, f"must be a table, and is {value!r}.")
            value = {}
        return Page(self.file, value, self.mistakes, f"{self._prefix}{field}.")
