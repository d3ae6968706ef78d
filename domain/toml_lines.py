"""On which line each field of a TOML file stands; `tomllib` reads the values and does not say."""

import re

KEY = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_-]+)\s*(\.|=|\]|$)""")
QUIET = re.compile(
    r'"""(?:[^\\]|\\.)*?"""|\'\'\'.*?\'\'\'|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|#[^\n]*', re.DOTALL
)

Path = tuple[str, ...]


def lines_of(text: str) -> dict[Path, int]:
    """Return the line, from 1, of every table and of every field that begins a line of its own.

    Parameters
    ----------
    text
        A file that `tomllib` accepts. Fields inside an inline table are found at the table's line.

    """
    found: dict[Path, int] = {}
    table: Path = ()
    depth = 0  # inside brackets that were opened by a value on an earlier line
    shown = QUIET.sub(_blank, text)
    for number, (line, bare) in enumerate(zip(text.split("\n"), shown.split("\n"), strict=True), start=1):
        if depth == 0 and bare.lstrip().startswith("["):
            table = _keys(line.strip().lstrip("[").strip())
            for length in range(1, len(table) + 1):
                found.setdefault(table[:length], number)
            continue
        if depth == 0 and "=" in bare:
            path = table + _keys(line)
            for length in range(len(table) + 1, len(path) + 1):
                found.setdefault(path[:length], number)
        depth += sum(bare.count(one) for one in "[{") - sum(bare.count(one) for one in "]}")
    return found


def _blank(quiet: re.Match[str]) -> str:
    """Hide what strings and comments say, and keep their lines."""
    return re.sub(r"[^\n]", " ", quiet.group())


def _keys(text: str) -> Path:
    keys: list[str] = []
    at = 0
    while (found := KEY.match(text, at)) is not None:
        key, end = found.groups()
        keys.append(key[1:-1] if key[0] in "\"'" else key)
        at = found.end()
        if end != ".":
            break
    return tuple(keys)
