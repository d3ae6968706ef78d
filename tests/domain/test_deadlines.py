from hypothesis import given
from hypothesis import strategies as st

from domain.deadlines import Deadlines, Due

ENTRIES = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from(Due), st.sampled_from("ab"), st.integers(0, 2)), max_size=20
)


@given(ENTRIES, st.randoms())
def test_what_falls_due_comes_in_one_order_however_it_was_set(
    entries: list[tuple[int, Due, str, int]], rng: object
) -> None:
    one, other = Deadlines(), Deadlines()
    for entry in entries:
        one.set(*entry)
    other.load([(at, int(kind), name, mark) for at, kind, name, mark in reversed(entries)])
    taken = [one.pop(9) for _ in entries]
    assert taken == [other.pop(9) for _ in entries] == sorted(entries)
    assert one.pop(9) is None


def test_only_what_is_due_comes_up() -> None:
    deadlines = Deadlines()
    deadlines.set(10, Due.CLOCK, "case")
    assert deadlines.next_ms() == 10
    assert deadlines.pop(9) is None
    assert deadlines.pop(10) == (10, Due.CLOCK, "case", 0)
    assert deadlines.next_ms() is None
