"""A flow as a drawing: its steps in a row, what leads on above them, what leads back below, what stays inside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from domain.clocks.clock import Limit
from domain.flows.flow import Action, Flow, Step

BOX, GAP, MARGIN = 228, 60, 24
"""Pixels: a box is as wide as the longest shipped action in both languages."""
LINE = 17
TITLE = 62
"""Height of a box's head: two titles and the clock."""
HOUR_MS = 3_600_000
STYLE = """
text{font:12px system-ui,"Noto Sans","Noto Sans CJK SC",sans-serif;fill:#1c2733}
.zh{font-size:17px;font-weight:600}.en{font-size:13px}.clock{fill:#52616f}
.box{fill:#fff;stroke:#1c2733;stroke-width:1.4}.ended{fill:#eef1f4}.head{stroke:#c3ccd4}
.on{fill:none;stroke:#0072b2;stroke-width:1.4}.back{fill:none;stroke:#b04a00;stroke-width:1.4;stroke-dasharray:6 3}
.label{stroke:#fff;stroke-width:5;paint-order:stroke}
"""


TIP = (
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
    '<path d="M0 0L8 4L0 8z" fill="#1c2733"/></marker></defs>'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """Everything that leads from one box to another: the numbers of both, and a line of text an action."""

    here: int
    there: int
    lines: tuple[str, ...]


def drawing_of(flow: Flow) -> str:
    """Return a flow as SVG in both languages; the same flow gives the same text."""
    names = list(flow.steps)
    ways: dict[tuple[int, int], list[str]] = {}
    staying: dict[str, list[str]] = {name: [] for name in names}
    for action in flow.actions.values():
        for name, to in action.to.items():
            if name == to:
                staying[name].append(_words(action))
            else:
                ways.setdefault((names.index(name), names.index(to)), []).append(_words(action))
    drawn = [_Way(here=here, there=there, lines=tuple(lines)) for (here, there), lines in ways.items()]
    above = _tracks([way for way in drawn if way.here < way.there])
    below = _tracks([way for way in drawn if way.here > way.there])
    top = MARGIN + 30 + _height(above)
    bottom = top + TITLE + LINE * max([len(lines) for lines in staying.values()] + [1]) + 14
    width = 2 * MARGIN + len(names) * BOX + (len(names) - 1) * GAP
    flags = _flags(flow)
    height = bottom + _height(below) + 24 + LINE * len(flags) + MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" role="img">',
        f"<title>{escape(flow.title['en'])}</title>",
        f"<style>{STYLE}</style>",
        TIP,
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        _text(
            MARGIN, MARGIN + 8, f"{flow.title['zh']} · {flow.title['en']} ({' → '.join(flow.levels)})", "zh"
        ),
    ]
    parts += _arrows(above, top, up=True) + _arrows(below, bottom, up=False)
    for number, name in enumerate(names):
        parts += _box(flow.steps[name], staying[name], _left(number), top, bottom)
    for number, line in enumerate(flags):
        parts.append(_text(MARGIN, height - MARGIN - LINE * (len(flags) - 1 - number), line, "clock"))
    return "\n".join([*parts, "</svg>", ""])


def _words(action: Action) -> str:
    arrow = {1: " ↑", 0: "", -1: " ↓"}[action.shift]
    return f"{action.title['zh']} {action.title['en']}{arrow}"


def _left(number: int) -> int:
    return MARGIN + number * (BOX + GAP)


def _tracks(ways: Sequence[_Way]) -> list[list[_Way]]:
    """Return the ways by the track that each runs on: short ones near the boxes, none over another."""
    tracks: list[list[_Way]] = []
    for way in sorted(ways, key=lambda one: (abs(one.there - one.here), min(one.here, one.there))):
        low, high = sorted((way.here, way.there))
        nested = [
            number
            for number, track in enumerate(tracks)
            if any(min(one.here, one.there) < high and low < max(one.here, one.there) for one in track)
        ]
        number = nested[-1] + 1 if nested else 0
        if number == len(tracks):
            tracks.append([])
        tracks[number].append(way)
    return tracks


def _track_height(track: Sequence[_Way]) -> int:
    return 22 + LINE * max(len(way.lines) for way in track)


def _height(tracks: Sequence[Sequence[_Way]]) -> int:
    return 16 + sum(_track_height(track) for track in tracks)


def _ports(tracks: Sequence[Sequence[_Way]]) -> Mapping[tuple[int, int, int], float]:
    """Return where each way leaves and meets its boxes: towards the other end, the longer the nearer to the edge."""
    ends: dict[int, list[tuple[int, tuple[int, int, int]]]] = {}
    for way in (way for track in tracks for way in track):
        span = abs(way.there - way.here)
        for box, other in ((way.here, way.there), (way.there, way.here)):
            # from left to right: short ways to the left, …, long; then long ways to the right, …, short
            rank = -100 + span if other < box else 100 - span
            ends.setdefault(box, []).append((rank, (way.here, way.there, box)))
    places = {}
    for box, some in ends.items():
        for number, (_, key) in enumerate(sorted(some), start=1):
            places[key] = _left(box) + BOX * number / (len(some) + 1)
    return places


def _arrows(tracks: Sequence[Sequence[_Way]], edge: int, *, up: bool) -> list[str]:
    ports = _ports(tracks)
    drawn, labels = [], []
    sign, y = (-1, edge) if up else (1, edge)
    for track in tracks:
        y += sign * _track_height(track)
        for way in track:
            begin, end = ports[way.here, way.there, way.here], ports[way.here, way.there, way.there]
            kind = "on" if up else "back"
            drawn.append(
                f'<path class="{kind}" d="M{begin:.1f} {edge}V{y}H{end:.1f}V{edge + sign * 2}" marker-end="url(#tip)"/>'
            )
            first = y + 14 if up else y - 6 - LINE * (len(way.lines) - 1)
            labels += [
                _text((begin + end) / 2, first + LINE * number, line, "label", anchor="middle")
                for number, line in enumerate(way.lines)
            ]
    return drawn + labels


def _box(step: Step, staying: Sequence[str], left: int, top: int, bottom: int) -> list[str]:
    kind = "box ended" if step.ended else "box"
    return [
        f'<rect class="{kind}" x="{left}" y="{top}" width="{BOX}" height="{bottom - top}" rx="6"/>',
        _text(left + 10, top + 21, step.title["zh"], "zh"),
        _text(left + 10, top + 38, step.title["en"], "en"),
        _text(left + 10, top + 54, _clock(step.clock), "clock"),
        f'<path class="head" d="M{left} {top + TITLE}h{BOX}"/>',
        *(
            _text(left + 10, top + TITLE + LINE * number, line, "")
            for number, line in enumerate(staying, start=1)
        ),
    ]


def _clock(limit: Limit | None) -> str:
    if limit is None:
        return "–"
    if limit.kind == "working_days":
        return f"{limit.days} 工作日 working days"
    hours = limit.ms / HOUR_MS
    return f"{hours:g} 小时 hours" if limit.kind == "wall_clock" else f"{hours:g} 工作时 working hours"


def _flags(flow: Flow) -> list[str]:
    lines = []
    for flag in flow.flags.values():
        does = [
            *(["暂停计时 pauses the clocks"] if flag.pauses else []),
            *(["其他操作须等待 blocks other actions"] if flag.blocks else []),
        ]
        lines.append(f"{flag.title['zh']} {flag.title['en']}" + (f": {', '.join(does)}" if does else ""))
    return lines


def _text(x: float, y: float, words: str, kind: str, *, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{escape(words)}</text>'
