"""L0: the fold alone, no Kafka and no Redis: journal records in memory are decoded and folded, read models taken."""

import argparse
import gc
import json
import time

from bench.workload import Workload, build
from config.rules import gather
from detectors.bank import Bank
from domain.casework import Casework
from domain.rules import compile_rules
from streams.worker import COLLECT_AFTER

RULES = "bench"


def fold(workload: Workload, *, take_every: int = 2000) -> tuple[float, list[Casework]]:
    """Fold a workload; return CPU seconds and the folds."""
    rules = compile_rules(gather(None, None), RULES)
    folds = [
        Casework(p, rules_of=lambda _: rules, bank_of=Bank, shared=True)
        for p in range(len(workload.partitions))
    ]
    gc.set_threshold(*COLLECT_AFTER)
    started = time.process_time()
    for p, records in enumerate(workload.partitions):
        one = folds[p]
        for offset, value in enumerate(records):
            one.fold(offset, 0, value)
            if offset % take_every == 0:
                one.take_effects()
                one.take_changes()
    return time.process_time() - started, folds


def main() -> None:
    """Print messages and CPU seconds as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=200_000)
    workload = build(parser.parse_args().messages, RULES)
    seconds, folds = fold(workload)
    total = sum(
        counts[5]
        for f in folds
        for gs in f.counters.cells.values()
        for cs in gs.values()
        for counts in cs.values()
    )
    right = total == sum(workload.opened.values())
    print(json.dumps({"messages": workload.messages, "seconds": seconds, "cpu_s": seconds, "right": right}))


if __name__ == "__main__":
    main()
