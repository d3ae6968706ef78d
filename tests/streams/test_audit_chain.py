"""A chain holds each position once, in order, through any crash; and whatever is changed in its file is found."""

from collections.abc import Callable
from pathlib import Path

import pytest

from domain.audit import Line
from domain.records import encoder
from streams.audit_chain import AuditChain, BadLinkError, last_of, read_chain


def value(offset: int, n: int = 0) -> bytes:
    line = Line(
        effect=f"{offset}-{n}", partition=3, offset=offset, n=n, t_ms=offset, account="a-1", action="note"
    )
    return encoder.encode(line)


def numbers(path: Path) -> list[tuple[int, int]]:
    return [(line.offset, line.n) for _, line in read_chain(path)]


@pytest.fixture
def chain(tmp_path: Path) -> Path:
    path = tmp_path / "archive" / "03.jsonl"
    AuditChain(path).append([(at, value(10 + at)) for at in range(5)])
    return path


def test_what_is_sent_twice_stands_there_once(chain: Path) -> None:
    one = AuditChain(chain)
    assert one.next_at == 5
    assert one.append([(5, value(12)), (6, value(14)), (7, value(14, 1)), (8, value(15))]) == 2
    assert numbers(chain) == [(10, 0), (11, 0), (12, 0), (13, 0), (14, 0), (14, 1), (15, 0)]
    assert last_of(chain)[0] == 8
    assert AuditChain(chain).append([(9, value(15))]) == 0


@pytest.mark.parametrize("torn", [b"", b"{", b'{"at":5,"hash":"00'])
def test_a_line_torn_by_a_crash_is_written_again(chain: Path, torn: bytes) -> None:
    with chain.open("ab") as file:
        file.write(torn)
    assert len(numbers(chain)) == 5
    one = AuditChain(chain)
    assert one.next_at == 5
    one.append([(5, value(20))])
    assert numbers(chain)[-1] == (20, 0)


def test_a_file_with_nothing_whole_in_it_begins_again(tmp_path: Path) -> None:
    path = tmp_path / "03.jsonl"
    path.write_bytes(b'{"at":0')
    assert last_of(path) == (-1, (-1, -1))
    AuditChain(path).append([(0, value(1))])
    assert numbers(path) == [(1, 0)]
    assert list(read_chain(tmp_path / "none.jsonl")) == []


def swap(lines: list[bytes]) -> list[bytes]:
    return [lines[0], lines[2], lines[1], *lines[3:]]


@pytest.mark.parametrize(
    ("change", "bad"),
    [
        (lambda lines: [line.replace(b"a-1", b"a-2") if n == 2 else line for n, line in enumerate(lines)], 3),
        (lambda lines: lines[:1] + lines[2:], 2),
        (lambda lines: lines[1:], 1),
        (swap, 2),
        (lambda lines: [*lines, lines[-1]], 6),
        (lambda lines: [*lines[:3], b"rubbish\n", *lines[3:]], 4),
        (lambda lines: [lines[0], *lines], 2),
    ],
    ids=["edit", "deletion", "the first one gone", "reorder", "repeat", "rubbish", "twice the first"],
)
def test_the_first_bad_line_is_named(
    chain: Path, change: Callable[[list[bytes]], list[bytes]], bad: int
) -> None:
    lines = chain.read_bytes().splitlines(keepends=True)
    chain.write_bytes(b"".join(change(lines)))
    with pytest.raises(BadLinkError) as found:
        numbers(chain)
    assert found.value.number == bad
