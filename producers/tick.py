"""Time alone, as a producer sends it: one tick into lane 0, where the feed's clock is."""

from config.settings import Settings
from config.wallclock import now_ms
from domain.records import Tick, encoder
from producers.kafka_writer import KafkaWriter

LANE = 0
"""With the feed's clock all feeds share this lane, and so does time."""


def send_tick(settings: Settings, t_ms: int) -> dict[int, int]:
    """Send one tick; whoever calls holds the lane, and has seen that its clock is not past that time.

    Returns
    -------
    dict[int, int]
        The tick's offset by its lane, once the broker has it.

    Raises
    ------
    producers.kafka_writer.WriteError
        If the broker does not take it.

    """
    with KafkaWriter(settings, "tick", f"{now_ms():x}") as writer:
        writer.send(LANE, "tick", encoder.encode(Tick(t_ms=t_ms)))
    return dict(writer.last_offset)
