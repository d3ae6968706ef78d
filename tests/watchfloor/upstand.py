"""`up` over a real broker and Valkey with stand-ins for our own processes, run as a program of its own."""

import sys
from pathlib import Path

from config.settings import Settings, child_environment
from watchfloor import plan
from watchfloor.supervisor import ChildSpec
from watchfloor.up import up

STANDIN = str(Path(__file__).with_name("standin.py"))


def standins(settings: Settings, simulator: bool, workers: int) -> list[ChildSpec]:
    """The table of ours with other commands: names, needs, probes and phases stay."""
    commands = {
        "dashboard": ("serve", str(settings.wall_port)),
        "gateway": ("serve", str(settings.gateway_port)),
        "worker": ("stubborn",),
    }
    return [
        ChildSpec(
            name=spec.name,
            argv=(sys.executable, "-P", STANDIN, *commands.get(spec.name, ("idle",))),
            environment=child_environment(settings),
            needs=spec.needs,
            answers=spec.answers,
            stop_phase=spec.stop_phase,
            stop_within_s=spec.stop_within_s,
        )
        for spec in plan.our_children(settings, simulator, workers)
    ]


if __name__ == "__main__":
    sys.exit(up(data=Path(sys.argv[1]), port=int(sys.argv[2]), table=standins, publish=lambda _: "abc"))
