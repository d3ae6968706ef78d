"""Grid codes and jurisdictions: 15 digits as text, prefixes for every level above, and the township's partition."""

import zlib
from typing import NewType

Grid = NewType("Grid", str)

GRID_DIGITS = 15
COUNTY_DIGITS = 6
TOWNSHIP_DIGITS = 9
VILLAGE_DIGITS = 12

LEVELS = {2: "province", 4: "city", 6: "county", 9: "township", 12: "village", 15: "grid"}
"""Digits of a jurisdiction's code and the level that they stand for (GB/T 2260 and what stands below it)."""

JOURNAL_PARTITIONS = 16
"""Fixed when the journal is created: another number means a refold into a new journal."""

PART_DIGITS = "0123456789abcdefghij"
"""One sign for each part of a split (at most 20, and the first is the parent's), so that ids sort as they were made."""

LANES = 4
"""Partitions of `reports`; with the feed's clock all feeds share lane 0, for one order of time."""


def is_grid(code: str) -> bool:
    """Tell whether a text is a 15-digit grid code."""
    return len(code) == GRID_DIGITS and code.isascii() and code.isdigit()


def is_jurisdiction(code: str) -> bool:
    """Tell whether a text is a code prefix that names a level (the empty one is the whole area)."""
    return code == "" or (len(code) in LEVELS and code.isascii() and code.isdigit())


def unplaced(county: str) -> Grid:
    """Return the grid that takes what lies in a county, but in none of its grids.

    Parameters
    ----------
    county
        A six-digit code.

    """
    return Grid(county + "0" * (GRID_DIGITS - COUNTY_DIGITS))


def is_unplaced(grid: str) -> bool:
    """Tell whether a grid code is a county's unplaced grid."""
    return grid.endswith("0" * (GRID_DIGITS - COUNTY_DIGITS))


def partition_of(code: str) -> int:
    """Return the journal partition of a grid, village or township: the one function that every writer uses.

    Parameters
    ----------
    code
        At least the nine digits of a township.

    Returns
    -------
    int
        From 0 to 15. CRC-32 of the township's nine digits, modulo the number of partitions.

    """
    return zlib.crc32(code[:TOWNSHIP_DIGITS].encode()) % JOURNAL_PARTITIONS


def partition_of_name(name: str) -> int:
    """Return the journal partition that something without a township (a feed, a desk) lies in."""
    return zlib.crc32(name.encode()) % JOURNAL_PARTITIONS


def partition_of_case(case: str) -> int | None:
    """Return the journal partition that a case's id names; None where it can be no case's id."""
    number = case.partition("-")[0]
    known = number.isascii() and number.isdigit() and int(number) < JOURNAL_PARTITIONS
    return int(number) if known else None


def lane_of(feed: str, *, shared: bool) -> int:
    """Return the lane of a feed.

    Parameters
    ----------
    feed
        The feed's name.
    shared
        True with the feed's clock: all feeds then share lane 0.

    """
    return 0 if shared else zlib.crc32(feed.encode()) % LANES
