"""The fictional province: codes, names and polygons of as many grids as wanted, the same for the same seed.

A larger province contains every smaller one, so that a code once given keeps its place.
"""

import math
from functools import lru_cache
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from domain.places.places import Area, AreaFile
from producers.areas import write_register

SET = "simulator"
COUNTY = "990501"
"""The first county, which also takes what has no place: 99 is a prefix that no province has."""

FIRST_CITY = 9905
MOST_GRIDS = 122_800
"""As many as the largest province that is known to work in grids."""

MOST_WORKERS = 402_400
"""Those who answer for its grids, 3.3 a grid."""

GRIDS_A_VILLAGE = 5
VILLAGES_A_TOWNSHIP = 4
TOWNSHIPS_A_COUNTY = 50
COUNTIES_A_CITY = 20
GRIDS_A_TOWNSHIP = GRIDS_A_VILLAGE * VILLAGES_A_TOWNSHIP
GRIDS_A_COUNTY = GRIDS_A_TOWNSHIP * TOWNSHIPS_A_COUNTY

WEST, SOUTH = 150.0, 30.0
"""In the open Pacific: nobody takes it for a place that exists."""

CELL_LON, CELL_LAT = 0.008, 0.014
"""A grid is about 770 m by 1.6 km, as in a county town's outskirts."""

JITTER = 0.28
"""Share of a cell by which a corner moves; under a half, or shapes would cross."""

COUNTY_COLUMNS, COUNTY_ROWS = 10, 5
PROVINCE_SIDE = 12

FIRST = [
    ("Qing", "青"), ("Yun", "云"), ("Long", "龙"), ("He", "河"), ("Lin", "林"), ("Bai", "白"), ("Shi", "石"), ("Feng", "凤"),
    ("An", "安"), ("Yong", "永"), ("Jin", "金"), ("Hong", "红"), ("Mei", "梅"), ("Song", "松"), ("Tai", "泰"), ("Xing", "兴"),
    ("Ming", "明"), ("Chang", "长"), ("Fu", "福"), ("Dong", "东"), ("Xi", "西"), ("Nan", "南"), ("Bei", "北"), ("Da", "大"),
]  # fmt: skip
SECOND = [
    ("shan", "山"), ("xi", "溪"), ("qiao", "桥"), ("tang", "塘"), ("ping", "坪"), ("wan", "湾"), ("ling", "岭"), ("quan", "泉"),
    ("gang", "岗"), ("he", "和"), ("yuan", "源"), ("men", "门"), ("ze", "泽"), ("tai", "台"), ("lin", "林"), ("hu", "湖"),
    ("po", "坡"), ("dian", "店"), ("jing", "井"), ("chuan", "川"), ("yang", "阳"), ("feng", "峰"), ("bei", "北"), ("an", "安"),
]  # fmt: skip


def code_of(index: int) -> str:
    """Return the code of a grid by its number from 0."""
    county, rest = divmod(index, GRIDS_A_COUNTY)
    township, rest = divmod(rest, GRIDS_A_TOWNSHIP)
    village, sequence = divmod(rest, GRIDS_A_VILLAGE)
    return f"{county_code(county)}{township + 1:03d}{village + 1:03d}{sequence + 1:03d}"


def county_code(county: int) -> str:
    """Return the six digits of a county by its number from 0."""
    city, number = divmod(county, COUNTIES_A_CITY)
    return f"{FIRST_CITY + city}{number + 1:02d}"


def place_name(number: int) -> tuple[str, str]:
    """Return a fictional place's name in Latin letters and in Chinese; 576 of them, then again."""
    one, two = FIRST[number * 7 % len(FIRST)], SECOND[(number // len(FIRST) + number * 5) % len(SECOND)]
    return one[0] + two[0], one[1] + two[1]


def make_province(grids: int, seed: int) -> AreaFile:
    """Return the areas of a province.

    Parameters
    ----------
    grids
        From 1 to 122,800.
    seed
        Moves the corners of the shapes and spreads the workers; codes and names do not depend on it.

    Raises
    ------
    ValueError
        If the number of grids is out of range.

    """
    if not 1 <= grids <= MOST_GRIDS:
        raise ValueError(f"A province has from 1 to {MOST_GRIDS} grids, and {grids} were asked for.")
    areas: list[Area] = []
    rings = corners(grids, seed).tolist()
    workers = workers_of(grids, seed).tolist()
    for index, ring in enumerate(rings):
        code = code_of(index)
        if (
            index % (GRIDS_A_COUNTY * COUNTIES_A_CITY) == 0 and grids > GRIDS_A_COUNTY
        ):  # one county is its own city
            latin, chinese = place_name(index // GRIDS_A_COUNTY + 17)
            areas.append(Area(code=code[:4], source=code[:4], name=f"{latin} City", name_zh=f"{chinese}市"))
        if index % GRIDS_A_COUNTY == 0:
            latin, chinese = place_name(index // GRIDS_A_COUNTY + 3)
            areas.append(Area(code=code[:6], source=code[:6], name=f"{latin} County", name_zh=f"{chinese}县"))
        if index % GRIDS_A_TOWNSHIP == 0:
            latin, chinese = place_name(index // GRIDS_A_TOWNSHIP + 31)
            areas.append(
                Area(code=code[:9], source=code[:9], name=f"{latin} Township", name_zh=f"{chinese}镇")
            )
        if index % GRIDS_A_VILLAGE == 0:
            latin, chinese = place_name(index // GRIDS_A_VILLAGE + 101)
            areas.append(
                Area(code=code[:12], source=code[:12], name=f"{latin} Village", name_zh=f"{chinese}村")
            )
        number = index % GRIDS_A_VILLAGE + 1
        shape = msgspec.json.encode({"type": "Polygon", "coordinates": [ring]})
        areas.append(
            Area(
                code=code,
                source=code,
                name=f"{latin} {number}",
                name_zh=f"{chinese}村第{number}网格",
                geometry=msgspec.Raw(shape),
                workers=workers[index],
            )
        )
    return AreaFile(set=SET, county=COUNTY, areas=sorted(areas, key=lambda area: area.code))


def cells(grids: int) -> npt.NDArray[np.int64]:
    """Return each grid's column and row in the province's lattice, shape (grids, 2)."""
    counties = _shells(PROVINCE_SIDE, PROVINCE_SIDE, 1.0, 1.0)
    townships = _shells(
        COUNTY_COLUMNS, COUNTY_ROWS, GRIDS_A_VILLAGE * CELL_LON, VILLAGES_A_TOWNSHIP * CELL_LAT
    )
    index = np.arange(grids)
    county = counties[index // GRIDS_A_COUNTY]
    township = townships[index % GRIDS_A_COUNTY // GRIDS_A_TOWNSHIP]
    inside = index % GRIDS_A_TOWNSHIP
    column = (county[:, 0] * COUNTY_COLUMNS + township[:, 0]) * GRIDS_A_VILLAGE + inside % GRIDS_A_VILLAGE
    row = (county[:, 1] * COUNTY_ROWS + township[:, 1]) * VILLAGES_A_TOWNSHIP + inside // GRIDS_A_VILLAGE
    return np.stack([column, row], axis=1)


def corners(grids: int, seed: int) -> npt.NDArray[np.float64]:
    """Return each grid's closed ring of [lon, lat], shape (grids, 5, 2); neighbours share their corners."""
    around = np.array([(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)])
    lattice = cells(grids)[:, None, :] + around[None, :, :]
    moved = lattice + (_noise(lattice, seed) - 0.5) * 2 * JITTER
    return np.asarray(np.round(moved * (CELL_LON, CELL_LAT) + (WEST, SOUTH), 6))


def workers_of(grids: int, seed: int) -> npt.NDArray[np.int64]:
    """Return how many answer for each grid: three or four, 402,400 in the largest province. Counts, never persons."""
    index = np.stack([np.arange(grids), np.full(grids, 7)], axis=1)
    share = MOST_WORKERS / MOST_GRIDS
    fourth = np.argsort(_noise(index, seed)[:, 0], kind="stable") < round(grids * (share % 1))
    return math.floor(share) + fourth.astype(np.int64)


def ensure_area_set(areas_dir: Path, grids: int, seed: int) -> bool:
    """Write the simulator's areas where they are not there, or not as many; tell whether they changed.

    Parameters
    ----------
    areas_dir
        `DATA/areas`.
    grids, seed
        As for `make_province`. A folder that has a larger province keeps it, in its own seed.

    """
    register = areas_dir / f"{SET}.json"
    if register.exists():
        try:
            held = msgspec.json.decode(register.read_bytes(), type=AreaFile)
        except msgspec.DecodeError:
            held = AreaFile(
                set=SET, county=COUNTY, areas=[]
            )  # damaged, and made again: it has no other source
        if sum(len(area.code) == len(code_of(0)) for area in held.areas) >= grids:
            return False
    return write_register(make_province(grids, seed), register)


def _noise(points: npt.NDArray[np.int64], seed: int) -> npt.NDArray[np.float64]:
    """Return two numbers from 0 to 1 for each pair of integers (SplitMix64), so that a corner is the same for all its grids."""
    with np.errstate(over="ignore"):
        state = (
            points[..., 0].astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
            + points[..., 1].astype(np.uint64) * np.uint64(0xC2B2AE3D27D4EB4F)
            + np.uint64(seed % 2**64) * np.uint64(0xD6E8FEB86659FD93)
        )
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        state ^= state >> np.uint64(31)
    low, high = state & np.uint64(0xFFFFFFFF), state >> np.uint64(32)
    return np.stack([low, high], axis=-1).astype(np.float64) / 2.0**32


@lru_cache(maxsize=4)
def _shells(columns: int, rows: int, wide: float, high: float) -> npt.NDArray[np.int64]:
    """Return the slots of a board so that each beginning of the list is about square."""
    slots = [(x, y) for x in range(columns) for y in range(rows)]
    return np.array(sorted(slots, key=lambda slot: (max(slot[0] * wide, slot[1] * high), slot)))
